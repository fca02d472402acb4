/** What people are called, by id: every page of a log asks for the same few. */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import type { Database } from "../store/orm.ts";
import { usersByIds } from "../store/rooms.ts";

const names_remembered_max = 20_000;
/** Another node may have renamed somebody: nobody is called by an old name for longer. */
const remembered_ms_max = 60_000;

export interface Named {
  readonly id: string;
  readonly name: string;
}

interface Remembered extends Named {
  readonly since_ms: number;
}

export class Names {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #known = new Lru<string, Remembered>(names_remembered_max);
  /** Rises with each name that is given: what was read before it may be older. */
  #version = 0;

  constructor(options: { db: Database; clock: Clock }) {
    this.#db = options.db;
    this.#clock = options.clock;
  }

  /** Somebody is called so from now on. */
  tell(named: Named): void {
    this.#version++;
    this.#keep(named);
  }

  #keep({ id, name }: Named): void {
    this.#known.set(id, { id, name, since_ms: this.#clock.monotonic() });
  }

  /** Those who exist, in no order. */
  async of(ids: Iterable<string>): Promise<Named[]> {
    const oldest_ms = this.#clock.monotonic() - remembered_ms_max;
    const named: Named[] = [];
    const unknown: string[] = [];
    for (const id of ids) {
      const known = this.#known.get(id);
      if (known === undefined || known.since_ms < oldest_ms) unknown.push(id);
      else named.push({ id, name: known.name });
    }
    if (unknown.length === 0) return named;
    const version = this.#version;
    const found = await usersByIds(this.#db, unknown);
    if (version === this.#version) for (const one of found) this.#keep(one);
    return [...named, ...found];
  }
}
