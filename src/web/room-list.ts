/** The rooms that this browser has visited, and the way into others. The open one is in the address: #room=lobby. */

import { isOpenName } from "../protocol/topics.ts";
import { button, byId, make } from "./elements.ts";
import { forgetRoom, rememberRoom, visitedRooms } from "./remembered.ts";

const fallback = "lobby";

/** A room's name as its address has it: "Book club" is book-club. */
function nameOf(text: string): string {
  return text.normalize("NFC").trim().replace(/^#+/, "").trim().replaceAll(/\s+/g, "-").toLocaleLowerCase();
}

function hashOf(room: string): string {
  return `#${new URLSearchParams({ room }).toString()}`;
}

/** The room that the address names, or the lobby. */
function roomOfAddress(): string {
  const named = new URLSearchParams(location.hash.slice(1)).get("room")?.normalize("NFC");
  return named !== undefined && isOpenName(`open:${named}`) ? named : fallback;
}

export class RoomList {
  readonly #open: (room: string) => void;
  readonly #list = byId("rooms", HTMLUListElement);
  #current = "";

  constructor(open: (room: string) => void) {
    this.#open = open;
    addEventListener("hashchange", () => this.show());
    addEventListener("storage", () => this.#draw());
    const input = byId("room-name", HTMLInputElement);
    const hint = byId("room-hint", HTMLElement);
    input.addEventListener("input", () => (hint.textContent = ""));
    byId("enter", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const name = nameOf(input.value);
      if (!isOpenName(`open:${name}`)) {
        hint.textContent = "A name has letters and digits, and . _ - between them.";
        return;
      }
      input.value = "";
      location.hash = hashOf(name);
      if (name === this.#current) this.#open(name);
    });
  }

  /** Opens the room that the address names. */
  show(): void {
    const room = roomOfAddress();
    if (room === this.#current) return;
    this.#current = room;
    rememberRoom(room);
    this.#draw();
    this.#open(room);
  }

  #draw(): void {
    this.#list.replaceChildren(
      ...visitedRooms().map((room) => {
        const link = make("a", "", make("span", "hash", "#"), room);
        link.href = hashOf(room);
        if (room === this.#current) link.ariaCurrent = "page";
        const item = make("li", "", link);
        if (room !== this.#current) {
          const forget = button("forget", "×", () => {
            forgetRoom(room);
            this.#draw();
          });
          forget.ariaLabel = `Take ${room} off the list`;
          item.append(forget);
        }
        return item;
      }),
    );
  }
}
