/** What can be done with a message: take it away, or put it before the moderators. */

import { reason_chars_max } from "../protocol/limits.ts";
import { isAtLeast } from "../protocol/roles.ts";
import type { ListedRoom } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import type { Me } from "./me.ts";
import { openMenu, type MenuItem } from "./menu.ts";
import { wordsOf } from "./message-text.ts";
import { askFirst, tell } from "./questions.ts";
import { told } from "./person-acts.ts";

export interface MessageActsOptions {
  readonly client: ChatClient;
  readonly me: Me;
  readonly room: () => ListedRoom | undefined;
  /** The menu of who wrote it. */
  readonly person: (id: string, anchor: HTMLElement) => void;
}

export class MessageActs {
  readonly #options: MessageActsOptions;

  constructor(options: MessageActsOptions) {
    this.#options = options;
  }

  menu(room: string, event: RoomEvent, anchor: HTMLElement): void {
    const { client, me, person } = this.#options;
    const isMine = event.user === client.me?.id;
    const moderates = me.administers || isAtLeast(this.#options.room()?.role, "moderator");
    const items: MenuItem[] = [{ label: "Copy text", run: () => void told(copy(wordsOf(event.data)), "Copied.") }];
    if (!isMine) {
      const name = client.people.name(event.user) ?? "the writer";
      items.push({ label: `About ${name}…`, run: () => person(event.user, anchor) });
      items.push({ label: "Report…", run: () => this.#report(room, event.seq) });
    }
    if (isMine || moderates) items.push({ label: "Delete…", danger: true, run: () => this.#delete(room, event.seq) });
    openMenu(anchor, items);
  }

  #delete(room: string, seq: number): void {
    askFirst({
      title: "Delete this message?",
      words: "Its words are gone for everybody, for good.",
      submit: "Delete",
      danger: true,
      run: async () => void (await this.#options.client.call("message.delete", { room, seq })),
    });
  }

  #report(room: string, seq: number): void {
    askFirst({
      title: "Report this message",
      words: "Those who keep order here look at it. Others do not learn that it was you.",
      submit: "Report",
      field: {
        label: "What is wrong with it? (optional)",
        name: "reason",
        optional: true,
        maxLength: reason_chars_max,
      },
      run: async ({ reason = "" }) => {
        await this.#options.client.call("message.report", { room, seq, reason });
        tell("Thank you: it was put before the moderators.");
      },
    });
  }
}

/** Where a browser gives no clipboard (by plain http), the text is for one's own copying. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (cause) {
    throw new Error("The browser does not let this page copy.", { cause });
  }
}
