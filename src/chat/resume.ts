/**
 * From a position to live. A subscription starts with what the ring still has, as far as the reply has room for it; the
 * rest follows as ordinary publications, page by page, each when the one before the last has arrived. The socket joins
 * the topic in the one synchronous turn in which it has caught up, so that there is neither a hole nor a double.
 */

import type { Log } from "../lib/log.ts";
import { publicationSeq } from "../protocol/events.ts";
import { joinLines } from "../protocol/frames.ts";
import { page_events_max, push_frame_bytes_max, recovery_events_max } from "../protocol/limits.ts";
import type { History } from "../store/history.ts";
import type { View } from "../store/view.ts";
import type { LiveRoom } from "./live-room.ts";
import { subscriptionOf, type Recipient, type Subscription } from "./people.ts";
import { wholeView } from "./policy.ts";

/** A socket with more than this unsent gets no further page before it has drained. */
const unsent_bytes_max = 2 * push_frame_bytes_max;
/**
 * With more than this on its way it gets no further page either: the heartbeat's ping would wait behind all of it, and
 * a link of 16 KiB/s must still bring it in time for the pong.
 */
const underway_bytes_max = push_frame_bytes_max;
/** How often the ring may have moved on while its room was being read, before the socket is told to come back. */
const stitch_rounds_max = 5;
/** Recent events that are read into the ring when somebody resumes in a room that has none. */
const primed_events = 200;

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Start {
  readonly recipient: Recipient;
  readonly room: LiveRoom;
  readonly view: View;
  /** Where the client was; without it the subscription starts at the top. */
  readonly position: Position | undefined;
  readonly subscription: Subscription;
}

/** Bytes that a reply may still spend on publications; shared by the channels of a connect. */
export interface ReplyBudget {
  bytes: number;
}

interface CatchUp {
  readonly room: LiveRoom;
  readonly view: View;
  readonly subscription: Subscription;
  /** The last seq sent. */
  at: number;
  rounds: number;
}

export class Resume {
  readonly #history: History;
  readonly #epoch: string;
  readonly #log: Log;
  /** What each connection still has to catch up with, in order; only those that have something. */
  readonly #behind = new Map<Recipient, CatchUp[]>();
  readonly #reading = new Set<Recipient>();

  constructor(options: { history: History; epoch: string; log: Log }) {
    this.#history = options.history;
    this.#epoch = options.epoch;
    this.#log = options.log;
  }

  /** Connections that are catching up. */
  get size(): number {
    return this.#behind.size;
  }

  /** Whether somebody at that position would need the database, as far as the ring goes just now. */
  mustPrime(room: LiveRoom, position: Position | undefined): boolean {
    return position !== undefined && position.offset < room.published && room.ring.first > position.offset + 1;
  }

  /** Reads recent events into the ring, once a room, where a position would otherwise need the database. */
  prime(room: LiveRoom, position: Position | undefined): Promise<void> | undefined {
    if (!this.mustPrime(room, position)) return undefined;
    room.primed ??= this.#prime(room).catch((error: unknown) => {
      room.primed = undefined;
      throw error;
    });
    return room.primed;
  }

  async #prime(room: LiveRoom): Promise<void> {
    const to = room.ring.first - 1;
    const range = { from: to - primed_events + 1, to, limit: primed_events, take: "newest" } as const;
    const { cleared } = room;
    const texts = await this.#history.page(wholeView(room.n), range);
    const last = texts.at(-1);
    if (last !== undefined && room.cleared === cleared && publicationSeq(last) === room.ring.first - 1)
      room.ring.prepend(texts);
  }

  /**
   * Subscribes, and returns the result for the reply: the caller sends it in this same turn and calls `follow` after,
   * so that pushes come behind the reply.
   */
  start(start: Start, budget: ReplyBudget): string {
    const { room, position, subscription, recipient, view } = start;
    recipient.subscriptions.set(room, subscription);
    const common = `"recoverable":true,"positioned":true,"epoch":"${this.#epoch}"`;
    if (position === undefined) return `{${common},"offset":${room.published}}`;
    if (!this.#reachable(room, position)) {
      return `{${common},"offset":${room.published},"was_recovering":true,"recovered":false}`;
    }
    const from = Math.max(position.offset, view.from - 1);
    const texts = this.#fromRing(room, { after: from, bytes_max: budget.bytes, least: 0 });
    for (const text of texts) budget.bytes -= text.length;
    const at = from + texts.length;
    if (at < room.published) this.#queue(recipient, { room, view, subscription, at, rounds: 0 });
    const publications = texts.length === 0 ? "" : `,"publications":[${texts.join(",")}]`;
    const offset = texts.length === 0 ? position.offset : at;
    return `{${common},"offset":${offset},"was_recovering":true,"recovered":true${publications}}`;
  }

  /** Whether everything behind a position can still be had. */
  #reachable(room: LiveRoom, position: Position): boolean {
    if (position.epoch !== "" && position.epoch !== this.#epoch) return false;
    if (position.offset > room.published || position.offset + 1 < room.firstSeq) return false;
    return room.published - position.offset <= recovery_events_max;
  }

  /** Joins the topics of what has caught up and starts the rest on its way. Called in the turn of the reply. */
  follow(recipient: Recipient, rooms: readonly LiveRoom[]): void {
    const behind = this.#behind.get(recipient);
    for (const room of rooms) {
      if (behind?.some((catchUp) => catchUp.room === room)) continue;
      const subscription = recipient.subscriptions.get(room);
      if (subscription !== undefined) this.#goLive(recipient, room, subscription);
    }
    if (behind !== undefined) this.drained(recipient);
  }

  /** The socket has room again, or a page has arrived. */
  drained(recipient: Recipient): void {
    const behind = this.#behind.get(recipient);
    if (behind === undefined || this.#reading.has(recipient)) return;
    while (recipient.buffered() <= unsent_bytes_max && recipient.underway() <= underway_bytes_max) {
      const next = behind[0];
      if (next === undefined) {
        this.#behind.delete(recipient);
        return;
      }
      if (next.at >= next.room.published) {
        behind.shift();
        this.#goLive(recipient, next.room, next.subscription);
      } else if (next.room.ring.first <= next.at + 1) {
        const asked = { after: next.at, bytes_max: push_frame_bytes_max, least: 1 } as const;
        this.#sendPage(recipient, next, this.#fromRing(next.room, asked));
      } else {
        void this.#readPage(recipient, next);
        return;
      }
    }
  }

  /** The connection has unsubscribed or was removed: nothing more of the room is sent. */
  stop(recipient: Recipient, room: LiveRoom): void {
    const behind = this.#behind.get(recipient);
    const at = behind?.findIndex((catchUp) => catchUp.room === room) ?? -1;
    if (at >= 0) behind?.splice(at, 1);
  }

  forget(recipient: Recipient): void {
    this.#behind.delete(recipient);
  }

  #queue(recipient: Recipient, catchUp: CatchUp): void {
    const behind = this.#behind.get(recipient);
    if (behind === undefined) this.#behind.set(recipient, [catchUp]);
    else behind.push(catchUp);
  }

  #goLive(recipient: Recipient, room: LiveRoom, subscription: Subscription): void {
    recipient.subscriptions.set(room, subscriptionOf({ ...subscription, live: true }));
    if (subscription.joinLeave) return recipient.join(room.topic);
    room.quiet++;
    recipient.join(room.quietTopic);
  }

  /** Publications behind a position, as many as fit but `least` of them at any size; none where the ring no longer reaches back so far. */
  #fromRing(room: LiveRoom, asked: { after: number; bytes_max: number; least: 0 | 1 }): string[] {
    const { around, ring } = room;
    if (ring.first > asked.after + 1) return [];
    const texts: string[] = [];
    let bytes = 0;
    for (let seq = asked.after + 1; seq <= room.published; seq++) {
      const text = ring.at(seq);
      bytes += around.start.length + text.length + around.end.length + 1;
      if (bytes > asked.bytes_max && texts.length >= asked.least) break;
      texts.push(text);
    }
    return texts;
  }

  async #readPage(recipient: Recipient, catchUp: CatchUp): Promise<void> {
    const { room, view } = catchUp;
    const to = room.published;
    this.#reading.add(recipient);
    let texts: string[];
    try {
      const range = {
        from: catchUp.at + 1,
        to,
        limit: page_events_max,
        bytes_max: push_frame_bytes_max,
        take: "oldest",
      } as const;
      texts = await this.#history.page(view, range);
    } catch (error) {
      this.#log.warn("resume_failed", { room: room.id, error });
      recipient.close("insufficient_state");
      return;
    } finally {
      this.#reading.delete(recipient);
    }
    const behind = this.#behind.get(recipient);
    if (behind === undefined) return;
    if (behind.includes(catchUp)) {
      const [oldest] = texts;
      const last = texts.at(-1);
      const trimmed = oldest !== undefined && publicationSeq(oldest) > catchUp.at + 1;
      // Retention has taken what comes next: who comes back is told so.
      if (trimmed) room.firstSeq = Math.max(room.firstSeq, publicationSeq(oldest));
      catchUp.rounds = last !== undefined && publicationSeq(last) >= to ? catchUp.rounds + 1 : 0;
      // Nothing there, or the room outruns its reader again and again: a new connect starts from a new position.
      if (last === undefined || trimmed || catchUp.rounds > stitch_rounds_max)
        return recipient.close("insufficient_state");
      this.#sendPage(recipient, catchUp, texts);
    }
    this.drained(recipient);
  }

  #sendPage(recipient: Recipient, catchUp: CatchUp, texts: readonly string[]): void {
    const { room } = catchUp;
    recipient.sendPage(joinLines(texts, push_frame_bytes_max, room.around));
    catchUp.at = publicationSeq(texts.at(-1) as string);
  }
}
