/**
 * Messages that are not acknowledged yet. Each is in the store under the id that its sender gave it, and is sent with
 * that id until the server says that it has it, or that it never will: after broken connections, temporary errors and
 * reloads. The server stores an id once, so that sending twice is harmless, also by two tabs that share a store.
 * Within a room they go out one after another, in the order of the calls.
 */

import type { OutputOf } from "../protocol/operations.ts";
import { ClosedError, isTemporary } from "./failures.ts";
import { Listeners } from "./listeners.ts";
import { Pause } from "./pause.ts";
import type { ClientStore } from "./store.ts";
import { uuidv7 } from "./uuid.ts";

export type SentMessage = OutputOf<"message.send">;

export interface OutgoingMessage {
  readonly id: string;
  readonly room: string;
  readonly data: unknown;
  /** Who wrote it, where that was known; another person's messages stay in the store until they come back. */
  readonly by: string | undefined;
  /** Unix time in milliseconds, this machine's clock. */
  readonly written_at: number;
}

export type OutboxChange =
  | { readonly kind: "waiting"; readonly message: OutgoingMessage }
  | { readonly kind: "sent"; readonly message: OutgoingMessage; readonly sent: SentMessage }
  /** The server will not have it: it is forgotten here. */
  | { readonly kind: "refused"; readonly message: OutgoingMessage; readonly error: unknown };

export interface OutboxOptions {
  readonly store: ClientStore;
  readonly send: (message: OutgoingMessage) => Promise<SentMessage>;
  /** The store did not take or give something. */
  readonly failed: (error: unknown) => void;
}

interface Entry {
  readonly message: OutgoingMessage;
  readonly stored: Promise<void>;
  /** Of those who called `add` in this process; nobody waits for what an earlier one left. */
  readonly waiters: PromiseWithResolvers<SentMessage>[];
}

/** The messages to one room. */
interface Lane {
  readonly entries: Entry[];
  readonly pause: Pause;
  running: boolean;
}

const prefix = "outbox/";
const retry = { floor_ms: 250, ceiling_ms: 10_000 };

export class Outbox {
  readonly changes = new Listeners<OutboxChange>();
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Who is signed in, while connected. */
  #by: string | undefined;
  #online = false;
  /** Rises with each connect and disconnect. */
  #session = 0;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Resolves once the server has it on disk. Rejects with what the server refuses for good, or when the client is closed. */
  add(room: string, data: unknown, id: string = uuidv7()): Promise<SentMessage> {
    const waiter = Promise.withResolvers<SentMessage>();
    if (this.#closed) {
      waiter.reject(new ClosedError());
      return waiter.promise;
    }
    const lane = this.#lane(room);
    const known = lane.entries.find((entry) => entry.message.id === id);
    if (known !== undefined) {
      known.waiters.push(waiter);
      return waiter.promise;
    }
    const message = { id, room, data, by: this.#by, written_at: Date.now() };
    const stored = this.#options.store.set(prefix + id, JSON.stringify(message)).catch(this.#options.failed);
    lane.entries.push({ message, stored, waiters: [waiter] });
    this.changes.tell({ kind: "waiting", message });
    this.#run(lane);
    return waiter.promise;
  }

  /** What waits, in the order in which it will be sent. */
  waiting(room: string): OutgoingMessage[] {
    return (this.#lanes.get(room)?.entries ?? []).map(({ message }) => message);
  }

  /** Sends all that waits, and what earlier clients and tabs that are gone have left in the store. */
  async connected(by: string): Promise<void> {
    this.#by = by;
    const session = ++this.#session;
    try {
      await this.#adopt(by);
    } catch (error) {
      this.#options.failed(error);
    }
    if (session !== this.#session) return;
    this.#online = true;
    for (const lane of this.#lanes.values()) {
      lane.pause.reset();
      this.#run(lane);
    }
  }

  disconnected(): void {
    this.#session++;
    this.#online = false;
  }

  close(): void {
    this.#closed = true;
    this.disconnected();
    for (const lane of this.#lanes.values()) {
      lane.pause.reset();
      for (const entry of lane.entries) for (const waiter of entry.waiters) waiter.reject(new ClosedError());
    }
    this.#lanes.clear();
  }

  #lane(room: string): Lane {
    let lane = this.#lanes.get(room);
    if (lane === undefined) this.#lanes.set(room, (lane = { entries: [], pause: new Pause(retry), running: false }));
    return lane;
  }

  async #adopt(by: string): Promise<void> {
    const { store } = this.#options;
    const keys = (await store.keys(prefix)).sort();
    for (const key of keys) {
      const message = parse(await store.get(key));
      if (message === undefined || (message.by !== undefined && message.by !== by) || this.#closed) continue;
      const { entries } = this.#lane(message.room);
      if (entries.some((entry) => entry.message.id === message.id)) continue;
      // Ids rise with time: what was written earlier goes first, but never before one that may be on its way.
      const later = entries.findIndex((entry, index) => index > 0 && entry.message.id > message.id);
      const before = this.#lane(message.room).running || entries[0] === undefined || entries[0].message.id < message.id;
      const at = before ? (later === -1 ? entries.length : later) : 0;
      entries.splice(at, 0, { message, stored: Promise.resolve(), waiters: [] });
      this.changes.tell({ kind: "waiting", message });
    }
  }

  #run(lane: Lane): void {
    if (lane.running || !this.#online) return;
    lane.running = true;
    this.#sendAll(lane).catch(this.#options.failed);
  }

  async #sendAll(lane: Lane): Promise<void> {
    try {
      for (let entry = this.#next(lane); entry !== undefined; entry = this.#next(lane)) {
        await entry.stored;
        await this.#sendOne(lane, entry);
      }
    } finally {
      lane.running = false;
    }
  }

  /** What another person wrote before they signed out waits for them: it is not to be sent in this one's name. */
  #next({ entries }: Lane): Entry | undefined {
    if (!this.#online) return undefined;
    return entries.find(({ message: { by } }) => by === undefined || by === this.#by);
  }

  async #sendOne(lane: Lane, entry: Entry): Promise<void> {
    const { message, waiters } = entry;
    try {
      const sent = await this.#options.send(message);
      if (this.#closed) return;
      this.#forget(lane, entry);
      for (const waiter of waiters) waiter.resolve(sent);
      this.changes.tell({ kind: "sent", message, sent });
    } catch (error) {
      if (this.#closed) return;
      if (isTemporary(error)) {
        if (this.#online) await lane.pause.next();
        return;
      }
      this.#forget(lane, entry);
      for (const waiter of waiters) waiter.reject(error);
      this.changes.tell({ kind: "refused", message, error });
    }
  }

  /** A crash before the store has forgotten it sends it once more, and the server answers as it did. */
  #forget(lane: Lane, entry: Entry): void {
    lane.pause.reset();
    lane.entries.splice(lane.entries.indexOf(entry), 1);
    this.#options.store.delete(prefix + entry.message.id).catch(this.#options.failed);
  }
}

function parse(text: string | undefined): OutgoingMessage | undefined {
  if (text === undefined) return undefined;
  try {
    const { id, room, data, by, written_at } = JSON.parse(text) as Partial<OutgoingMessage>;
    if (typeof id !== "string" || typeof room !== "string") return undefined;
    return { id, room, data, by, written_at: written_at ?? 0 };
  } catch {
    return undefined;
  }
}
