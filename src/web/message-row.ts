/** A committed event as a row of the log. */

import type { PeopleNames } from "../sdk/people.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { avatar, button, make, paintAvatar } from "./elements.ts";
import type { Piece } from "./happenings.ts";
import { icon } from "./icons.ts";
import { textNodes, wordsOf } from "./message-text.ts";
import { clockTime, dayName, fullTime, sameDay } from "./times.ts";

/** Messages of one person within this time of each other stand together. */
const together_ms = 5 * 60_000;
const unknown = "…";

export interface RowOptions {
  readonly people: PeopleNames;
  /** The line of what is no message; undefined for a message. */
  readonly happening: readonly Piece[] | undefined;
  /** Somebody wants to do something with the message; undefined where nothing can be done. */
  readonly menu: ((event: RoomEvent, anchor: HTMLElement) => void) | undefined;
}

export class MessageRow {
  readonly event: RoomEvent;
  readonly element: HTMLLIElement;
  readonly #people: PeopleNames;
  readonly #day = make("p", "day");
  readonly #names: { readonly user: string; readonly element: HTMLElement }[] = [];
  readonly #avatar: HTMLElement;
  readonly #text = make("div", "text");

  constructor(event: RoomEvent, options: RowOptions) {
    this.event = event;
    this.#people = options.people;
    this.#avatar = avatar({ id: event.user, name: "" });
    const time = make("time", "time", clockTime(event.time));
    time.dateTime = event.time.toISOString();
    time.title = fullTime(event.time);
    this.element = make("li", event.kind === "message" ? "message" : "happening", this.#day);
    this.element.dataset["seq"] = String(event.seq);
    if (options.happening !== undefined) {
      const pieces = options.happening.map((piece) => (typeof piece === "string" ? piece : this.#nameOf(piece.user)));
      this.element.append(make("p", "what", ...pieces, " ", time));
    } else this.#showMessage(time, options.menu);
    this.showName();
  }

  #showMessage(time: HTMLElement, menu: RowOptions["menu"]): void {
    const { data, user } = this.event;
    const head = make("p", "head", this.#nameOf(user), time);
    this.#text.dir = "auto";
    const isGone = data === null;
    if (isGone) this.delete();
    else this.#text.append(...textNodes(wordsOf(data)));
    this.element.append(this.#avatar, make("div", "body", head, this.#text));
    if (menu === undefined || isGone) return;
    const more = button("more-button", "", () => menu(this.event, more));
    more.append(icon("more"));
    more.ariaLabel = "More";
    more.ariaHasPopup = "menu";
    this.element.append(more);
  }

  /** Its words were taken away. */
  delete(): void {
    this.#text.replaceChildren("This message was deleted.");
    this.element.classList.add("deleted");
    this.element.querySelector(".more-button")?.remove();
  }

  set isHidden(hidden: boolean) {
    this.element.hidden = hidden;
  }

  #nameOf(user: string): HTMLElement {
    const element = make("span", "name");
    this.#names.push({ user, element });
    return element;
  }

  /** The names as they are known now. */
  showName(): void {
    for (const { element, user } of this.#names) element.textContent = this.#people.name(user) ?? unknown;
    const { user } = this.event;
    paintAvatar(this.#avatar, { id: user, name: this.#people.name(user) ?? "" });
  }

  /** Whether the name of one of these people stands in it. */
  names(users: ReadonlySet<string>): boolean {
    return this.#names.some(({ user }) => users.has(user));
  }

  /** How it stands to the row before it. */
  follow(before: MessageRow | undefined): void {
    const { event } = this;
    const newDay = before === undefined || !sameDay(before.event.time, event.time);
    this.#day.hidden = !newDay;
    if (newDay) this.#day.textContent = dayName(event.time);
    const continued =
      before !== undefined &&
      !newDay &&
      before.event.kind === "message" &&
      before.event.user === event.user &&
      event.time.getTime() - before.event.time.getTime() < together_ms;
    this.element.classList.toggle("continued", continued && event.kind === "message");
  }

  /** Whether a line above it says that what follows is new. */
  set isFirstNew(first: boolean) {
    this.element.classList.toggle("first-new", first);
  }
}
