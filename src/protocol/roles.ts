/** Roles in a room and on the server, and how they rank: who acts on somebody must stand above them. */

export const roomRoles = ["owner", "moderator", "member"] as const;
export type RoomRole = (typeof roomRoles)[number];

export const serverRoles = ["owner", "administrator", "member", "guest", "bot"] as const;
export type ServerRole = (typeof serverRoles)[number];

const roomRanks: Readonly<Record<RoomRole, number>> = { owner: 3, moderator: 2, member: 1 };

/** How high a role in a room stands; 0 for who has no place in it. */
export function roomRank(role: RoomRole | null | undefined): number {
  return role === undefined || role === null ? 0 : roomRanks[role];
}

/** Whether a role in a room gives whatever `least` gives. */
export function isAtLeast(role: RoomRole | null | undefined, least: RoomRole): boolean {
  return roomRank(role) >= roomRank(least);
}

/** Whether a role on the server lets one act in any room and on anybody below. */
export function administers(role: ServerRole): boolean {
  return role === "owner" || role === "administrator";
}

const serverRanks: Readonly<Record<ServerRole, number>> = { owner: 3, administrator: 2, member: 1, guest: 1, bot: 1 };

/** How high a role on the server stands. */
export function serverRank(role: ServerRole): number {
  return serverRanks[role];
}

/** What an API key may be used for; a person's own sign-in may be used for all that the person may do. */
export const scopes = ["read", "write", "moderate", "administer"] as const;
export type Scope = (typeof scopes)[number];
