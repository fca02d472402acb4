/** Who is writing in the open room just now; and telling them that one is. */

import type { ChatClient } from "../sdk/chat-client.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { Typing } from "../sdk/typing.ts";
import { byId } from "./elements.ts";

const list = new Intl.ListFormat("en", { type: "conjunction" });
const named_max = 3;

export interface TypingLineOptions {
  readonly client: ChatClient;
  readonly isBlocked: (user: string) => boolean;
}

export class TypingLine {
  readonly #options: TypingLineOptions;
  readonly #line = byId("typing", HTMLElement);
  #room = "";
  #typing: Typing | undefined;

  constructor(options: TypingLineOptions) {
    this.#options = options;
    const { client } = options;
    client.passing.add((news) => {
      if (news.type === "typing" && news.room === this.#room)
        this.#typing?.heard(news.users.filter((user) => user !== client.me?.id));
    });
  }

  open(room: string): void {
    const { client } = this.#options;
    this.#typing?.end();
    this.#room = room;
    this.#line.textContent = "";
    this.#typing = new Typing({
      say: () => client.say({ type: "typing", room }),
      changed: (users) => this.#show(users),
    });
  }

  /** A key was pressed. */
  writing(): void {
    this.#typing?.writing();
  }

  sent(): void {
    this.#typing?.sent();
  }

  /** Who has written, or left, is not typing any more. */
  heard({ user }: RoomEvent): void {
    this.#typing?.stopped(user);
  }

  #show(users: readonly string[]): void {
    const { client, isBlocked } = this.#options;
    const shown = users.filter((user) => !isBlocked(user));
    const names = shown.map((user) => client.people.name(user)).filter((name) => name !== undefined);
    if (names.length === 0) this.#line.textContent = "";
    else if (names.length > named_max) this.#line.textContent = "Several people are typing…";
    else this.#line.textContent = `${list.format(names)} ${names.length === 1 ? "is" : "are"} typing…`;
  }
}
