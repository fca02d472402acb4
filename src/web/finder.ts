/** A search with its results below, as one types. */

import { make } from "./elements.ts";
import { act, problemLine } from "./forms.ts";
import { sentenceOf } from "./sentences.ts";

export interface Found {
  readonly picture: HTMLElement;
  readonly name: string;
  readonly words: string;
  /** What its button says, and does. */
  readonly label: string;
  readonly run: () => Promise<void>;
}

export interface FinderOptions {
  readonly label: string;
  readonly chars_max: number;
  readonly nothing: string;
  /** There is something to show before anything is typed. */
  readonly asksEmpty: boolean;
  readonly find: (query: string) => Promise<readonly Found[]>;
}

/** Who types on is not asked about every letter. */
const pause_ms = 180;
let ids = 0;

export class Finder {
  readonly element: HTMLElement;
  readonly #options: FinderOptions;
  readonly #input = make("input", "");
  readonly #list = make("ul", "found");
  readonly #said = make("p", "form-note");
  readonly #problem = problemLine();
  #timer = 0;
  #asked = 0;

  constructor(options: FinderOptions) {
    this.#options = options;
    const input = this.#input;
    input.type = "search";
    input.id = `finder-${++ids}`;
    input.autocomplete = "off";
    input.maxLength = options.chars_max;
    input.placeholder = options.label;
    const label = make("label", "hidden", options.label);
    label.htmlFor = input.id;
    this.#said.role = "status";
    this.#list.ariaLabel = "Found";
    this.element = make("div", "finder", label, input, this.#problem, this.#list, this.#said);
    input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#find(), pause_ms);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") this.#list.querySelector("button")?.focus();
    });
    if (options.asksEmpty) void this.#find();
  }

  async #find(): Promise<void> {
    const { asksEmpty, find, nothing } = this.#options;
    const asked = ++this.#asked;
    const query = this.#input.value.trim();
    this.#problem.textContent = "";
    if (query === "" && !asksEmpty) {
      this.#list.replaceChildren();
      this.#said.textContent = "";
      return;
    }
    try {
      const found = await find(query);
      if (asked !== this.#asked) return;
      this.#list.replaceChildren(...found.map((one) => this.#item(one)));
      this.#said.textContent = found.length === 0 ? nothing : "";
    } catch (error) {
      if (asked === this.#asked) this.#problem.textContent = sentenceOf(error);
    }
  }

  #item({ label, name, picture, run, words }: Found): HTMLElement {
    const title = make("span", "found-name", name);
    title.dir = "auto";
    const press = act({ label, className: "small secondary", problem: this.#problem, run });
    press.ariaLabel = `${label}: ${name}`;
    return make("li", "", picture, make("span", "found-words", title, make("span", "found-more", words)), press);
  }
}
