/** One socket of the naive door. */

import type { Caller } from "../chat/policy.ts";
import { closes, type CloseName } from "../protocol/close.ts";
import type { PlainRoom } from "./plain-room.ts";
import type { Allowance } from "./rates.ts";

/** The runtime's socket, as far as it is used here. Everything is synchronous and harmless after a close. */
export interface PlainSocket {
  send(frame: string): void;
  subscribe(topic: string): void;
  /** To everybody on a topic but this socket. */
  publish(topic: string, frame: string): void;
  ping(): void;
  buffered(): number;
  close(code: number, reason: string): void;
}

/** What the address of the upgrade asked for, checked: the room is held for it. */
export interface Visit {
  readonly room: PlainRoom;
  readonly caller: Caller;
  readonly allowance: Allowance;
  readonly address: string;
  /** It hears its own messages. */
  readonly echo: boolean;
  /** It hears texts as they are, not escaped. */
  readonly raw: boolean;
}

export class PlainConnection {
  readonly visit: Visit;
  readonly #socket: PlainSocket;
  readonly opened_ms: number;
  /** Monotonic time of the last sign of life, and of the last ping. */
  heard_ms: number;
  pinged_ms = 0;
  /** Messages that are not stored yet. */
  pending = 0;
  unread_bytes = 0;
  open = true;
  ending: CloseName | undefined;

  constructor(visit: Visit, socket: PlainSocket, now_ms: number) {
    this.visit = visit;
    this.#socket = socket;
    this.opened_ms = now_ms;
    this.heard_ms = now_ms;
  }

  get address(): string {
    return this.visit.address;
  }

  send(frame: string): void {
    if (this.open) this.#socket.send(frame);
  }

  subscribe(topic: string): void {
    this.#socket.subscribe(topic);
  }

  readonly publish = (topic: string, frame: string): void => this.#socket.publish(topic, frame);

  /** Notes what is unread, and pings who was silent. */
  visited(now_ms: number, period_ms: number): void {
    this.unread_bytes = this.#socket.buffered();
    if (now_ms - Math.max(this.heard_ms, this.pinged_ms) < period_ms) return;
    if (this.pinged_ms > this.heard_ms) return this.close("no_pong");
    this.pinged_ms = now_ms;
    this.#socket.ping();
  }

  close(name: CloseName): void {
    if (!this.open) return;
    this.ending ??= name;
    const { code, reason } = closes[name];
    this.#socket.close(code, reason);
  }
}
