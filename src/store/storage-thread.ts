/** The main thread's end of a storage thread: requests out, answers back, bounded in number. */

import type { Log } from "../lib/log.ts";
import { StorageError } from "./draft.ts";
import type { Answer, FromThread, Request, ThreadError, ThreadRole, ToThread } from "./thread-protocol.ts";

/** Requests of one thread that wait for an answer; past it a caller is told at once. */
const requests_pending_max = 4_096;

interface Waiting {
  readonly op: Request["op"];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StorageError) => void;
}

type AnswerOf<R extends Request> = Extract<Answer, { op: R["op"] }>;

/** SQLite's error names to what a caller does about it. */
export function storageError(error: ThreadError): StorageError {
  if (error.code.startsWith("SQLITE_FULL")) return new StorageError("storage_full", error.message);
  if (/^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|READONLY)/.test(error.code)) {
    return new StorageError("storage_unavailable", `${error.code}: ${error.message}`);
  }
  return new StorageError("internal", `${error.code}: ${error.message}`, { cause: error });
}

export class StorageThread {
  readonly role: ThreadRole;
  readonly #path: string;
  readonly #log: Log;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 1;

  constructor(options: { role: ThreadRole; path: string; log: Log }) {
    this.role = options.role;
    this.#path = options.path;
    this.#log = options.log;
  }

  /** Starts the thread and opens its connection. */
  async start(): Promise<void> {
    const worker = new Worker(new URL("./thread.ts", import.meta.url).href);
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      worker.onerror = (event) => {
        const error = new StorageError("internal", `A storage thread failed: ${event.message}`);
        reject(error);
        this.#fail(error);
      };
      worker.onmessage = () => resolve();
    });
    worker.onmessage = (event: MessageEvent<FromThread>) => this.#receive(event.data);
    await this.ask({ op: "open", path: this.#path, role: this.role });
  }

  ask<R extends Request>(request: R): Promise<AnswerOf<R>> {
    const worker = this.#worker;
    if (worker === undefined) {
      return Promise.reject(new StorageError("storage_unavailable", "The database is closed."));
    }
    if (this.#waiting.size >= requests_pending_max) {
      const sentence = `At most ${requests_pending_max} requests wait for the database, and so many do: try again in a second.`;
      return Promise.reject(new StorageError("storage_unavailable", sentence));
    }
    return new Promise((resolve, reject) => {
      const n = this.#next++;
      this.#waiting.set(n, { op: request.op, resolve: resolve as (answer: Answer) => void, reject });
      worker.postMessage({ n, request } satisfies ToThread);
    });
  }

  async stop(): Promise<void> {
    if (this.#worker === undefined) return;
    await this.ask({ op: "close" });
    this.#worker.terminate();
    this.#worker = undefined;
  }

  #receive(message: FromThread): void {
    const waiting = this.#waiting.get(message.n);
    if (waiting === undefined) return;
    this.#waiting.delete(message.n);
    if ("answer" in message) waiting.resolve(message.answer);
    else waiting.reject(storageError(message.error));
  }

  /** The thread is gone: whoever waits for a write does not learn what became of it. */
  #fail(error: StorageError): void {
    this.#log.error("storage_thread_failed", { role: this.role, error });
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#worker = undefined;
    const code = this.role === "writer" ? "outcome_unknown" : "storage_unavailable";
    for (const { reject } of waiting) reject(new StorageError(code, error.message, { cause: error }));
  }
}
