/** One connection to the local database file, used inside a storage thread. */

import Database from "libsql";
import type { Result, Statement, ThreadRole, Value } from "./thread-protocol.ts";

/** How long a statement waits for a lock that another process holds. */
export const lock_wait_ms = 5_000;
const statements_remembered_max = 256;
const wal_pages_checkpoint = 4_000;
const writer_cache_KiB = 16 * 1024;
/**
 * Rows of a room lie apart, so that a page of history reads some fifty pages of the file which nobody asks for again. In a
 * small cache they are copied to where the processor's own caches have the place.
 */
const reader_cache_KiB = 2 * 1024;
const empty: Result = { columns: [], columnTypes: [], rows: [], rowsAffected: 0, lastInsertRowid: undefined };

/** Opens the file durably: an acknowledged commit is in the WAL and the WAL is on disk (synchronous=FULL). */
export function openConnection(path: string, role: ThreadRole): Connection {
  const db = new Database(path, { timeout: lock_wait_ms });
  if (role === "writer") {
    db.exec("PRAGMA journal_mode=WAL");
    db.exec("PRAGMA synchronous=FULL");
    db.exec(`PRAGMA wal_autocheckpoint=${wal_pages_checkpoint}`);
  } else {
    // What copies the database writes none of it, but into its copy.
    if (role === "reader") db.exec("PRAGMA query_only=ON");
    db.exec("PRAGMA wal_autocheckpoint=0");
  }
  db.exec(`PRAGMA cache_size=-${role === "reader" ? reader_cache_KiB : writer_cache_KiB}`);
  db.exec("PRAGMA foreign_keys=ON");
  return new Connection(db);
}

/** A statement, and what its rows are made of once somebody has asked: that takes longer than to read a few of them. */
interface Prepared {
  readonly statement: Database.Statement;
  columns: Pick<Result, "columns" | "columnTypes"> | undefined;
}

export class Connection {
  readonly db: Database.Database;
  /** By their text; the oldest goes when there are too many. */
  readonly #prepared = new Map<string, Prepared>();

  constructor(db: Database.Database) {
    this.db = db;
  }

  execute(statement: Statement): Result {
    const prepared = this.#prepare(statement.sql);
    const args = statement.args as Value[];
    if (!prepared.statement.reader) {
      const info = prepared.statement.run(args);
      return { ...empty, rowsAffected: info.changes, lastInsertRowid: Number(info.lastInsertRowid) };
    }
    prepared.columns ??= columnsOf(prepared.statement);
    return { ...empty, ...prepared.columns, rows: prepared.statement.raw().all(args) as Value[][] };
  }

  /** The first row of a statement for each list of arguments, without what is known of its columns. */
  firstRows(sql: string, args: readonly (readonly Value[])[]): (Value[] | undefined)[] {
    const statement = this.#prepare(sql).statement.raw();
    return args.map((values) => statement.get(values) as Value[] | undefined);
  }

  /** Runs all or nothing. `begin` is the statement that opens the transaction. */
  batch(statements: readonly Statement[], begin: string): Result[] {
    this.db.exec(begin);
    try {
      const results = statements.map((statement) => this.execute(statement));
      this.db.exec("COMMIT");
      return results;
    } catch (error) {
      if (this.db.inTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  migrate(statements: readonly Statement[]): Result[] {
    this.#prepared.clear();
    this.db.exec("PRAGMA foreign_keys=OFF");
    try {
      return this.batch(statements, "BEGIN IMMEDIATE");
    } finally {
      this.#prepared.clear();
      this.db.exec("PRAGMA foreign_keys=ON");
    }
  }

  /** It may change tables, as a migration may. */
  script(sql: string): void {
    this.#prepared.clear();
    this.db.exec(sql);
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const prepared: Prepared = { statement: this.db.prepare(sql), columns: undefined };
    this.#prepared.set(sql, prepared);
    if (this.#prepared.size > statements_remembered_max) {
      for (const oldest of this.#prepared.keys()) {
        this.#prepared.delete(oldest);
        break;
      }
    }
    return prepared;
  }
}

function columnsOf(statement: Database.Statement): Prepared["columns"] {
  const columns = statement.columns();
  return { columns: columns.map(({ name }) => name), columnTypes: columns.map(({ type }) => type ?? "") };
}
