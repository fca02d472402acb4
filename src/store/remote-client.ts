/**
 * libSQL's client for a server, with the same limits as the local one: a bounded number of calls, no interactive
 * transactions, and errors that say whether the server may have done what it was asked.
 */

import type { Client, InArgs, InStatement, Replicated, ResultSet, Transaction, TransactionMode } from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import { StorageError } from "./draft.ts";
import { NoAnswer } from "./remote-fetch.ts";

/** Calls on their way; past it a caller is told at once, for nothing is gained by waiting behind so many. */
export const calls_pending_max = 256;

/** A statement that cannot write. `WITH` can, so it counts as one that may. */
const reads = /^\s*(select|explain)\b/i;

function statusOf(error: LibsqlError): number | undefined {
  const { cause } = error;
  return cause instanceof Error && "status" in cause && typeof cause.status === "number" ? cause.status : undefined;
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
  if (/^(SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|READONLY)|TRANSACTION_|BLOCKED)/.test(error.code)) {
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
  #pending = 0;

  constructor(clients: { client: Client; patient: Client }) {
    this.#client = clients.client;
    this.#patient = clients.patient;
  }

  get closed(): boolean {
    return this.#client.closed;
  }

  execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const asked = typeof statement === "string" ? { sql: statement, args: args ?? [] } : statement;
    return this.#call(!reads.test(typeof asked === "string" ? asked : asked.sql), () => this.#client.execute(asked));
  }

  /** One transaction. Drizzle's `db.batch` gives no mode: then it may write. */
  batch(statements: (InStatement | [string, InArgs?])[], mode: TransactionMode = "write"): Promise<ResultSet[]> {
    return this.#call(mode !== "read", () => this.#client.batch(statements, mode));
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

  async #call<T>(writes: boolean, run: () => Promise<T>): Promise<T> {
    if (this.#pending >= calls_pending_max) {
      const sentence = `At most ${calls_pending_max} calls to the database are on their way, and so many are: try again in a second.`;
      throw told(new StorageError("storage_unavailable", sentence), writes);
    }
    this.#pending++;
    try {
      return await run();
    } catch (error) {
      throw told(error, writes);
    } finally {
      this.#pending--;
    }
  }
}
