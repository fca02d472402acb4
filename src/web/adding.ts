/** Inviting somebody into a room. They are asked, not put there. */

import type { ListedRoom } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { peopleFinder } from "./people-finder.ts";
import { tell } from "./questions.ts";
import { Sheet } from "./sheet.ts";

export function showAdding({ client, room }: { client: ChatClient; room: ListedRoom }): void {
  const finder = peopleFinder({
    client,
    label: "Invite",
    run: async ({ id, name }) => {
      await client.call("member.invite", { room: room.id, user: id });
      tell(`${name} is invited.`);
    },
  });
  new Sheet({ title: `Invite to ${room.name}` }).show(finder);
}
