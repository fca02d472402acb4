/**
 * The server's own heartbeat. The runtime's idle timeout never fires for a dead client that is being pushed to, so each
 * connection is pinged every `ping_s` and closed when nothing at all has come from it by its next turn. Connections are
 * spread over as many slots as there are seconds, so that each second pings a part of them.
 */

import type { Clock } from "../lib/clock.ts";
import { ping_s, refresh_grace_ms, sign_in_ms, stranger_grace_ms, strangers_max } from "../protocol/limits.ts";
import type { Connection } from "./connection.ts";

const second_ms = 1_000;
/** Connections whose unread bytes are looked at every second. */
const watched_max = 1_000;
/** Between two looks at what is unread while somebody does not take what is published. */
const look_ms_min = 25;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #slots: Set<Connection>[] = Array.from({ length: ping_s }, () => new Set());
  /** Sockets that have not signed in, with the time by which they must have; oldest first. */
  readonly #strangers = new Map<Connection, number>();
  /** Those whose sign-in ends for good at a known time. */
  readonly #ending = new Set<Connection>();
  #count = 0;
  #turn = 0;
  #next = 0;
  #looked_ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    clock.every(second_ms, () => this.#tick());
  }

  add(connection: Connection): void {
    connection.slot = this.#next++ % ping_s;
    this.#slots[connection.slot]?.add(connection);
    this.#count++;
    this.#strangers.set(connection, this.#clock.monotonic() + sign_in_ms);
  }

  remove(connection: Connection): void {
    if (this.#slots[connection.slot]?.delete(connection) === true) this.#count--;
    this.#strangers.delete(connection);
    this.#ending.delete(connection);
  }

  /** It has signed in. */
  knows(connection: Connection): void {
    this.#strangers.delete(connection);
    if (connection.ends_s !== undefined) this.#ending.add(connection);
  }

  /**
   * Somebody on a topic does not take what is published: they may be cut off long before the next second, and then it is
   * too late to see how much was unread.
   */
  someoneIsBehind(): void {
    const now_ms = this.#clock.monotonic();
    if (now_ms - this.#looked_ms < look_ms_min) return;
    this.#looked_ms = now_ms;
    this.#lookAtUnread();
  }

  #tick(): void {
    const now_ms = this.#clock.monotonic();
    this.#turn = (this.#turn + 1) % ping_s;
    this.#lookAtUnread();
    for (const connection of this.#slots[this.#turn] as Set<Connection>) this.#visit(connection, now_ms);
    this.#dismissStrangers(now_ms);
    const now_s = this.#clock.now() / second_ms;
    for (const connection of this.#ending) if ((connection.ends_s ?? 0) <= now_s) connection.close("revoked");
  }

  /** How far each one is behind, so that its end can be told for what it was. Of a crowd only a part each second. */
  #lookAtUnread(): void {
    const slots = this.#count < watched_max ? this.#slots : [this.#slots[this.#turn] as Set<Connection>];
    for (const slot of slots) for (const connection of slot) connection.unread_bytes = connection.buffered();
  }

  #dismissStrangers(now_ms: number): void {
    let crowd = this.#strangers.size - strangers_max;
    for (const [connection, due_ms] of this.#strangers) {
      const left_ms = due_ms - now_ms;
      if (left_ms > 0 && (crowd <= 0 || left_ms > sign_in_ms - stranger_grace_ms)) return;
      crowd--;
      // Whoever waits for us may take as long as the database; whoever is silent in a crowd may come back.
      if (connection.state === "fresh") connection.close(left_ms > 0 ? "too_many_requests" : "stale");
    }
  }

  #visit(connection: Connection, now_ms: number): void {
    if (connection.state !== "ready") return;
    const { expires_s } = connection;
    if (expires_s !== undefined && this.#clock.now() > expires_s * second_ms + refresh_grace_ms)
      return connection.close("expired");
    if (connection.pinged_ms > connection.heard_ms) return connection.close("no_pong");
    connection.pinged_ms = now_ms;
    connection.ping();
  }
}
