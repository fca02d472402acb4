/** Elements, found and made. Words of people become text nodes and nothing else. */

/** The element of index.html with this id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`Expected index.html to have a ${type.name} with the id ${id}.`);
  return found;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

export function button(className: string, label: string, press: () => void): HTMLButtonElement {
  const element = make("button", className, label);
  element.type = "button";
  element.addEventListener("click", press);
  return element;
}

const tints = 10;

/** The same colour for the same person, everywhere. */
function tintOf(id: string): string {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return `avatar tint-${sum % tints}`;
}

/** What a reader takes for one character: an emoji of several code points is one. */
const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function initialsOf(name: string): string {
  const [first = "", ...others] = name.trim().split(/\s+/);
  const letters = [first, others.at(-1) ?? ""].map((word) => characters.segment(word).containing(0)?.segment ?? "");
  return letters.join("").toLocaleUpperCase();
}

export function paintAvatar(element: HTMLElement, person: { readonly id: string; readonly name: string }): void {
  element.className = tintOf(person.id);
  element.textContent = initialsOf(person.name);
}

export function avatar(person: { readonly id: string; readonly name: string }): HTMLElement {
  const element = make("span", "");
  element.ariaHidden = "true";
  paintAvatar(element, person);
  return element;
}

/** Draws a list anew and leaves the focus where it was: on the element with the same `data-key`. */
export function redraw(list: HTMLElement, children: readonly Node[]): void {
  const focused = document.activeElement;
  const key = focused instanceof HTMLElement && list.contains(focused) ? focused.dataset["key"] : undefined;
  list.replaceChildren(...children);
  if (key === undefined) return;
  const again = [...list.querySelectorAll<HTMLElement>("[data-key]")].find((one) => one.dataset["key"] === key);
  again?.focus({ preventScroll: true });
}
