/**
 * The database from a gateway thread. A local file's storage threads belong to the main thread, which passes requests on
 * to them; a libSQL server is reached from here directly.
 */

import type { Clock } from "../lib/clock.ts";
import { ThreadedClient, type Asked } from "./client.ts";
import type { Storage } from "./database.ts";
import { StorageError } from "./draft.ts";
import { gatherReads, readsOf } from "./gathered-reads.ts";
import { createHistory } from "./history.ts";
import { createOrm } from "./orm.ts";
import { openRemote } from "./remote.ts";
import type { Answer, AnswerOf, Request } from "./thread-protocol.ts";

/** Requests of one gateway that wait for an answer; past it a caller is told at once. */
const requests_pending_max = 4_096;

export interface StorageThreads {
  readonly writer: Asked;
  readonly reader: Asked;
}

export interface ToStorage {
  readonly n: number;
  readonly thread: keyof StorageThreads;
  readonly request: Request;
}

export type FromStorage =
  | { readonly n: number; readonly answer: Answer }
  | { readonly n: number; readonly error: { readonly code: StorageError["code"]; readonly message: string } };

/** The main thread's end: asks a storage thread and posts what it said. */
export async function passOn(
  threads: StorageThreads,
  { n, thread, request }: ToStorage,
  post: (message: FromStorage) => void,
): Promise<void> {
  try {
    post({ n, answer: await threads[thread].ask(request) });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    post({ n, error: { code: error.code, message: error.message } });
  }
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: StorageError) => void;
}

/** The gateway's end: the storage threads as if they were its own. */
export class StoragePort {
  readonly #post: (message: ToStorage) => void;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(post: (message: ToStorage) => void) {
    this.#post = post;
  }

  thread(thread: keyof StorageThreads): Asked {
    return { ask: (request) => this.#ask(thread, request) };
  }

  receive(message: FromStorage): void {
    const waiting = this.#waiting.get(message.n);
    this.#waiting.delete(message.n);
    if ("answer" in message) waiting?.resolve(message.answer);
    else waiting?.reject(new StorageError(message.error.code, message.error.message));
  }

  #ask<R extends Request>(thread: keyof StorageThreads, request: R): Promise<AnswerOf<R>> {
    if (this.#waiting.size >= requests_pending_max) {
      const sentence = `At most ${requests_pending_max} requests wait for the database, and so many do: try again in a second.`;
      return Promise.reject(new StorageError("storage_unavailable", sentence));
    }
    return new Promise((resolve, reject) => {
      const n = this.#next++;
      this.#waiting.set(n, { resolve: resolve as (answer: Answer) => void, reject });
      this.#post({ n, thread, request });
    });
  }
}

export interface GatewayStorageOptions {
  readonly clock: Clock;
  readonly remote: { readonly url: string; readonly token: string | undefined } | undefined;
  readonly port: StoragePort;
  /** What the main thread found. */
  readonly epoch: string;
  readonly durability: string;
}

export async function openGatewayStorage(options: GatewayStorageOptions): Promise<Storage> {
  const { clock, remote, port, epoch, durability } = options;
  const reader = port.thread("reader");
  const client =
    remote === undefined
      ? new ThreadedClient({ writer: port.thread("writer"), reader })
      : (await openRemote({ ...remote, clock })).client;
  return {
    client,
    db: createOrm(client),
    history: createHistory(remote === undefined ? gatherReads(reader) : readsOf(client)),
    epoch,
    durability,
    committer: {
      commit: () =>
        Promise.reject(new StorageError("internal", "A gateway thread commits through the main thread's journal.")),
    },
    close: async () => client.close(),
  };
}
