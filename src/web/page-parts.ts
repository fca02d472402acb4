/** What the parts of the page share: built once, in main.ts. */

import type { ChatClient } from "../sdk/chat-client.ts";
import type { MyRooms } from "../sdk/my-rooms.ts";
import type { Blocks } from "./blocks.ts";
import type { Me } from "./me.ts";
import type { Statuses } from "./statuses.ts";

export interface PageParts {
  readonly client: ChatClient;
  readonly rooms: MyRooms;
  readonly blocks: Blocks;
  readonly statuses: Statuses;
  readonly me: Me;
}
