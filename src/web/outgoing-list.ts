/** One's own messages that are not in the log yet: on their way, or refused. They stand below the log. */

import type { OutboxChange, OutgoingMessage } from "../sdk/outbox.ts";
import type { PersonName } from "../sdk/people.ts";
import { avatar, button, byId, make } from "./elements.ts";
import { textNodes, wordsOf } from "./message-text.ts";

export interface OutgoingListOptions {
  /** Tries a refused message again, under the same id. */
  readonly retry: (message: OutgoingMessage) => void;
  /** The log has this message, or has had it. */
  readonly isInLog: (id: string, seq: number) => boolean;
  readonly changed: () => void;
  readonly me: () => PersonName;
  /** Whether the log's last message is one's own, so that what waits below it continues it. */
  readonly followsMine: () => boolean;
}

export class OutgoingList {
  readonly #options: OutgoingListOptions;
  readonly #list = byId("outgoing", HTMLOListElement);
  readonly #items = new Map<string, HTMLLIElement>();

  constructor(options: OutgoingListOptions) {
    this.#options = options;
  }

  /** Shows what waits for another room, or for none. */
  reset(waiting: readonly OutgoingMessage[]): void {
    this.#items.clear();
    this.#list.replaceChildren();
    for (const message of waiting) this.#show(message, make("p", "note", "Sending"));
  }

  change(change: OutboxChange): void {
    const { message } = change;
    switch (change.kind) {
      case "waiting":
        this.#show(message, make("p", "note", "Sending"));
        break;
      case "sent":
        // It stays until the log shows it, so that it never disappears for a moment.
        if (this.#options.isInLog(message.id, change.sent.seq)) this.remove(message.id);
        break;
      case "refused":
        this.#show(message, this.#refusal(message, change.error)).classList.add("refused");
        break;
    }
  }

  remove(id: string): void {
    this.#items.get(id)?.remove();
    this.#items.delete(id);
    this.regroup();
  }

  /** Shows who writes, where the log above does not. */
  regroup(): void {
    this.#list.firstElementChild?.classList.toggle("continued", this.#options.followsMine());
  }

  #show(message: OutgoingMessage, note: HTMLElement): HTMLLIElement {
    const text = make("div", "text", ...textNodes(wordsOf(message.data)));
    text.dir = "auto";
    const me = this.#options.me();
    const head = make("p", "head", make("span", "name", me.name));
    const item = make("li", "message continued waiting", avatar(me), make("div", "body", head, text, note));
    const before = this.#items.get(message.id);
    if (before === undefined) this.#list.append(item);
    else before.replaceWith(item);
    this.#items.set(message.id, item);
    this.regroup();
    this.#options.changed();
    return item;
  }

  #refusal(message: OutgoingMessage, error: unknown): HTMLElement {
    const reason = error instanceof Error ? error.message : String(error);
    const note = make("p", "note", `Not sent: ${reason} `);
    note.role = "alert";
    note.append(
      button("plain", "Try again", () => this.#options.retry(message)),
      " ",
      button("plain", "Remove", () => this.remove(message.id)),
    );
    return note;
  }
}
