/** Open rooms, on a server that lets guests in: those that this browser has visited, and the way into others. */

import { isOpenName } from "../protocol/topics.ts";
import { addressOf, openNameOf } from "./address.ts";
import { button, byId, make } from "./elements.ts";
import { forgetRoom, rememberRoom, visitedRooms } from "./remembered.ts";

/** A room's name as its address has it: "Book club" is book-club. */
function nameOf(text: string): string {
  return text.normalize("NFC").trim().replace(/^#+/, "").trim().replaceAll(/\s+/g, "-").toLocaleLowerCase();
}

export class OpenRooms {
  readonly #list = byId("rooms", HTMLUListElement);
  readonly #current: () => string | undefined;

  constructor(options: { current: () => string | undefined; again: () => void }) {
    this.#current = options.current;
    addEventListener("storage", () => this.draw());
    const enter = byId("enter", HTMLFormElement);
    enter.hidden = false;
    const input = byId("room-name", HTMLInputElement);
    const hint = byId("room-hint", HTMLElement);
    input.addEventListener("input", () => (hint.textContent = ""));
    enter.addEventListener("submit", (event) => {
      event.preventDefault();
      const channel = `open:${nameOf(input.value)}`;
      if (!isOpenName(channel)) {
        hint.textContent = "A name has letters and digits, and . _ - between them.";
        return;
      }
      input.value = "";
      location.hash = addressOf(channel);
      if (channel === this.#current()) options.again();
    });
  }

  opened(channel: string): void {
    if (isOpenName(channel)) rememberRoom(openNameOf(channel));
    this.draw();
  }

  draw(): void {
    const current = this.#current();
    byId("open-part", HTMLElement).hidden = visitedRooms().length === 0;
    this.#list.replaceChildren(
      ...visitedRooms().map((room) => {
        const link = make("a", "", make("span", "hash", "#"), room);
        link.href = addressOf(`open:${room}`);
        const isCurrent = `open:${room}` === current;
        if (isCurrent) link.ariaCurrent = "page";
        const item = make("li", "", link);
        if (!isCurrent) {
          const forget = button("forget", "×", () => {
            forgetRoom(room);
            this.draw();
          });
          forget.ariaLabel = `Take ${room} off the list`;
          item.append(forget);
        }
        return item;
      }),
    );
  }
}
