/**
 * The main thread's end of a storage thread: requests out, answers back, bounded in number. A thread that dies is
 * replaced at once, one that hangs after a while; whoever waited for it is told.
 */

import { systemClock, type Clock, type Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { isUnavailable, StorageError } from "./draft.ts";
import type { Answer, AnswerOf, FromThread, Request, ThreadError, ThreadRole, ToThread } from "./thread-protocol.ts";

/** Requests of one thread that wait for an answer; past it a caller is told at once. */
const requests_pending_max = 4_096;
const hang_check_ms = 1_000;
const restart_ms_max = 2_000;
/** Threads that hang inside of the driver cannot be ended from outside. Beyond so many no further one is started. */
const hanging_threads_max = 4;
/** The number of the request with which a thread that hangs is asked to close, should it ever come back. */
const farewell = -1;

interface Waiting {
  readonly op: Request["op"];
  readonly since_ms: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StorageError) => void;
}

/** SQLite's error names to what a caller does about it. */
export function storageError(error: ThreadError): StorageError {
  if (error.code.startsWith("SQLITE_FULL")) return new StorageError("storage_full", error.message);
  if (isUnavailable(error.code)) {
    return new StorageError("storage_unavailable", `${error.code}: ${error.message}`);
  }
  return new StorageError("internal", `${error.code}: ${error.message}`, { cause: error });
}

export interface StorageThreadOptions {
  readonly role: ThreadRole;
  readonly path: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** The file that the thread runs. A test gives one that can die. */
  readonly file?: string;
}

export class StorageThread {
  readonly role: ThreadRole;
  readonly #path: string;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #file: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  /** Its connection is open: requests may come. */
  #open = false;
  #watch: Timer | undefined;
  /** Asked again of each new thread. */
  #prepare: Request | undefined;
  #answered_ms = 0;
  #hanging = 0;
  #replaced = 0;
  #stopped = false;
  #next = 1;

  constructor(options: StorageThreadOptions) {
    this.role = options.role;
    this.#path = options.path;
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    this.#file = options.file ?? new URL("./thread.ts", import.meta.url).href;
  }

  /** How often a new thread took the place of one that died or hung. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Starts the thread and opens its connection. */
  async start(): Promise<void> {
    const worker = new Worker(this.#file);
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      const lost = (reason: string): void => {
        const error = new StorageError("internal", `A storage thread died: ${reason}`);
        reject(error);
        if (this.#worker === worker) this.#lost(error);
      };
      worker.onerror = (event) => lost(event.message);
      worker.addEventListener("close", () => lost("it left"));
      worker.onmessage = () => resolve();
    });
    worker.onmessage = (event: MessageEvent<FromThread>) => this.#receive(event.data);
    await this.#post(worker, { op: "open", path: this.#path, role: this.role });
    if (this.#prepare !== undefined) await this.#post(worker, this.#prepare);
    this.#open = true;
  }

  /**
   * From now on a thread that answers nothing for so long, although it is asked, is taken for hanging. The time must be
   * longer than a statement may wait for a lock.
   */
  watch(hang_ms: number): void {
    this.#watch = this.#clock.every(Math.min(hang_check_ms, hang_ms), () => this.#checkForHang(hang_ms));
  }

  ask<R extends Request>(request: R): Promise<AnswerOf<R>> {
    const worker = this.#worker;
    if (worker === undefined || !this.#open) {
      const sentence = this.#stopped ? "The database is closed." : "The storage thread is being replaced.";
      return Promise.reject(new StorageError("storage_unavailable", sentence));
    }
    if (this.#waiting.size >= requests_pending_max) {
      const sentence = `At most ${requests_pending_max} requests wait for the database, and so many do: try again in a second.`;
      return Promise.reject(new StorageError("storage_unavailable", sentence));
    }
    if (request.op === "prepare") this.#prepare = request;
    return this.#post(worker, request);
  }

  #post<R extends Request>(worker: Worker, request: R): Promise<AnswerOf<R>> {
    return new Promise((resolve, reject) => {
      const n = this.#next++;
      const since_ms = this.#clock.monotonic();
      this.#waiting.set(n, { op: request.op, since_ms, resolve: resolve as (answer: Answer) => void, reject });
      worker.postMessage({ n, request } satisfies ToThread);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.cancel();
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.ask({ op: "close" });
    this.#worker = undefined;
    worker.terminate();
  }

  #receive(message: FromThread): void {
    const waiting = this.#waiting.get(message.n);
    if (waiting === undefined) return;
    this.#answered_ms = this.#clock.monotonic();
    this.#waiting.delete(message.n);
    if ("answer" in message) waiting.resolve(message.answer);
    else waiting.reject(storageError(message.error));
  }

  /** The thread is gone: whoever waits for a write does not learn what became of it. */
  #lost(error: StorageError): void {
    this.#worker = undefined;
    this.#open = false;
    if (this.#stopped) return;
    this.#log.error("storage_thread_lost", { role: this.role, error });
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const code = this.role === "writer" ? "outcome_unknown" : "storage_unavailable";
    for (const { reject } of waiting) reject(new StorageError(code, error.message, { cause: error }));
    // A thread that dies while it opens its file is for `start`'s caller, unless one has run here before.
    if (this.#watch !== undefined) this.#replace(1);
  }

  #replace(wait_ms: number): void {
    this.#clock.after(wait_ms, () => {
      if (this.#stopped || this.#worker !== undefined) return;
      this.start().then(
        () => {
          this.#replaced++;
          this.#log.warn("storage_thread_replaced", { role: this.role, replaced: this.#replaced });
        },
        () => {
          this.#worker?.terminate();
          this.#worker = undefined;
          this.#replace(Math.min(restart_ms_max, wait_ms * 4));
        },
      );
    });
  }

  #checkForHang(hang_ms: number): void {
    const [oldest] = this.#waiting.values();
    const worker = this.#worker;
    if (oldest === undefined || worker === undefined) return;
    const silent_ms = this.#clock.monotonic() - Math.max(oldest.since_ms, this.#answered_ms);
    if (silent_ms < hang_ms || this.#hanging >= hanging_threads_max) return;
    this.#hanging++;
    this.#farewell(worker);
    this.#lost(new StorageError("internal", `A storage thread hangs: no answer to ${oldest.op} for ${silent_ms} ms.`));
  }

  /**
   * A terminated thread would keep its descriptors and its locks, so a hanging one is left alone: it closes its
   * connection and ends when it comes back. What it wrote by then, the new writer must not find in its memory as it was.
   */
  #farewell(worker: Worker): void {
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if (data.n !== farewell) return;
      worker.terminate();
      this.#hanging--;
      this.#log.warn("hanging_storage_thread_ended", { role: this.role });
      if (this.role === "writer" && this.#prepare !== undefined) this.ask(this.#prepare).catch(() => {});
    };
    worker.postMessage({ n: farewell, request: { op: "close" } } satisfies ToThread);
  }
}
