/**
 * libSQL's client for a server, with the same limits as the local one: a bounded number of calls, no interactive
 * transactions, and errors that say whether the server may have done what it was asked.
 */

import type { Client, InArgs, InStatement, Replicated, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import type { Clock } from "../lib/clock.ts";
import { isUnavailable, StorageError } from "./draft.ts";
import { NoAnswer } from "./remote-fetch.ts";

/** Calls on their way at once. sqld refuses what is above 128, and several nodes ask it. */
export const calls_underway_max = 32;
/** Calls that wait for one of those to end; past it a caller is told at once. */
const calls_waiting_max = 4_096;
/** The deadline of a call. Nobody waits for longer than that to be among those that are asked. */
export const call_ms_max = 2_000;
/** So long after the server was busy it is asked again. */
const busy_pause_ms = 20;
const TOO_MANY_REQUESTS = 429;

/** A statement that cannot write. `WITH` can, so it counts as one that may. */
const reads = /^\s*(select|explain)\b/i;

function statusOf(error: LibsqlError): number | undefined {
  const { cause } = error;
  return cause instanceof Error && "status" in cause && typeof cause.status === "number" ? cause.status : undefined;
}

/**
 * The server has done nothing of a statement or a batch, and the next try may be taken: it has too much to do, or somebody
 * else writes. (sqld says now and then that it is busy when several nodes write at once.)
 */
function isBusy(error: unknown): boolean {
  return (
    error instanceof LibsqlError && (error.code.startsWith("SQLITE_BUSY") || statusOf(error) === TOO_MANY_REQUESTS)
  );
}

/** Asks again while the server is busy, until `end_ms` of the clock that no one sets. */
export async function whileBusy<T>(clock: Clock, end_ms: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isBusy(error) || clock.monotonic() > end_ms) throw error;
      await new Promise<void>((resume) => void clock.after(busy_pause_ms, resume));
    }
  }
}

/** What a failed call means to who made it; `writes` when it may have changed something. */
export function remoteError(error: unknown, writes: boolean): StorageError {
  if (error instanceof StorageError) return error;
  const unheard = writes ? "outcome_unknown" : "storage_unavailable";
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NoAnswer) {
    return new StorageError(error.sent ? unheard : "storage_unavailable", message, { cause: error });
  }
  if (!(error instanceof LibsqlError)) return new StorageError("internal", message, { cause: error });
  if (error.code.startsWith("SQLITE_FULL")) return new StorageError("storage_full", message, { cause: error });
  if (isUnavailable(error.code) || /^(TRANSACTION_|BLOCKED)/.test(error.code)) {
    return new StorageError("storage_unavailable", message, { cause: error });
  }
  const status = statusOf(error);
  // Refused before it was looked at (no right, too many requests) or lost somewhere between a proxy and the server.
  if (status !== undefined)
    return new StorageError(status < 500 ? "storage_unavailable" : unheard, message, { cause: error });
  if (/^(HRANA_|SERVER_ERROR|STREAM_)/.test(error.code)) return new StorageError(unheard, message, { cause: error });
  return new StorageError("internal", message, { cause: error });
}

/** libSQL's callers expect its own error class; what it means is the cause. */
function told(error: unknown, writes: boolean): LibsqlError {
  const meaning = remoteError(error, writes);
  const code = meaning.code === "internal" && error instanceof LibsqlError ? error.code : meaning.code.toUpperCase();
  return new LibsqlError(meaning.message, code, undefined, undefined, meaning);
}

export class RemoteClient implements Client {
  readonly protocol = "http";
  readonly #client: Client;
  /** The same server with a longer deadline, for changes of the schema. */
  readonly #patient: Client;
  readonly #clock: Clock;
  #underway = 0;
  /** Those who wait for a call to end, the first to come first. */
  readonly #waiting = new Set<() => void>();

  constructor(options: { client: Client; patient: Client; clock: Clock }) {
    this.#client = options.client;
    this.#patient = options.patient;
    this.#clock = options.clock;
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const asked = typeof statement === "string" ? { sql: statement, args: args ?? [] } : statement;
    const isRead = reads.test(typeof asked === "string" ? asked : asked.sql);
    return this.#call(!isRead, (end_ms) => whileBusy(this.#clock, end_ms, () => this.#client.execute(asked)));
  }

  /** One transaction. Drizzle's `db.batch` gives no mode: then it may write. */
  batch(statements: (InStatement | [string, InArgs?])[], mode: TransactionMode = "write"): Promise<ResultSet[]> {
    return this.#call(mode !== "read", (end_ms) =>
      whileBusy(this.#clock, end_ms, () => this.#client.batch(statements, mode)),
    );
  }

  migrate(statements: InStatement[]): Promise<ResultSet[]> {
    return this.#call(true, () => this.#patient.migrate(statements));
  }

  executeMultiple(sql: string): Promise<void> {
    return this.#call(true, () => this.#patient.executeMultiple(sql));
  }

  /** As on a local file: everything is a batch, so that nobody holds the server's write lock for a round trip. */
  transaction(): Promise<Transaction> {
    throw new LibsqlError(
      "Expected a batch: interactive transactions are not available here.",
      "TRANSACTION_UNAVAILABLE",
    );
  }

  sync(): Promise<Replicated> {
    throw new LibsqlError("A libSQL server has nothing to sync with.", "SYNC_NOT_SUPPORTED");
  }

  close(): void {
    this.#client.close();
    this.#patient.close();
  }

  reconnect(): void {
    this.#client.reconnect();
    this.#patient.reconnect();
  }

  /** `run` gets the time at which nobody waits any longer. */
  async #call<T>(writes: boolean, run: (end_ms: number) => Promise<T>): Promise<T> {
    try {
      const end_ms = this.#clock.monotonic() + call_ms_max;
      if (this.#underway >= calls_underway_max) await this.#turn();
      else this.#underway++;
      try {
        return await run(end_ms);
      } finally {
        this.#ended();
      }
    } catch (error) {
      throw told(error, writes);
    }
  }

  /** Resolves when the place of a call that has ended is the caller's. */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= calls_waiting_max) {
        const sentence = `At most ${calls_waiting_max} calls wait for the database, and so many do: try again in a second.`;
        return reject(new StorageError("storage_unavailable", sentence));
      }
      const timer = this.#clock.after(call_ms_max, () => {
        this.#waiting.delete(start);
        const sentence = `Calls to the database take turns, and this one's has not come within ${call_ms_max} ms: try again in a second.`;
        reject(new StorageError("storage_unavailable", sentence));
      });
      const start = (): void => {
        timer.cancel();
        resolve();
      };
      this.#waiting.add(start);
    });
  }

  #ended(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#underway--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
