/** A committed event as a row of the log. */

import type { PeopleNames } from "../sdk/people.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { avatar, make, paintAvatar } from "./elements.ts";
import { textNodes, wordsOf } from "./message-text.ts";
import { clockTime, dayName, fullTime, sameDay } from "./times.ts";

/** Messages of one person within this time of each other stand together. */
const together_ms = 5 * 60_000;
const unknown = "…";

export class MessageRow {
  readonly event: RoomEvent;
  readonly element: HTMLLIElement;
  readonly #people: PeopleNames;
  readonly #day = make("p", "day");
  readonly #name = make("span", "name");
  readonly #avatar: HTMLElement;

  constructor(event: RoomEvent, people: PeopleNames) {
    this.event = event;
    this.#people = people;
    this.#avatar = avatar({ id: event.user, name: "" });
    const time = make("time", "time", clockTime(event.time));
    time.dateTime = event.time.toISOString();
    time.title = fullTime(event.time);
    this.element = make("li", event.kind === "message" ? "message" : "happening", this.#day);
    this.element.dataset["seq"] = String(event.seq);
    if (event.kind === "message") {
      const head = make("p", "head", this.#name, time);
      const text = make("div", "text", ...textNodes(wordsOf(event.data)));
      text.dir = "auto";
      this.element.append(this.#avatar, make("div", "body", head, text));
    } else {
      const what =
        event.kind === "joined" ? " joined the room" : event.kind === "left" ? " left the room" : ` (${event.kind})`;
      this.element.append(make("p", "what", this.#name, what, " ", time));
    }
    this.showName();
  }

  /** The name as it is known now. */
  showName(): void {
    const name = this.#people.name(this.event.user);
    this.#name.textContent = name ?? unknown;
    paintAvatar(this.#avatar, { id: this.event.user, name: name ?? "" });
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
