/** One socket: its state, its person, what waits to be written. The chat sees it as a `Recipient`. */

import type { LiveRoom } from "../chat/live-room.ts";
import type { Person, Recipient, Subscription } from "../chat/people.ts";
import { TokenBucket } from "../lib/rate.ts";
import { closes, type CloseName } from "../protocol/close.ts";
import type { Command } from "../protocol/commands.ts";
import { joinLines } from "../protocol/frames.ts";
import { push_frame_bytes_max } from "../protocol/limits.ts";

/** The runtime's socket, as far as it is used here. Everything is synchronous and harmless after a close. */
export interface Socket {
  send(frame: string): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Bytes that the kernel has not taken yet. */
  buffered(): number;
  close(code: number, reason: string): void;
}

/** `fresh`: nothing came yet; `signing_in`: connect is being worked on; `ready`: connect was answered. */
export type ConnectionState = "fresh" | "signing_in" | "ready" | "closed";

const nothing: ReadonlySet<string> = new Set();

/** Gathers lines of many connections and writes each connection's as one frame at the end of the turn. */
export class Flusher {
  #dirty: Connection[] = [];
  #scheduled = false;

  add(connection: Connection): void {
    this.#dirty.push(connection);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const one of dirty) one.flush();
    });
  }
}

export class Connection implements Recipient {
  readonly client: string;
  readonly address: string;
  readonly #socket: Socket;
  readonly #flusher: Flusher;
  state: ConnectionState = "fresh";
  connInfo: string | undefined;
  grants: ReadonlySet<string> = nothing;
  session: string | undefined;
  wantsRooms = false;
  ownLine = false;
  /** Unix seconds at which the sign-in ends. */
  expires_s: number | undefined;
  /** Whose tokens this connection may be refreshed with. */
  subject = "";
  readonly subscriptions = new Map<LiveRoom, Subscription>();
  readonly subscribing = new Set<string>();
  /** Commands that came while the sign-in was worked on. */
  waiting: Command[] = [];
  /** Commands that are being worked on. */
  pending = 0;
  /** Monotonic time of the last bytes from the client, and of the last ping. */
  heard_ms: number;
  pinged_ms = 0;
  #person: Person | undefined;
  #lines: string[] = [];
  #bucket: TokenBucket | undefined;
  #errors = 0;
  #errorsSince_ms = 0;

  constructor(options: { client: string; address: string; socket: Socket; flusher: Flusher; now_ms: number }) {
    this.client = options.client;
    this.address = options.address;
    this.#socket = options.socket;
    this.#flusher = options.flusher;
    this.heard_ms = options.now_ms;
  }

  get connected(): boolean {
    return this.#person !== undefined && this.state !== "closed";
  }

  get person(): Person {
    if (this.#person === undefined) throw new Error("Assertion failed: a connection has a person once it is signed in");
    return this.#person;
  }

  get signedIn(): boolean {
    return this.#person !== undefined;
  }

  signIn(person: Person): void {
    this.#person = person;
  }

  send(lines: readonly string[]): void {
    if (this.state === "closed") return;
    this.flush();
    for (const frame of joinLines(lines, push_frame_bytes_max)) this.#socket.send(frame);
  }

  push(line: string): void {
    if (this.state === "closed") return;
    this.#lines.push(line);
    if (this.#lines.length === 1) this.#flusher.add(this);
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    if (this.state === "closed") return;
    if (lines.length === 1) this.#socket.send(lines[0] as string);
    else for (const frame of joinLines(lines, push_frame_bytes_max)) this.#socket.send(frame);
  }

  buffered(): number {
    return this.#socket.buffered();
  }

  join(topic: string): void {
    this.#socket.subscribe(topic);
  }

  leave(topic: string): void {
    this.#socket.unsubscribe(topic);
  }

  close(name: CloseName): void {
    if (this.state === "closed") return;
    this.flush();
    const { code, reason } = closes[name];
    this.#socket.close(code, reason);
  }

  /** Takes from what this connection may send; false when that is used up. */
  spend(cost: number, limits: { now_ms: number; perSecond: number; burst: number }): boolean {
    this.#bucket ??= new TokenBucket(limits);
    return this.#bucket.take(cost, limits.now_ms);
  }

  /** Counts a command that was wrong inside; true when there were too many of late. */
  erred(now_ms: number, limits: { errors_max: number; window_ms: number }): boolean {
    if (now_ms - this.#errorsSince_ms > limits.window_ms) {
      this.#errors = 0;
      this.#errorsSince_ms = now_ms;
    }
    this.#errors++;
    return this.#errors > limits.errors_max;
  }
}
