/** The names of people, by id: learnt from whatever brings them, asked for where nothing has. */

import type { Call } from "./call.ts";
import { Listeners } from "./listeners.ts";

export interface PersonName {
  readonly id: string;
  readonly name: string;
}

const ask_ms = 30;
const ids_per_call_max = 100;

export class PeopleNames {
  /** Names have come, or have changed. */
  readonly changes = new Listeners<readonly PersonName[]>();
  readonly #call: Call;
  readonly #failed: (error: unknown) => void;
  readonly #names = new Map<string, string>();
  readonly #wanted = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: { call: Call; failed: (error: unknown) => void }) {
    this.#call = options.call;
    this.#failed = options.failed;
  }

  /** The name, or undefined where it is not known yet: then it is asked for, and `changes` tells it. */
  name(id: string): string | undefined {
    const name = this.#names.get(id);
    if (name === undefined) this.refresh(id);
    return name;
  }

  /** Asks again: the person came back and may go by another name. */
  refresh(id: string): void {
    if (id === "") return;
    this.#wanted.add(id);
    this.#timer ??= setTimeout(() => void this.#ask(), ask_ms);
  }

  learn(people: readonly PersonName[]): void {
    const news = people.filter(({ id, name }) => this.#names.get(id) !== name);
    if (news.length === 0) return;
    for (const { id, name } of news) this.#names.set(id, name);
    this.changes.tell(news);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#wanted].slice(0, ids_per_call_max);
    for (const id of ids) this.#wanted.delete(id);
    if (this.#wanted.size > 0) this.#timer = setTimeout(() => void this.#ask(), ask_ms);
    try {
      this.learn((await this.#call("user.get", { ids })).users);
    } catch (error) {
      // A name is asked for again by whoever shows it next.
      this.#failed(error);
    }
  }
}
