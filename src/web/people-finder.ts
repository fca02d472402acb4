/** A search for people of this server by name or user name, with one button at each. */

import { user_name_chars_max } from "../protocol/limits.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { avatar } from "./elements.ts";
import { Finder } from "./finder.ts";

export interface FoundPerson {
  readonly id: string;
  readonly name: string;
}

export function peopleFinder(options: {
  readonly client: ChatClient;
  /** What each button says, and does. */
  readonly label: string;
  readonly run: (person: FoundPerson) => Promise<void>;
}): HTMLElement {
  const { client, label, run } = options;
  return new Finder({
    label: "Name or user name",
    chars_max: user_name_chars_max,
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
          label,
          run: () => run(user),
        }));
    },
  }).element;
}
