/** What the main thread and a storage thread say to each other. Everything here survives a structured clone. */

import type { CommitSql } from "./commit-sql.ts";
import type { DraftColumns, OutcomeColumns } from "./batch-columns.ts";

export type Value = null | string | number | bigint | Uint8Array;

export interface Statement {
  readonly sql: string;
  readonly args: readonly Value[] | Readonly<Record<string, Value>>;
}

/** A result as columns and rows; the main thread makes of it what libSQL's interface promises. */
export interface Result {
  readonly columns: string[];
  readonly columnTypes: string[];
  readonly rows: Value[][];
  readonly rowsAffected: number;
  readonly lastInsertRowid: number | undefined;
}

export type ThreadRole = "writer" | "reader" | "copier";

/** A `batch` is one transaction; `migrate` the same with foreign keys off. */
export type Request =
  | { readonly op: "open"; readonly path: string; readonly role: ThreadRole }
  | { readonly op: "execute"; readonly statement: Statement }
  /** The first row of one statement for each of several lists of arguments. */
  | { readonly op: "reads"; readonly sql: string; readonly args: readonly (readonly Value[])[] }
  | { readonly op: "batch"; readonly statements: readonly Statement[]; readonly begin: string }
  | { readonly op: "migrate"; readonly statements: readonly Statement[] }
  | { readonly op: "script"; readonly sql: string }
  /** Once the tables are there: the statements that commits are made of. */
  | { readonly op: "prepare"; readonly sql: CommitSql }
  | { readonly op: "commit"; readonly drafts: DraftColumns }
  | { readonly op: "close" };

export type Answer =
  | { readonly op: "execute"; readonly result: Result }
  | { readonly op: "reads"; readonly rows: (Value[] | undefined)[] }
  | { readonly op: "batch"; readonly results: Result[] }
  | { readonly op: "migrate"; readonly results: Result[] }
  | { readonly op: "commit"; readonly outcomes: OutcomeColumns }
  | { readonly op: "open" }
  | { readonly op: "script" }
  | { readonly op: "prepare" }
  | { readonly op: "close" };

export type AnswerOf<R extends Request> = Extract<Answer, { op: R["op"] }>;

export interface ThreadError {
  readonly message: string;
  /** SQLite's name of the error, such as SQLITE_FULL, or INTERNAL. */
  readonly code: string;
}

/** To a thread: the request with its number. */
export interface ToThread {
  readonly n: number;
  readonly request: Request;
}

/** From a thread: `n` 0 says once that it listens. */
export type FromThread =
  { readonly n: number; readonly answer: Answer } | { readonly n: number; readonly error: ThreadError };
