/**
 * libSQL's own `Client` interface over the storage threads, so that Drizzle (and whatever else speaks it) uses a local
 * file without stopping the event loop. Reads go to a reader, everything else to the one writer.
 */

import type {
  Client,
  InArgs,
  InStatement,
  InValue,
  Replicated,
  ResultSet,
  Row,
  Transaction,
  TransactionMode,
} from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import { StorageError } from "./draft.ts";
import type { StorageThread } from "./storage-thread.ts";
import type { Result, Statement, Value } from "./thread-protocol.ts";

/** A statement that cannot write. `WITH` can, so it goes to the writer unless its batch says "read". */
const reads = /^\s*(select|explain)\b/i;

function toValue(value: InValue): Value {
  if (value === undefined)
    throw new TypeError("Expected a value that SQLite stores; got undefined. Give null for none.");
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Date) return value.valueOf();
  // A copy of its own: the rest of a shared buffer must not travel along.
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return new Uint8Array(value);
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`Expected a finite number; got ${value}. SQLite has no such value.`);
  }
  return value;
}

function toStatement(statement: InStatement | [string, InArgs?], args?: InArgs): Statement {
  if (typeof statement === "string") return toStatement({ sql: statement, args: args ?? [] });
  if (Array.isArray(statement)) return toStatement({ sql: statement[0], args: statement[1] ?? [] });
  const given = statement.args ?? [];
  if (Array.isArray(given)) return { sql: statement.sql, args: given.map(toValue) };
  const named: Record<string, Value> = {};
  for (const [name, value] of Object.entries(given)) named[name] = toValue(value);
  return { sql: statement.sql, args: named };
}

/**
 * A row has its values by index and by name, and its length, as libSQL promises; what is enumerable are the names. Indexes
 * are getters of the prototype: to define each of them on each row would take longer than to read the row.
 */
class ReadRow {
  /** How many indexes the prototype has. */
  static #indexes = 0;
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[], names: readonly (string | undefined)[]) {
    this.#values = values;
    const row = this as Record<string, unknown>;
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      if (name !== undefined) row[name] = values[at];
    }
  }

  get length(): number {
    return this.#values.length;
  }

  static haveIndexes(count: number): void {
    for (; ReadRow.#indexes < count; ReadRow.#indexes++) {
      const at = ReadRow.#indexes;
      const get = function (this: ReadRow): unknown {
        return this.#values[at];
      };
      Object.defineProperty(ReadRow.prototype, at, { get });
    }
  }
}

/** The name of each column in a row; of several with one name the first has it, and an index or `length` is no name. */
function namesIn(columns: readonly string[]): (string | undefined)[] {
  const isName = (name: string, at: number): boolean => columns.indexOf(name) === at && !/^(length|\d+)$/.test(name);
  return columns.map((name, at) => (isName(name, at) ? name : undefined));
}

function toRows({ columns, rows }: Result): Row[] {
  const names = namesIn(columns);
  ReadRow.haveIndexes(columns.length);
  const toBuffer = (value: Value): unknown => (value instanceof Uint8Array ? value.slice().buffer : value);
  return rows.map((values) => new ReadRow(values.map(toBuffer), names) as unknown as Row);
}

function toResultSet(result: Result): ResultSet {
  const { columns, columnTypes, rowsAffected, lastInsertRowid } = result;
  return {
    columns,
    columnTypes,
    rows: toRows(result),
    rowsAffected,
    lastInsertRowid: lastInsertRowid === undefined ? undefined : BigInt(lastInsertRowid),
    toJSON: () => ({ columns, columnTypes, rows: result.rows, rowsAffected, lastInsertRowid }),
  };
}

const beginOf: Record<TransactionMode, string> = {
  write: "BEGIN IMMEDIATE",
  deferred: "BEGIN DEFERRED",
  read: "BEGIN DEFERRED",
};

/** What answers: a storage thread, or what a simulation puts in its place. */
export type Asked = Pick<StorageThread, "ask">;

export class ThreadedClient implements Client {
  readonly protocol = "file";
  readonly #writer: Asked;
  readonly #reader: Asked;
  closed = false;

  constructor(threads: { writer: Asked; reader: Asked }) {
    this.#writer = threads.writer;
    this.#reader = threads.reader;
  }

  async execute(statement: InStatement | string, args?: InArgs): Promise<ResultSet> {
    const prepared = toStatement(statement, args);
    const thread = reads.test(prepared.sql) ? this.#reader : this.#writer;
    const { result } = await told(thread.ask({ op: "execute", statement: prepared }));
    return toResultSet(result);
  }

  /** One transaction. Drizzle's `db.batch` gives no mode: then it may write. */
  async batch(statements: (InStatement | [string, InArgs?])[], mode: TransactionMode = "write"): Promise<ResultSet[]> {
    const thread = mode === "read" ? this.#reader : this.#writer;
    const prepared = statements.map((statement) => toStatement(statement));
    const { results } = await told(thread.ask({ op: "batch", statements: prepared, begin: beginOf[mode] }));
    return results.map(toResultSet);
  }

  async migrate(statements: InStatement[]): Promise<ResultSet[]> {
    const prepared = statements.map((statement) => toStatement(statement));
    const { results } = await told(this.#writer.ask({ op: "migrate", statements: prepared }));
    return results.map(toResultSet);
  }

  async executeMultiple(sql: string): Promise<void> {
    await told(this.#writer.ask({ op: "script", sql }));
  }

  /** An open transaction would hold up every other writer for as many turns of the loop as its owner takes. */
  transaction(): Promise<Transaction> {
    throw new LibsqlError(
      "Expected a batch: interactive transactions are not available here.",
      "TRANSACTION_UNAVAILABLE",
    );
  }

  sync(): Promise<Replicated> {
    throw new LibsqlError("A local file has nothing to sync with.", "SYNC_NOT_SUPPORTED");
  }

  close(): void {
    this.closed = true;
  }

  reconnect(): void {
    this.closed = false;
  }
}

/** libSQL's callers expect its own error class. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StorageError)
      throw new LibsqlError(error.message, error.code.toUpperCase(), undefined, undefined, error);
    throw error;
  }
}
