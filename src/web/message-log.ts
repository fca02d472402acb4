/** The log of the open room: rows in the order of their seq, older ones above as the reader scrolls up. */

import type { PeopleNames } from "../sdk/people.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { byId } from "./elements.ts";
import { MessageRow } from "./message-row.ts";

/** Above this many rows the oldest leave the page; scrolling up brings them back. */
const rows_max = 600;
const rows_kept = 400;
/** This near to the end a reader is taken to follow the conversation. */
const end_px = 80;
/** This near to the beginning older messages are fetched. */
const beginning_px = 400;

export class MessageLog {
  readonly #people: PeopleNames;
  readonly #older: () => void;
  readonly #scroll = byId("scroll", HTMLElement);
  readonly #list = byId("log", HTMLOListElement);
  readonly #newer = byId("newer", HTMLButtonElement);
  readonly #ids = new Set<string>();
  #rows: MessageRow[] = [];
  #firstNew: MessageRow | undefined;
  #unread = 0;
  #follows = true;
  #scrolling = false;

  constructor(options: { people: PeopleNames; older: () => void }) {
    this.#people = options.people;
    this.#older = options.older;
    this.#people.changes.add((names) => {
      const changed = new Set(names.map(({ id }) => id));
      for (const row of this.#rows) if (changed.has(row.event.user)) row.showName();
    });
    this.#scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#newer.addEventListener("click", () => this.toEnd());
    // The composer grows, a phone's keyboard opens: who was at the end stays there.
    new ResizeObserver(() => this.#keepEnd()).observe(this.#scroll);
  }

  get firstSeq(): number | undefined {
    return this.#rows[0]?.event.seq;
  }

  /** Who wrote the last message; undefined where something else has happened since. */
  get lastWriter(): string | undefined {
    const last = this.#rows.at(-1)?.event;
    return last?.kind === "message" ? last.user : undefined;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  clear(): void {
    this.#rows = [];
    this.#ids.clear();
    this.#list.replaceChildren();
    this.#firstNew = undefined;
    this.#setUnread(0);
    this.#follows = true;
  }

  /** A new event at the end. */
  append(event: RoomEvent, options: { readonly mine: boolean }): void {
    const row = new MessageRow(event, this.#people);
    row.follow(this.#rows.at(-1));
    this.#rows.push(row);
    this.#ids.add(event.id);
    this.#list.append(row.element);
    if (this.#follows || options.mine) this.toEnd();
    else if (event.kind === "message") this.#setUnread(this.#unread + 1);
    if (this.#follows) this.#trim();
  }

  /** Older events above. What the reader sees stays where it is. */
  prepend(events: readonly RoomEvent[]): void {
    const rows = events.map((event) => new MessageRow(event, this.#people));
    rows.forEach((row, index) => row.follow(rows[index - 1]));
    this.#rows[0]?.follow(rows.at(-1));
    for (const { event } of rows) this.#ids.add(event.id);
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.#list.prepend(...rows.map(({ element }) => element));
    this.#rows = [...rows, ...this.#rows];
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd;
    this.#keepEnd();
  }

  /** Draws the line above the first event after this seq that somebody else wrote. */
  markNew(after: number, me: string | undefined): void {
    const first = this.#rows.find(({ event }) => event.seq > after && event.user !== me && event.kind === "message");
    if (this.#firstNew !== undefined) this.#firstNew.isFirstNew = false;
    this.#firstNew = first;
    if (first !== undefined) first.isFirstNew = true;
  }

  toEnd(): void {
    this.#follows = true;
    this.#setUnread(0);
    this.#keepEnd();
  }

  /** Once a frame: a thousand events that come at once are laid out once. */
  #keepEnd(): void {
    if (!this.#follows || this.#scrolling) return;
    this.#scrolling = true;
    requestAnimationFrame(() => {
      this.#scrolling = false;
      if (this.#follows) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    });
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#follows = scrollHeight - scrollTop - clientHeight < end_px;
    if (this.#follows) this.#setUnread(0);
    if (scrollTop < beginning_px && this.#rows.length > 0) this.#older();
  }

  #setUnread(unread: number): void {
    this.#unread = unread;
    this.#newer.hidden = unread === 0;
    this.#newer.textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
  }

  #trim(): void {
    if (this.#rows.length <= rows_max) return;
    const gone = this.#rows.splice(0, this.#rows.length - rows_kept);
    for (const { element, event } of gone) {
      element.remove();
      this.#ids.delete(event.id);
    }
    this.#rows[0]?.follow(undefined);
    this.#keepEnd();
  }
}
