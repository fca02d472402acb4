/**
 * Of several nodes that start at once on a database that needs migrating, one holds the lease and migrates; the others
 * wait until they see it done. Waiting only reads: sqld breaks off a transaction of more than five seconds as soon as
 * somebody waits to write. How long the lease lasts is measured with the database's clock, and it is renewed before each
 * migration; that of a holder who died runs out. It keeps order and not truth: that a migration is made once is seen to
 * by its note (`migrate.ts`), whoever believes to hold the lease.
 */

import type { Client } from "@libsql/client";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";

const table = "__confab_lease";
const create = `CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL)`;
const now = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";
const look = `SELECT holder, until - ${now} FROM ${table} WHERE name = 'migrations'`;
/** ?1 is who takes it, ?2 for how long. */
const write = `INSERT INTO ${table} (name, holder, until) VALUES ('migrations', ?1, ${now} + ?2)
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
  WHERE ${table}.holder = ?1 OR ${table}.until <= ${now}`;

const ask_ms = 200;

export interface LeaseOptions {
  readonly clock: Clock;
  /** Names this start, for others and for whoever reads their logs. */
  readonly holder: string;
  /** Longer than a migration may take. */
  readonly ms: number;
}

/** Whether the database has a table, found out without writing. */
export async function hasTable(client: Client, name: string): Promise<boolean> {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?";
  return (await client.execute({ sql, args: [name] })).rows.length > 0;
}

export class MigrationLease {
  readonly #client: Client;
  readonly #log: Log;
  readonly #options: LeaseOptions;

  constructor(client: Client, log: Log, options: LeaseOptions) {
    this.#client = client;
    this.#log = log;
    this.#options = options;
  }

  /** Waits until the lease is ours, and lasts anew: true. False: what we wanted it for is done. */
  async take(isDone: () => Promise<boolean>): Promise<boolean> {
    const { clock, holder } = this.#options;
    let awaited: string | undefined;
    for (;;) {
      const held = await this.#held();
      if (held === undefined || held.holder === holder || held.left_ms <= 0) {
        if (await this.#write()) return !(await isDone());
        continue;
      }
      if (await isDone()) return false;
      if (held.holder !== awaited) this.#log.info("migration_awaited", held);
      awaited = held.holder;
      await new Promise<void>((resume) => void clock.after(Math.min(held.left_ms, ask_ms), resume));
    }
  }

  /** Others need not wait for it to run out. */
  async release(): Promise<void> {
    await this.#client.execute({ sql: `DELETE FROM ${table} WHERE holder = ?`, args: [this.#options.holder] });
  }

  async #held(): Promise<{ holder: string; left_ms: number } | undefined> {
    if (!(await hasTable(this.#client, table))) {
      await this.#client.execute(create);
      return undefined;
    }
    const [row] = (await this.#client.execute(look)).rows;
    return row === undefined ? undefined : { holder: row[0] as string, left_ms: Number(row[1]) };
  }

  async #write(): Promise<boolean> {
    const { holder, ms } = this.#options;
    return (await this.#client.execute({ sql: write, args: [holder, ms] })).rowsAffected > 0;
  }
}
