/** Asks for the name that people are shown. */

import { byId } from "./elements.ts";
import { rememberedName, rememberName } from "./remembered.ts";

/** What the server refuses in a name: controls, and characters that turn the direction of a text. */
const hidden = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

export class NameDialog {
  readonly #dialog = byId("welcome", HTMLDialogElement);
  readonly #input = byId("name", HTMLInputElement);

  constructor(chosen: (name: string) => void) {
    const hint = byId("name-hint", HTMLElement);
    byId("welcome-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#input.value.normalize("NFC").trim();
      hint.textContent = name === "" || hidden.test(name) ? "Letters that can be seen, please." : "";
      if (hint.textContent !== "") return;
      rememberName(name);
      this.#dialog.close();
      chosen(name);
    });
    // Without a name there is nothing to go back to.
    this.#dialog.addEventListener("cancel", (event) => {
      if (rememberedName() === undefined) event.preventDefault();
    });
  }

  ask(): void {
    this.#input.value = rememberedName() ?? "";
    this.#dialog.showModal();
    this.#input.select();
  }
}
