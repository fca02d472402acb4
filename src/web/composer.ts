/** Where one writes. Enter sends, Shift+Enter begins a new line. */

import { text_bytes_max } from "../protocol/limits.ts";
import { byId } from "./elements.ts";

const height_px_max = 200;

export class Composer {
  readonly #text = byId("text", HTMLTextAreaElement);

  constructor(send: (text: string) => void) {
    const form = byId("composer", HTMLFormElement);
    this.#text.maxLength = text_bytes_max;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text === "") return;
      this.#text.value = "";
      this.#fit();
      this.#text.focus();
      send(text);
    });
    this.#text.addEventListener("keydown", (event) => {
      // While an input method composes a character, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#text.addEventListener("input", () => this.#fit());
  }

  open(room: string): void {
    this.#text.placeholder = `Write to #${room}`;
    // On a phone the keyboard would cover what one came to read.
    if (matchMedia("(hover: hover)").matches) this.#text.focus();
  }

  #fit(): void {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, height_px_max)}px`;
  }
}
