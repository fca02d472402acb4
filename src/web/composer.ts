/** Where one writes. Enter sends, Shift+Enter begins a new line. */

import { text_bytes_max } from "../protocol/limits.ts";
import { byId } from "./elements.ts";

const height_px_max = 200;

export interface ComposerOptions {
  readonly send: (text: string) => void;
  /** A key was pressed, and there is something. */
  readonly writing: () => void;
}

export class Composer {
  readonly #form = byId("composer", HTMLFormElement);
  readonly #text = byId("text", HTMLTextAreaElement);
  readonly #closed = byId("no-writing", HTMLElement);
  readonly #keys = byId("keys", HTMLElement);

  constructor({ send, writing }: ComposerOptions) {
    const form = this.#form;
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
    this.#text.addEventListener("input", () => {
      this.#fit();
      if (this.#text.value !== "") writing();
    });
  }

  /** Why one cannot write here; "" where one can. */
  set obstacle(sentence: string) {
    this.#closed.textContent = sentence;
    this.#closed.hidden = sentence === "";
    this.#form.hidden = sentence !== "";
    this.#keys.hidden = sentence !== "";
  }

  /** `whither` is the room as one would say it: "#lobby", "Ada". */
  open(whither: string): void {
    this.#text.placeholder = `Write to ${whither}`;
    // On a phone the keyboard would cover what one came to read.
    if (matchMedia("(hover: hover)").matches) this.#text.focus();
  }

  #fit(): void {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, height_px_max)}px`;
  }
}
