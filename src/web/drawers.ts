/** On a narrow screen the rooms and the people lie beside the page and are drawn in. */

import { byId } from "./elements.ts";

type Drawer = "side" | "people";

export class Drawers {
  readonly #app = byId("app", HTMLElement);
  readonly #buttons = {
    side: byId("show-side", HTMLButtonElement),
    people: byId("show-people", HTMLButtonElement),
  } as const;

  constructor() {
    for (const [drawer, button] of Object.entries(this.#buttons) as [Drawer, HTMLButtonElement][]) {
      button.addEventListener("click", () => this.#show(this.#app.dataset["drawer"] === drawer ? undefined : drawer));
    }
    byId("veil", HTMLButtonElement).addEventListener("click", () => this.close());
    addEventListener("keydown", (event) => {
      // What lies over the page goes first.
      const above = document.querySelector("dialog[open], :popover-open");
      if (event.key === "Escape" && above === null) this.close();
    });
  }

  close(): void {
    this.#show(undefined);
  }

  #show(drawer: Drawer | undefined): void {
    if (drawer === undefined) delete this.#app.dataset["drawer"];
    else this.#app.dataset["drawer"] = drawer;
    this.#buttons.side.ariaExpanded = String(drawer === "side");
    this.#buttons.people.ariaExpanded = String(drawer === "people");
  }
}
