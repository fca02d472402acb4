/** One socket: its state, its person, what waits to be written. The chat sees it as a `Recipient`. */

import type { LiveRoom } from "../chat/live-room.ts";
import type { Person, Recipient, Subscription } from "../chat/people.ts";
import { SmallMap } from "../lib/small-map.ts";
import type { Scope } from "../protocol/roles.ts";
import { closes, type CloseName } from "../protocol/close.ts";
import type { Command } from "../protocol/commands.ts";
import { emptyLine, joinLines } from "../protocol/frames.ts";
import {
  errors_per_window_max,
  errors_window_ms,
  push_frame_bytes_max,
  refusals_per_window_max,
  refusals_window_ms,
} from "../protocol/limits.ts";
import type { Allowance } from "./rates.ts";

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

const second_ms = 1_000;
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

export interface ConnectionOptions {
  readonly client: string;
  readonly address: string;
  readonly socket: Socket;
  readonly flusher: Flusher;
  readonly now_ms: number;
  readonly cookie?: string | undefined;
}

export class Connection implements Recipient {
  readonly client: string;
  readonly address: string;
  readonly #socket: Socket;
  readonly #flusher: Flusher;
  state: ConnectionState = "fresh";
  connInfo: string | undefined;
  grants: ReadonlySet<string> = nothing;
  scopes: ReadonlySet<Scope> | undefined;
  session: string | undefined;
  wantsRooms = false;
  ownLine = false;
  /** Unix seconds at which the sign-in ends. */
  expires_s: number | undefined;
  /** Unix seconds at which the sign-in ends for good: nothing renews it. */
  ends_s: number | undefined;
  /** The token of the sign-in that its page's cookie brought; for a connect without another. */
  readonly cookie: string | undefined;
  /** Whose tokens this connection may be refreshed with. */
  subject = "";
  readonly subscriptions = new SmallMap<LiveRoom, Subscription>();
  /** Commands that came while the sign-in was worked on. */
  waiting: Command[] | undefined;
  waiting_chars = 0;
  /** Commands that are being worked on. */
  pending = 0;
  /** Monotonic time of the last bytes from the client, and of the last ping. */
  heard_ms: number;
  pinged_ms = 0;
  /** Which second of the heartbeat is its turn. */
  slot = 0;
  readonly opened_ms: number;
  /** What the socket had not taken when the heartbeat last looked. */
  unread_bytes = 0;
  /** Why the server closes it, once it does. */
  ending: CloseName | undefined;
  /** What its work is taken from; made with the first of it. */
  allowance: Allowance | undefined;
  #person: Person | undefined;
  #lines: string[] | undefined;
  /** What went out before each ping that has no pong yet, while pages are on their way: 0 before the heartbeat's. */
  #pages: number[] | undefined;
  // Most connections are idle and never wrong: these are made when they are needed.
  #errors: Window | undefined;
  #refusals: Window | undefined;
  #received: Window | undefined;

  constructor(options: ConnectionOptions) {
    this.client = options.client;
    this.cookie = options.cookie;
    this.address = options.address;
    this.#socket = options.socket;
    this.#flusher = options.flusher;
    this.heard_ms = options.now_ms;
    this.opened_ms = options.now_ms;
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

  sendPage(lines: readonly string[]): void {
    if (this.state === "closed") return;
    this.send(lines);
    this.#socket.send(emptyLine);
    let bytes = 0;
    for (const line of lines) bytes += line.length;
    this.#pages ??= [];
    this.#pages.push(bytes);
  }

  underway(): number {
    let bytes = 0;
    if (this.#pages !== undefined) for (const page of this.#pages) bytes += page;
    return bytes;
  }

  ping(): void {
    this.#pages?.push(0);
    this.push(emptyLine);
  }

  /** A pong came. True when a page was waited for. */
  ponged(): boolean {
    if (this.#pages === undefined) return false;
    this.#pages.shift();
    if (this.#pages.length === 0) this.#pages = undefined;
    return true;
  }

  push(line: string): void {
    if (this.state === "closed") return;
    if (this.#lines === undefined) {
      this.#lines = [line];
      this.#flusher.add(this);
    } else this.#lines.push(line);
  }

  flush(): void {
    const lines = this.#lines;
    this.#lines = undefined;
    if (lines === undefined || this.state === "closed") return;
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
    this.ending ??= name;
    const { code, reason } = closes[name];
    this.#socket.close(code, reason);
  }

  /** Counts a command that was wrong inside; true when there were too many of late. */
  erred(now_ms: number): boolean {
    this.#errors ??= new Window();
    return this.#errors.add(1, now_ms, errors_window_ms) > errors_per_window_max;
  }

  /** Counts a command that was refused for its rate; true for who goes on as if nothing had been said. */
  refused(now_ms: number): boolean {
    this.#refusals ??= new Window();
    return this.#refusals.add(1, now_ms, refusals_window_ms) > refusals_per_window_max;
  }

  /** Counts lines that came; the number of them in this second. */
  received(lines: number, now_ms: number): number {
    this.#received ??= new Window();
    return this.#received.add(lines, now_ms, second_ms);
  }
}

/** Counts in windows of time that begin with their first event. */
class Window {
  #count = 0;
  #since_ms = 0;

  add(count: number, now_ms: number, window_ms: number): number {
    if (now_ms - this.#since_ms > window_ms) {
      this.#count = 0;
      this.#since_ms = now_ms;
    }
    this.#count += count;
    return this.#count;
  }
}
