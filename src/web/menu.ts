/** A list of things to do, beside what they are done to. The browser closes it: at Escape, or a press elsewhere. */

import { button, make } from "./elements.ts";

export interface MenuItem {
  readonly label: string;
  readonly run: () => void;
  readonly danger?: boolean;
}

const edge_px = 8;

export function openMenu(anchor: HTMLElement, items: readonly MenuItem[]): void {
  const menu = make("div", "menu");
  menu.role = "menu";
  menu.popover = "auto";
  for (const { danger, label, run } of items) {
    const item = button(danger === true ? "danger" : "", label, () => {
      menu.hidePopover();
      run();
    });
    item.role = "menuitem";
    menu.append(item);
  }
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    menu.remove();
    anchor.ariaExpanded = "false";
  });
  menu.addEventListener("keydown", (event) => walk(menu, event));
  // Inside of a dialog everything outside of it is out of reach.
  (anchor.closest("dialog") ?? document.body).append(menu);
  anchor.ariaExpanded = "true";
  menu.showPopover();
  place(menu, anchor.getBoundingClientRect());
  menu.querySelector("button")?.focus();
}

function place(menu: HTMLElement, at: DOMRect): void {
  const { offsetHeight, offsetWidth } = menu;
  const below = at.bottom + 4;
  const top = below + offsetHeight + edge_px <= innerHeight ? below : at.top - offsetHeight - 4;
  const left = Math.min(at.right - offsetWidth, innerWidth - offsetWidth - edge_px);
  menu.style.top = `${Math.max(edge_px, top)}px`;
  menu.style.left = `${Math.max(edge_px, left)}px`;
}

function walk(menu: HTMLElement, event: KeyboardEvent): void {
  const items = [...menu.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement as HTMLButtonElement);
  const last = items.length - 1;
  const next = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  items[next]?.focus();
}
