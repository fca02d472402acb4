/**
 * The main thread's end of the journal where gateways are threads of their own: it takes their drafts to the one journal,
 * and sends each committed batch to all of them, in the order committed.
 */

import type { Clock, Timer } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import type { Waiter } from "./appender.ts";
import { fromColumns, outcomesToColumns, toSentColumns } from "./batch-columns.ts";
import type { Draft, Outcome, Unseen } from "./draft.ts";
import type { FromJournal, SettledColumns, ToJournal } from "./journal-port.ts";
import type { Journal } from "./journal.ts";

/** How long the next batch waits for a gateway that has not published the one before. */
const publish_wait_ms_max = 25;

/** Below it nobody has many messages under way, and waiting for the gateways costs more than it brings. */
const awaited_drafts_min = 16;

/** Rooms of which it is remembered how far the gateways are. */
const rooms_seen_max = 10_000;

class Ticket implements Waiter {
  readonly #member: Member;
  readonly #number: number;

  constructor(member: Member, number: number) {
    this.#member = member;
    this.#number = number;
  }

  settle(outcome: Outcome): void {
    this.#member.settled(this.#number, outcome);
  }
}

function noneSettled(): SettledColumns {
  return { tickets: [], seqs: [], times: [], rooms: [], others: [] };
}

/** What goes to one gateway at the end of the turn: batches first, then the outcomes of its own drafts. */
class Member {
  readonly #post: (message: FromJournal) => void;
  #batches: FromJournal["batches"] = [];
  #settled = noneSettled();
  #scheduled = false;
  /** Batches that it has not published yet. */
  unpublished = 0;

  constructor(post: (message: FromJournal) => void) {
    this.#post = post;
  }

  publish(batch: FromJournal["batches"][number]): void {
    this.#batches.push(batch);
    if (batch.isAwaited) this.unpublished++;
    this.#schedule();
  }

  settled(ticket: number, { code, seq, time, room }: Outcome): void {
    const { tickets, seqs, times, rooms, others } = this.#settled;
    if (code !== "committed") others.push({ at: tickets.length, code });
    tickets.push(ticket);
    seqs.push(seq);
    times.push(time);
    rooms.push(room);
    this.#schedule();
  }

  /** The journal settles a batch in the turn in which it publishes it, so one message holds both. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const message = { batches: this.#batches, settled: this.#settled };
      this.#batches = [];
      this.#settled = noneSettled();
      this.#post(message);
    });
  }
}

export class JournalHub {
  readonly #clock: Clock;
  readonly #members: Member[] = [];
  /** The last seq that went to the gateways, of rooms that one of them has open. */
  readonly #seen = new Lru<number, number>(rooms_seen_max);
  #published: { readonly resolve: () => void; readonly timer: Timer } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The journal's `publish`. Resolves when all gateways have published the batch, or soon after: their senders answer
   * acknowledgements with the next messages, and a commit that does not wait for them would be half as large.
   */
  publish(
    drafts: readonly Draft[],
    outcomes: readonly Outcome[],
    unseen: readonly Unseen[],
  ): Promise<void> | undefined {
    this.#advance(outcomes);
    const isAwaited = drafts.length >= awaited_drafts_min;
    const batch = { drafts: toSentColumns(drafts), outcomes: outcomesToColumns(drafts, outcomes), unseen, isAwaited };
    for (const member of this.#members) member.publish(batch);
    if (!isAwaited) return undefined;
    return new Promise((resolve) => {
      const timer = this.#clock.after(publish_wait_ms_max, () => this.#goOn());
      this.#published = { resolve, timer };
    });
  }

  /** A gateway joins before it has anybody to publish to. Gives what takes its drafts. */
  join(journal: Journal, post: (message: FromJournal) => void): (message: ToJournal) => void {
    const member = new Member(post);
    this.#members.push(member);
    return ({ published, first, drafts: columns, seen }) => {
      for (const [room, seq] of seen) if (seq > (this.#seen.get(room) ?? -1)) this.#seen.set(room, seq);
      const drafts = fromColumns(columns, columns.bys);
      for (let at = 0; at < drafts.length; at++) {
        journal.append(drafts[at] as Draft, new Ticket(member, first + at));
      }
      if (published === 0) return;
      member.unpublished -= published;
      if (this.#members.every(({ unpublished }) => unpublished === 0)) this.#goOn();
    };
  }

  /** The journal's `seen`. It may say less than what some gateway has by now: that one drops what it knows. */
  seen(room: number): number | undefined {
    return this.#seen.get(room);
  }

  /** Drafts that wait already were sent before this batch came back: what it brings must not be asked for again. */
  #advance(outcomes: readonly Outcome[]): void {
    if (this.#seen.size === 0) return;
    const tops = new Map<number, number>();
    for (const { code, room, seq } of outcomes) if (code === "committed") tops.set(room, seq);
    for (const [room, seq] of tops) if ((this.#seen.get(room) ?? seq) < seq) this.#seen.set(room, seq);
  }

  #goOn(): void {
    this.#published?.timer.cancel();
    this.#published?.resolve();
    this.#published = undefined;
  }
}
