/** Inviting somebody into a room. They are asked, not put there. */

import type { ListedRoom } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { avatar } from "./elements.ts";
import { Finder } from "./finder.ts";
import { tell } from "./questions.ts";
import { Sheet } from "./sheet.ts";

export function showAdding({ client, room }: { client: ChatClient; room: ListedRoom }): void {
  const finder = new Finder({
    label: "Name or user name",
    asksEmpty: false,
    nothing: "Nobody here is called so.",
    find: async (query) => {
      const { users } = await client.call("user.find", { query });
      return users
        .filter(({ id }) => id !== client.me?.id)
        .map((user) => ({
          picture: avatar(user),
          name: user.name,
          words: user.username === null ? "" : `@${user.username}`,
          label: "Invite",
          run: async () => {
            await client.call("member.invite", { room: room.id, user: user.id });
            tell(`${user.name} is invited.`);
          },
        }));
    },
  });
  new Sheet({ title: `Invite to ${room.name}` }).show(finder.element);
}
