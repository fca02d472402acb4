/** Measures a libSQL server as `confab doctor` does: how long a read is under way, and a batch of rows. Nothing of it stays. */

import type { Client } from "@libsql/client";
import type { Clock } from "../lib/clock.ts";

const reads = 20;
const batches = 10;
export const rows_per_batch = 200;
const row_bytes = 200;

export interface RemoteTimes {
  /** Of single reads, shortest first. */
  readonly reads_ms: readonly number[];
  /** Of write transactions with `rows_per_batch` rows each, shortest first. */
  readonly batches_ms: readonly number[];
}

/**
 * One name for all: what a run that was cut off has left is removed by the next. Every batch makes the table if another
 * run, at the same time, has just removed it.
 */
const table = "confab_doctor";
const make = `CREATE TABLE IF NOT EXISTS ${table} (n INTEGER PRIMARY KEY, data TEXT NOT NULL)`;
const fill = `INSERT INTO ${table} (data) SELECT value FROM json_each(?)`;

/** Rejects where the server does not answer or does not let us write. */
export async function measureRemote(client: Client, clock: Clock): Promise<RemoteTimes> {
  const measured = async (count: number, run: () => Promise<unknown>): Promise<number[]> => {
    // The first one opens the connection, or makes the table.
    await run();
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const start = clock.monotonic();
      await run();
      times.push(clock.monotonic() - start);
    }
    return times.sort((a, b) => a - b);
  };
  const reads_ms = await measured(reads, () => client.execute("SELECT 1"));
  const rows = JSON.stringify(Array.from({ length: rows_per_batch }, () => "x".repeat(row_bytes)));
  try {
    const write = (): Promise<unknown> => client.batch([make, { sql: fill, args: [rows] }], "write");
    return { reads_ms, batches_ms: await measured(batches, write) };
  } finally {
    await client.execute(`DROP TABLE IF EXISTS ${table}`);
  }
}
