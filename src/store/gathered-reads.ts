/** Small reads that gather while others are with the storage thread: a message between threads costs as much as a short read. */

import type { Client } from "@libsql/client";
import type { Asked } from "./client.ts";
import { StorageError } from "./draft.ts";
import type { Value } from "./thread-protocol.ts";

/** Gives the first row of what a statement selects, without the names of its columns; undefined where there is none. */
export type FirstRow = (sql: string, args: readonly Value[]) => Promise<readonly unknown[] | undefined>;

/** Reads of one message. Whoever else asks the thread waits for so many at most. */
const reads_per_message_max = 16;
/** With a second message on its way the thread finds work when it has answered the first. */
const messages_underway_max = 2;
/** Reads that wait for a message; past it a caller is told at once. */
const reads_waiting_max = 4_096;

interface Waiting {
  readonly sql: string;
  readonly args: readonly Value[];
  readonly resolve: (row: readonly unknown[] | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads through a storage thread, one at once and the more together, the more are asked. What fails one of a message fails all of it. */
export function gatherReads(thread: Asked): FirstRow {
  let waiting: Waiting[] = [];
  let underway = 0;

  async function send(): Promise<void> {
    underway++;
    const { sql } = waiting[0] as Waiting;
    const batch: Waiting[] = [];
    const others: Waiting[] = [];
    for (const read of waiting) (read.sql === sql && batch.length < reads_per_message_max ? batch : others).push(read);
    waiting = others;
    try {
      const { rows } = await thread.ask({ op: "reads", sql, args: batch.map(({ args }) => args) });
      for (const [at, { resolve }] of batch.entries()) resolve(rows[at]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    underway--;
    if (waiting.length > 0) void send();
  }

  return (sql, args) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= reads_waiting_max) {
        const sentence = `At most ${reads_waiting_max} reads wait for the database, and so many do: try again in a second.`;
        return reject(new StorageError("storage_unavailable", sentence));
      }
      waiting.push({ sql, args, resolve, reject });
      if (underway < messages_underway_max) void send();
    });
}

/** Reads of a libSQL server, which has its own way of sending several at once. */
export function readsOf(client: Client): FirstRow {
  return async (sql, args) => {
    const { rows } = await client.execute({ sql, args: [...args] });
    return rows[0] === undefined ? undefined : Array.from(rows[0]);
  };
}
