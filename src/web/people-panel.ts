/** Who is here. */

import type { PeopleNames, PersonName } from "../sdk/people.ts";
import { avatar, byId, make } from "./elements.ts";

const names = new Intl.Collator(undefined, { sensitivity: "base" });

export class PeoplePanel {
  readonly #people: PeopleNames;
  readonly #me: () => string | undefined;
  readonly #list = byId("present", HTMLUListElement);
  readonly #count = byId("people-count", HTMLElement);
  readonly #present = new Set<string>();
  /** Of a room that is too big to list. */
  #uncounted = 0;

  constructor(options: { people: PeopleNames; me: () => string | undefined }) {
    this.#people = options.people;
    this.#me = options.me;
    this.#people.changes.add(() => this.#draw());
  }

  set(users: readonly PersonName[], count: number): void {
    this.#present.clear();
    for (const { id } of users) this.#present.add(id);
    this.#uncounted = count - users.length;
    this.#draw();
  }

  joined(user: string): void {
    this.#present.add(user);
    // They may have come back under another name.
    this.#people.refresh(user);
    this.#draw();
  }

  left(user: string): void {
    this.#present.delete(user);
    this.#draw();
  }

  #draw(): void {
    const me = this.#me();
    const people = [...this.#present]
      .map((id) => ({ id, name: this.#people.name(id) ?? "…" }))
      .sort((one, other) => Number(other.id === me) - Number(one.id === me) || names.compare(one.name, other.name));
    this.#list.replaceChildren(
      ...people.map((person) => {
        const item = make("li", "person", avatar(person), make("span", "name", person.name));
        if (person.id === me) item.append(make("span", "you", "you"));
        return item;
      }),
    );
    const more = this.#uncounted;
    if (more > 0)
      this.#list.append(make("li", "person more", people.length === 0 ? `${more} people` : `and ${more} more`));
    this.#count.textContent = String(people.length + Math.max(0, more));
  }
}
