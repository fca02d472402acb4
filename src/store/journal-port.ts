/**
 * The journal from a gateway thread: drafts go to the main thread once a turn, as columns; each batch that was committed
 * comes back, whoever sent it, together with what became of this gateway's own drafts.
 */

import { assert } from "../lib/assert.ts";
import type { Clock } from "../lib/clock.ts";
import {
  draft_bytes_pending_max,
  drafts_pending_max,
  type Appender,
  type Publish,
  type SeenOf,
  type Waiter,
} from "./appender.ts";
import {
  fromColumns,
  outcomesFromColumns,
  type OutcomeColumns,
  type SentColumns,
  toSentColumns,
} from "./batch-columns.ts";
import { failure, type Draft, type Outcome, type OutcomeCode, type Unseen } from "./draft.ts";

/** Drafts of one turn. Their tickets are consecutive numbers. */
export interface ToJournal {
  /** Awaited batches that were published since the last message. */
  readonly published: number;
  readonly first: number;
  readonly drafts: SentColumns;
  /** Rooms of the drafts that are open here, with the last seq that has gone out. */
  readonly seen: readonly (readonly [room: number, seq: number])[];
}

/** Outcomes of the receiver's own drafts, by their tickets. */
export interface SettledColumns {
  readonly tickets: number[];
  readonly seqs: number[];
  readonly times: number[];
  readonly rooms: number[];
  /** Committed has no entry. */
  readonly others: { readonly at: number; readonly code: OutcomeCode }[];
}

export interface FromJournal {
  /** Batches of the journal in the order committed; nearly always one or none. */
  readonly batches: {
    readonly drafts: SentColumns;
    readonly outcomes: OutcomeColumns;
    readonly unseen: readonly Unseen[];
    /** The main thread wants to know when it is published here. */
    readonly isAwaited: boolean;
  }[];
  readonly settled: SettledColumns;
}

export interface JournalPortOptions {
  readonly clock: Clock;
  readonly post: (message: ToJournal) => void;
  readonly publish: Publish;
  /** Where others write to the same rooms. */
  readonly seen?: SeenOf | undefined;
}

interface Taken {
  readonly waiter: Waiter;
  readonly bytes: number;
}

export class JournalPort implements Appender {
  readonly #options: JournalPortOptions;
  readonly #taken = new Map<number, Taken>();
  #gathering: Draft[] = [];
  #published = 0;
  #scheduled = false;
  #next = 0;
  #bytes = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: JournalPortOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#taken.size;
  }

  append(draft: Draft, waiter: Waiter): void {
    if (this.#closed) return waiter.settle(failure("storage_unavailable"));
    if (this.#taken.size >= drafts_pending_max || this.#bytes >= draft_bytes_pending_max) {
      return waiter.settle(failure("overloaded"));
    }
    const bytes = draft.data.length;
    this.#bytes += bytes;
    this.#taken.set(this.#next++, { waiter, bytes });
    this.#gathering.push(draft);
    this.#schedule();
  }

  /** A turn later: the rest of what the sockets bring in this turn belongs into the same message. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      const [drafts, published] = [this.#gathering, this.#published];
      this.#gathering = [];
      this.#published = 0;
      const first = this.#next - drafts.length;
      this.#options.post({ published, first, drafts: toSentColumns(drafts), seen: this.#seenOf(drafts) });
    });
  }

  #seenOf(drafts: readonly Draft[]): [number, number][] {
    const { seen } = this.#options;
    if (seen === undefined) return [];
    const rooms = new Set<number>();
    for (const draft of drafts) if (draft.kind !== "created") rooms.add(draft.room);
    const known: [number, number][] = [];
    for (const room of rooms) {
      const seq = seen(room);
      if (seq !== undefined) known.push([room, seq]);
    }
    return known;
  }

  /** What the main thread has sent. */
  receive({ batches, settled }: FromJournal): void {
    for (const batch of batches) {
      const drafts = fromColumns(batch.drafts, batch.drafts.bys);
      this.#options.publish(drafts, outcomesFromColumns(drafts, batch.outcomes), batch.unseen);
    }
    this.#settle(settled);
    const awaited = batches.filter(({ isAwaited }) => isAwaited).length;
    if (awaited > 0) {
      this.#published += awaited;
      this.#schedule();
    }
    if (this.#taken.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#taken.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #settle({ tickets, seqs, times, rooms, others }: SettledColumns): void {
    let other = 0;
    for (let at = 0; at < tickets.length; at++) {
      const ticket = tickets[at] as number;
      const taken = this.#taken.get(ticket);
      assert(taken !== undefined, "a draft is answered once");
      this.#taken.delete(ticket);
      this.#bytes -= taken.bytes;
      let code: OutcomeCode = "committed";
      if (others[other]?.at === at) code = (others[other++] as { code: OutcomeCode }).code;
      const outcome: Outcome = {
        code,
        seq: seqs[at] as number,
        time: times[at] as number,
        room: rooms[at] as number,
      };
      taken.waiter.settle(outcome);
    }
  }
}
