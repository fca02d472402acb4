/** What reaches somebody who looks elsewhere: a number in the title; and words for who listens to the page. */

import { byId } from "./elements.ts";

export class Attention {
  readonly #announcer = byId("announcer", HTMLElement);
  #room = "";
  /** In other rooms. */
  #elsewhere = 0;
  #unseen = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#set(0);
    });
  }

  /** How many messages wait in other rooms. */
  set elsewhere(unread: number) {
    this.#elsewhere = unread;
    this.#set(this.#unseen);
  }

  /** `room` as one would say it; "" for none. */
  open(room: string): void {
    this.#room = room;
    this.#set(0);
  }

  /** A message of somebody else has come. Gives whether it is the first that nobody has seen. */
  message(who: string, words: string): boolean {
    this.#announcer.textContent = `${who}: ${words}`;
    if (!document.hidden) return false;
    this.#set(this.#unseen + 1);
    return this.#unseen === 1;
  }

  #set(unseen: number): void {
    this.#unseen = unseen;
    const waiting = unseen + this.#elsewhere;
    const room = this.#room === "" ? "" : `${this.#room} · `;
    document.title = `${waiting === 0 ? "" : `(${waiting}) `}${room}Confab`;
  }
}
