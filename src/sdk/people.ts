/** The names of people, by id: learnt from whatever brings them, asked for where nothing has. */

import { ids_per_call_max } from "../protocol/limits.ts";
import type { Call } from "./call.ts";
import { isTemporary } from "./failures.ts";
import { Listeners } from "./listeners.ts";

export interface PersonName {
  readonly id: string;
  readonly name: string;
}

const ask_ms = 30;
const retry_ms = 2_000;
/** People change their names, and nobody is told: a name that is older than this is asked for again when it is shown. */
const fresh_ms = 300_000;

export class PeopleNames {
  /** Names have come, or have changed. */
  readonly changes = new Listeners<readonly PersonName[]>();
  readonly #call: Call;
  readonly #failed: (error: unknown) => void;
  readonly #names = new Map<string, { readonly name: string; readonly known_at: number }>();
  readonly #wanted = new Set<string>();
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: { call: Call; failed: (error: unknown) => void }) {
    this.#call = options.call;
    this.#failed = options.failed;
  }

  /** The name, or undefined where it is not known yet: then it is asked for, and `changes` tells it. */
  name(id: string): string | undefined {
    const known = this.#names.get(id);
    if (known === undefined || Date.now() - known.known_at > fresh_ms) this.refresh(id);
    return known?.name;
  }

  /** Asks again: the person came back and may go by another name. */
  refresh(id: string): void {
    if (id === "" || this.#closed) return;
    this.#wanted.add(id);
    this.#schedule(ask_ms);
  }

  learn(people: readonly PersonName[]): void {
    const news = people.filter(({ id, name }) => this.#names.get(id)?.name !== name);
    for (const { id, name } of people) this.#names.set(id, { name, known_at: Date.now() });
    if (news.length > 0) this.changes.tell(news);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#wanted.clear();
  }

  #schedule(wait_ms: number): void {
    this.#timer ??= setTimeout(() => void this.#ask(), wait_ms);
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#wanted].slice(0, ids_per_call_max);
    for (const id of ids) this.#wanted.delete(id);
    if (this.#wanted.size > 0) this.#schedule(ask_ms);
    try {
      this.learn((await this.#call("user.get", { ids })).users);
    } catch (error) {
      this.#failed(error);
      if (!isTemporary(error) || this.#closed) return;
      for (const id of ids) this.#wanted.add(id);
      this.#schedule(retry_ms);
    }
  }
}
