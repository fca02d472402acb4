/** A dialog over the page: a title, whatever it is about, and a way out. */

import { button, make } from "./elements.ts";
import { icon } from "./icons.ts";

export interface SheetOptions {
  readonly title: string;
  readonly className?: string;
  /** There is nothing behind it to go back to. */
  readonly final?: boolean;
  readonly closed?: () => void;
}

let ids = 0;

export class Sheet {
  readonly #dialog: HTMLDialogElement;
  readonly #title = make("h2", "");
  readonly #body = make("div", "sheet-body");

  constructor(options: SheetOptions) {
    const { className = "", closed, final = false, title } = options;
    this.#title.id = `sheet-${++ids}`;
    this.#dialog = make("dialog", `sheet ${className}`, this.#title, this.#body);
    this.#dialog.setAttribute("aria-labelledby", this.#title.id);
    this.title = title;
    if (final) this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    else {
      const close = button("sheet-close", "", () => this.close());
      close.append(icon("close"));
      close.ariaLabel = "Close";
      this.#dialog.prepend(close);
      this.#dialog.addEventListener("click", (event) => {
        // A press beside the sheet; one inside has another target, for the sheet has no padding of its own.
        if (event.target === this.#dialog) this.close();
      });
    }
    this.#dialog.addEventListener("close", () => {
      this.#dialog.remove();
      closed?.();
    });
    document.body.append(this.#dialog);
  }

  set title(title: string) {
    this.#title.textContent = title;
  }

  /** Puts something above the title. */
  first(node: Node): void {
    this.#dialog.prepend(node);
  }

  /** Shows this instead of what was there. */
  show(...nodes: (Node | string)[]): this {
    this.#body.replaceChildren(...nodes);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#body.querySelector<HTMLElement>("[autofocus], input:not([type=hidden])")?.focus();
    return this;
  }

  close(): void {
    this.#dialog.close();
  }
}
