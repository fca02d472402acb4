/** The log of the open room: rows in the order of their seq, older ones above as the reader scrolls up. */

import type { PeopleNames } from "../sdk/people.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { byId } from "./elements.ts";
import { happeningOf } from "./happenings.ts";
import { MessageRow } from "./message-row.ts";

/** Above this many rows the oldest leave the page; scrolling up brings them back. */
const rows_max = 600;
const rows_kept = 400;
/** This near to the end a reader is taken to follow the conversation. */
const end_px = 80;
/** This near to the beginning older messages are fetched. */
const beginning_px = 400;

export interface MessageLogOptions {
  readonly people: PeopleNames;
  /** The reader comes near to the beginning. */
  readonly older: () => void;
  /** The rows before this seq have left the page. */
  readonly letGo: (before: number) => void;
  /** The reader is at the end, or has come there. */
  readonly atEnd: () => void;
  readonly menu: (event: RoomEvent, anchor: HTMLElement) => void;
  /** Whose messages are not shown. */
  readonly isBlocked: (user: string) => boolean;
}

export class MessageLog {
  readonly #options: MessageLogOptions;
  readonly #scroll = byId("scroll", HTMLElement);
  readonly #list = byId("log", HTMLOListElement);
  readonly #newer = byId("newer", HTMLButtonElement);
  readonly #ids = new Set<string>();
  #rows: MessageRow[] = [];
  #isDirect = false;
  #firstNew: MessageRow | undefined;
  #unread = 0;
  #follows = true;
  #scrolling = false;
  /** Where the log was scrolled to last to show the end; who is above it has gone up. */
  #endTop = 0;

  constructor(options: MessageLogOptions) {
    this.#options = options;
    options.people.changes.add((names) => {
      const changed = new Set(names.map(({ id }) => id));
      for (const row of this.#rows) if (row.names(changed)) row.showName();
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

  /** `isDirect`: the people are known, and come and go with nobody's asking. */
  clear({ isDirect }: { readonly isDirect: boolean }): void {
    this.#isDirect = isDirect;
    this.#rows = [];
    this.#ids.clear();
    this.#list.replaceChildren();
    this.#firstNew = undefined;
    this.#setUnread(0);
    this.#follows = true;
    this.#endTop = 0;
  }

  /** Whether the reader sees the end. */
  get follows(): boolean {
    return this.#follows;
  }

  /** A new event at the end. */
  append(event: RoomEvent, options: { readonly mine: boolean }): void {
    const row = this.#rowOf(event);
    if (row === undefined) return;
    row.follow(this.#rows.at(-1));
    this.#rows.push(row);
    this.#ids.add(event.id);
    this.#list.append(row.element);
    if (this.#follows || options.mine) this.toEnd();
    else if (event.kind === "message" && !this.#options.isBlocked(event.user)) this.#setUnread(this.#unread + 1);
    if (this.#follows) this.#trim();
  }

  /** Older events above. What the reader sees stays where it is. */
  prepend(events: readonly RoomEvent[]): void {
    const rows = events.map((event) => this.#rowOf(event)).filter((row) => row !== undefined);
    rows.forEach((row, index) => row.follow(rows[index - 1]));
    this.#rows[0]?.follow(rows.at(-1));
    for (const { event } of rows) this.#ids.add(event.id);
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.#list.prepend(...rows.map(({ element }) => element));
    this.#rows = [...rows, ...this.#rows];
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd;
    this.#keepEnd();
  }

  /** A message has lost its words. */
  delete(seq: number): void {
    this.#rows.find(({ event }) => event.seq === seq)?.delete();
  }

  /** Shows or hides what people say, as they are blocked now. */
  showBlocks(): void {
    for (const row of this.#rows)
      if (row.event.kind === "message") row.isHidden = this.#options.isBlocked(row.event.user);
  }

  /** Undefined for what is no line of the log. */
  #rowOf(event: RoomEvent): MessageRow | undefined {
    const { isBlocked, menu, people } = this.#options;
    const isMessage = event.kind === "message";
    const happening = isMessage || this.#isDirect ? undefined : happeningOf(event);
    if (!isMessage && happening === undefined) return undefined;
    const row = new MessageRow(event, { people, happening, menu: isMessage ? menu : undefined });
    if (isMessage && isBlocked(event.user)) row.isHidden = true;
    return row;
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
      if (!this.#follows) return;
      this.#scroll.scrollTop = this.#scroll.scrollHeight;
      this.#endTop = Math.floor(this.#scroll.scrollTop);
    });
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const isNear = scrollHeight - scrollTop - clientHeight < end_px;
    // This is told a frame later: in a busy room the end has moved on by then.
    this.#follows = isNear || (this.#follows && scrollTop >= this.#endTop);
    if (this.#follows) {
      this.#setUnread(0);
      this.#options.atEnd();
    }
    if (scrollTop < beginning_px && this.#rows.length > 0) this.#options.older();
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
    const [first] = this.#rows;
    if (first === undefined) return;
    first.follow(undefined);
    this.#options.letGo(first.event.seq);
    this.#endTop = 0;
    this.#keepEnd();
  }
}
