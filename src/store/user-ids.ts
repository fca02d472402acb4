/** The ids of people by their keys. Both stay what they are, and every page of a log asks for the same few. */

import type { FirstRow } from "./gathered-reads.ts";
import { namesOf } from "./names.ts";
import { users } from "./schema.ts";

const ids_remembered_max = 20_000;

const u = namesOf(users);
const sql = `SELECT group_concat(${u.of.n} || ' ' || ${u.of.id}, char(10)) FROM ${u.table}
  WHERE ${u.of.n} IN (SELECT value FROM json_each(?1))`;

export class UserIds {
  readonly #read: FirstRow;
  /** `users.id` by the digits of `users.n`. */
  readonly #known = new Map<string, string>();

  constructor(read: FirstRow) {
    this.#read = read;
  }

  /** Undefined where it has to be learned first. */
  get(n: string): string | undefined {
    return this.#known.get(n);
  }

  /** Looks people up; who does not exist stays unknown. */
  async learn(ns: readonly string[]): Promise<void> {
    const [cell] = (await this.#read(sql, [`[${[...new Set(ns)].join(",")}]`])) ?? [];
    // Looking up is a use, and marking it would cost as much as the look-up: now and then all are asked for anew.
    if (this.#known.size + ns.length > ids_remembered_max) this.#known.clear();
    if (typeof cell !== "string") return;
    for (const line of cell.split("\n")) {
      const space = line.indexOf(" ");
      this.#known.set(line.slice(0, space), line.slice(space + 1));
    }
  }
}
