/** Small periodic work that keeps the database from growing: the queue of commits, and the write-ahead log. */

import { statSync } from "node:fs";
import type { Client } from "@libsql/client";
import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { namesOf } from "./names.ts";
import { commits, controls, cursors } from "./schema.ts";

export const commits_kept_ms = 24 * 60 * 60 * 1000;
/** Rows that one statement deletes: the writing thread does nothing else meanwhile. */
const trimmed_rows_max = 2_000;
const period_ms = 10_000;
/** SQLite starts the log over by itself unless a reader is always inside of a statement; past this we see to it. */
export const wal_bytes_max = 32 * 1024 ** 2;

const k = namesOf(commits);
const q = namesOf(cursors);

/** Only the oldest are looked at. The newest stays, whatever its age: the next number is one above it. */
const trim = `DELETE FROM ${k.table} WHERE ${k.of.n} IN (
  SELECT ${k.of.n} FROM (SELECT ${k.of.n}, ${k.of.at} FROM ${k.table} ORDER BY ${k.of.n} LIMIT ${trimmed_rows_max})
  WHERE ${k.of.at} < ?1 AND ${k.of.n} < (SELECT max(${k.of.n}) FROM ${k.table})
    AND ${k.of.n} <= coalesce((SELECT min(${q.of.n}) FROM ${q.table}), ${Number.MAX_SAFE_INTEGER}))`;

const o = namesOf(controls);
const trimControls = `DELETE FROM ${o.table} WHERE ${o.of.at} < ?1`;

/** Removes commits that are older than a day and behind the slowest consumer. Returns how many. */
export async function trimCommits(client: Client, now: number): Promise<number> {
  let trimmed = 0;
  for (;;) {
    const { rowsAffected } = await client.execute({ sql: trim, args: [now - commits_kept_ms] });
    trimmed += rowsAffected;
    if (rowsAffected < trimmed_rows_max) return trimmed;
  }
}

export function walBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

export interface HousekeepingOptions {
  readonly client: Client;
  /** The database file; undefined where a server elsewhere has it. */
  readonly path: string | undefined;
  /** Empties the write-ahead log unless a reader is in the way; it must not wait for one. */
  readonly truncate: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs until it is cancelled. What fails is tried again the next time. */
export function keepHouse(options: HousekeepingOptions): Timer {
  const { clock, log } = options;
  let working = false;
  return clock.every(period_ms, () => {
    if (working) return;
    working = true;
    tidy(options)
      .catch((error: unknown) => log.warn("housekeeping_failed", { error }))
      .finally(() => {
        working = false;
      });
  });
}

async function tidy({ client, path, truncate, clock }: HousekeepingOptions): Promise<void> {
  await trimCommits(client, clock.now());
  await client.execute({ sql: trimControls, args: [clock.now() - commits_kept_ms] });
  if (path !== undefined && walBytes(path) > wal_bytes_max) await truncate();
}
