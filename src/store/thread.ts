/**
 * A storage thread: a Worker that owns one connection, since the local driver is synchronous and would stop the event
 * loop of whoever calls it. It answers in the order asked.
 */

import { systemClock } from "../lib/clock.ts";
import { fromColumns, outcomesToColumns, type DraftColumns, type OutcomeColumns } from "./batch-columns.ts";
import { LocalCommit } from "./commit-local.ts";
import { openConnection, type Connection } from "./connection.ts";
import type { Answer, FromThread, Request, Statement, ThreadError, ToThread } from "./thread-protocol.ts";

declare const self: Worker;

/** Turns of the loop that the driver gets to close a file. */
const close_turns = 2;
const writesRooms = /\b(rooms|members)\b/;

let connection: Connection | undefined;
let commit: LocalCommit | undefined;
/** Nothing is answered any more: the end of the thread is the answer to all that wait. */
let dying = false;

function opened(): Connection {
  if (connection === undefined) throw new Error("Expected an open connection: ask `open` first.");
  return connection;
}

/** Statements from elsewhere may change what the commit remembers. */
function forgetAfter(statements: readonly Statement[]): void {
  if (statements.some((statement) => writesRooms.test(statement.sql))) commit?.forget();
}

function answer(request: Exclude<Request, { op: "close" }>): Answer {
  switch (request.op) {
    case "open":
      connection = openConnection(request.path, request.role);
      return { op: "open" };
    case "execute":
      forgetAfter([request.statement]);
      return { op: "execute", result: opened().execute(request.statement) };
    case "reads":
      return { op: "reads", rows: opened().firstRows(request.sql, request.args) };
    case "batch":
      forgetAfter(request.statements);
      return { op: "batch", results: opened().batch(request.statements, request.begin) };
    case "migrate":
      commit?.forget();
      return { op: "migrate", results: opened().migrate(request.statements) };
    case "script":
      commit?.forget();
      opened().script(request.sql);
      return { op: "script" };
    case "prepare":
      commit = new LocalCommit({ db: opened().db, sql: request.sql, now: () => systemClock.now() });
      return { op: "prepare" };
    case "commit":
      if (commit === undefined) throw new Error("Expected prepared statements: ask `prepare` first.");
      return { op: "commit", outcomes: commitColumns(commit, request.drafts) };
  }
}

/**
 * The file stays open as long as a statement of it is in memory, so what is left of them goes at once. The driver lets go
 * of them in the turns after a collection.
 */
function close(then: () => void, turns = close_turns): void {
  if (connection?.db.inTransaction === true) connection.db.exec("ROLLBACK");
  connection?.db.close();
  connection = undefined;
  commit = undefined;
  if (turns === 0) return then();
  Bun.gc(true);
  systemClock.soon(() => close(then, turns - 1));
}

function commitColumns(commit: LocalCommit, columns: DraftColumns): OutcomeColumns {
  const drafts = fromColumns(columns);
  return outcomesToColumns(drafts, commit.run(drafts));
}

function toThreadError(error: unknown): ThreadError {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "INTERNAL";
  return { message, code };
}

function post(message: FromThread): void {
  self.postMessage(message);
}

self.onmessage = (event: MessageEvent<ToThread>) => {
  const { n, request } = event.data;
  if (dying) return;
  if (request.op === "close") return close(() => post({ n, answer: { op: "close" } }));
  try {
    post({ n, answer: answer(request) });
  } catch (error) {
    post({ n, error: toThreadError(error) });
  }
};

/** A thread that just died would keep its descriptors and its locks for as long as the process lives. */
function die(): void {
  dying = true;
  close(() => process.exit(1));
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);

// A message that comes before the handler is set is lost, so nothing is asked before this.
post({ n: 0, answer: { op: "open" } });
