/** Names that the accounts' door and better-auth share, apart from what takes long to load. */

export const authPath = "/api/auth";
/** The door writes the client's address into it, over whatever the client wrote there. */
export const addressHeader = "x-confab-address";
