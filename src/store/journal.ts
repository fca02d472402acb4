/**
 * The write path of the log: group commit. Drafts gather while one batch is in the database; then all that gathered is
 * the next batch, one transaction. Ack and publish come after the commit, publish first, in seq order.
 *
 * Nothing waits without bound: drafts and bytes are limited, a draft that was not taken within `draft_wait_ms_max` is
 * refused, and one whose batch does not come back by then is told that its outcome is unknown.
 */

import { assert } from "../lib/assert.ts";
import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import {
  draft_bytes_pending_max,
  drafts_pending_max,
  type Appender,
  type Publish,
  type SeenOf,
  type Waiter,
} from "./appender.ts";
import {
  failure,
  StorageError,
  type Committed,
  type Committer,
  type Draft,
  type MessageDraft,
  type Outcome,
  type OutcomeCode,
  type Seen,
} from "./draft.ts";

export const batch_drafts_max = 1_000;
export const batch_bytes_max = 1024 * 1024;
export const draft_wait_ms_max = 3_000;
/** On a server that may hang for the whole deadline of a call: an answer must not take two of those. */
export const shared_draft_wait_ms_max = 2_100;
const sweep_ms = 250;
/** Turns of the loop that a batch gathers at most. */
const gather_turns_max = 4;

class Entry {
  readonly draft: Draft;
  readonly bytes: number;
  readonly since_ms: number;
  readonly key: string | undefined;
  /** Nearly always one; more when a retry came while its first try was still on the way. */
  #waiters: Waiter[];
  #settled = false;

  constructor(draft: Draft, waiter: Waiter, at: { ms: number; key: string | undefined }) {
    this.draft = draft;
    this.bytes = draft.data.length;
    this.since_ms = at.ms;
    this.key = at.key;
    this.#waiters = [waiter];
  }

  join(waiter: Waiter): void {
    this.#waiters.push(waiter);
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const waiter of this.#waiters) waiter.settle(outcome);
  }

  /** Its waiters were answered. */
  get settled(): boolean {
    return this.#settled;
  }
}

export interface CommittedBatch {
  readonly outcomes: readonly Outcome[];
  readonly commit_ms: number;
  /** How long the draft that came first has waited, its commit included: about what its sender waits for the ack. */
  readonly waited_ms: number;
  readonly failed: boolean;
}

export interface JournalOptions {
  readonly committer: Committer;
  readonly clock: Clock;
  readonly log: Log;
  /** A draft is answered by then; `draft_wait_ms_max` unless said otherwise. */
  readonly wait_ms_max?: number;
  /** Asked where others write to the same rooms: each batch brings what they have committed since. */
  readonly seen?: SeenOf | undefined;
  /** Where it gives a promise, the next batch gathers until then. */
  readonly publish: (...batch: Parameters<Publish>) => void | Promise<void> | undefined;
  /** Told of each batch, for metrics. */
  readonly observe?: (batch: CommittedBatch) => void;
}

const storageFaults: ReadonlySet<OutcomeCode> = new Set(["storage_full", "storage_unavailable", "outcome_unknown"]);

/** Whether both are tries of one message. */
function isSame(one: Draft, other: MessageDraft): boolean {
  return one.kind === "message" && one.room === other.room && one.actor === other.actor && one.data === other.data;
}

export class Journal implements Appender {
  readonly #options: JournalOptions;
  readonly #sweeper: Timer;
  #gathering: Entry[] = [];
  #batch: Entry[] = [];
  /** Messages on their way, by their ids. */
  readonly #once = new Map<string, Entry>();
  #bytes = 0;
  #scheduled = false;
  /** The batch before is being published elsewhere. */
  #publishing = false;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#sweeper = options.clock.every(sweep_ms, () => this.#sweep());
  }

  /** Drafts that wait or are in the database. */
  get pending(): number {
    return this.#gathering.length + this.#batch.length;
  }

  /** Takes a draft, or refuses it at once through its waiter. Drafts are committed in the order taken. */
  append(draft: Draft, waiter: Waiter): void {
    if (this.#closed) return waiter.settle(failure("storage_unavailable"));
    let key: string | undefined;
    if (draft.kind === "message") {
      const first = this.#once.get(draft.id);
      // Others that have the id by chance, or with other words: only the database tells them apart.
      if (first === undefined) key = draft.id;
      else if (isSame(first.draft, draft)) return this.#join(first, waiter);
    }
    if (this.pending >= drafts_pending_max || this.#bytes >= draft_bytes_pending_max) {
      return waiter.settle(failure("overloaded"));
    }
    const entry = new Entry(draft, waiter, { ms: this.#options.clock.monotonic(), key });
    if (key !== undefined) this.#once.set(key, entry);
    this.#bytes += entry.bytes;
    this.#gathering.push(entry);
    this.#schedule();
  }

  /** Resolves once nothing is pending. */
  settled(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Takes no more drafts and resolves once those taken are committed or refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    this.#sweeper.cancel();
  }

  /** Whoever joins after the entry was answered `outcome_unknown` hears the same. */
  #join(first: Entry, waiter: Waiter): void {
    if (first.settled) waiter.settle(failure("outcome_unknown"));
    else first.join(waiter);
  }

  #schedule(): void {
    if (this.#scheduled || this.#publishing || this.#batch.length > 0 || this.#gathering.length === 0) return;
    this.#scheduled = true;
    this.#gather(gather_turns_max, 0);
  }

  /**
   * Who was just answered sends again once the loop has written to its sockets and read from them, one turn from now. Where
   * they are more than those who wait already, that turn is given to them.
   */
  #next(answered: number): void {
    const waiting = this.#gathering.length;
    // Whoever comes when nobody waits begins the next batch.
    if (waiting === 0) return;
    if (answered > waiting) this.#options.clock.soon(() => this.#schedule());
    else this.#schedule();
  }

  /**
   * Waits a turn of the loop, and another one as long as each brings more: senders who wait for their acks all send
   * again at once, and their messages, if cut in two, would alternate as half batches for ever. Not a microtask: the
   * rest of what the sockets have brought in this turn belongs into the batch. A message alone waits one turn only.
   */
  #gather(turns: number, before: number): void {
    const count = this.#gathering.length;
    const growing = count > 1 && count > before && count < batch_drafts_max;
    if (turns === 0 || (before > 0 && !growing)) {
      this.#scheduled = false;
      void this.#commit();
      return;
    }
    this.#options.clock.soon(() => this.#gather(turns - 1, Math.max(1, count)));
  }

  /** Cuts the next batch off what has gathered. */
  #cut(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#gathering) {
      if (count >= batch_drafts_max || (count > 0 && bytes + entry.bytes > batch_bytes_max)) break;
      bytes += entry.bytes;
      count++;
    }
    if (count === this.#gathering.length) {
      const all = this.#gathering;
      this.#gathering = [];
      return all;
    }
    return this.#gathering.splice(0, count);
  }

  async #commit(): Promise<void> {
    assert(this.#batch.length === 0, "one batch is in flight at a time");
    const batch = this.#cut();
    if (batch.length === 0) return;
    this.#batch = batch;
    const { clock, committer, observe, publish } = this.#options;
    const drafts = batch.map((entry) => entry.draft);
    const start = clock.monotonic();
    let committed: Committed;
    let failed = false;
    try {
      committed = await committer.commit(drafts, this.#seenOf(drafts));
      assert(committed.outcomes.length === drafts.length, "every draft of a batch has an outcome");
    } catch (error) {
      failed = true;
      committed = { outcomes: await this.#failedBatch(drafts, error), unseen: [] };
    }
    const { outcomes, unseen } = committed;
    const now_ms = clock.monotonic();
    observe?.({ outcomes, commit_ms: now_ms - start, waited_ms: now_ms - (batch[0] as Entry).since_ms, failed });
    const published = publish(drafts, outcomes, unseen);
    this.#batch = [];
    for (let at = 0; at < batch.length; at++) this.#finish(batch[at] as Entry, outcomes[at] as Outcome);
    if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (published !== undefined) {
      this.#publishing = true;
      await published;
      this.#publishing = false;
    }
    this.#next(batch.length);
  }

  #seenOf(drafts: readonly Draft[]): Seen | undefined {
    const { seen } = this.#options;
    if (seen === undefined) return undefined;
    const known = new Map<number, number>();
    for (const draft of drafts) {
      if (draft.kind === "created" || known.has(draft.room)) continue;
      const seq = seen(draft.room);
      if (seq !== undefined) known.set(draft.room, seq);
    }
    return known;
  }

  /** A fault of the storage fails all of the batch; a fault of one draft must not, so each is tried alone, once. */
  async #failedBatch(drafts: readonly Draft[], error: unknown): Promise<readonly Outcome[]> {
    const code = error instanceof StorageError ? error.code : "internal";
    this.#options.log.error("commit_failed", { drafts: drafts.length, code, error });
    if (code !== "internal" || drafts.length === 1) return drafts.map(() => failure(code));
    const outcomes: Outcome[] = [];
    let fault: Outcome | undefined;
    for (const draft of drafts) {
      // A storage that fails in the middle would fail for each of the others too, after a deadline each.
      const outcome = fault ?? (await this.#alone(draft));
      if (storageFaults.has(outcome.code)) fault = outcome;
      outcomes.push(outcome);
    }
    return outcomes;
  }

  async #alone(draft: Draft): Promise<Outcome> {
    try {
      const [outcome] = (await this.#options.committer.commit([draft])).outcomes;
      assert(outcome !== undefined, "every draft of a batch has an outcome");
      return outcome;
    } catch (error) {
      this.#options.log.error("draft_failed", { kind: draft.kind, error });
      return failure(error instanceof StorageError ? error.code : "internal");
    }
  }

  #finish(entry: Entry, outcome: Outcome): void {
    if (entry.key !== undefined) this.#once.delete(entry.key);
    this.#bytes -= entry.bytes;
    entry.settle(outcome);
  }

  /** Answers those who have waited long enough. What is in a batch stays there: it may be stored yet. */
  #sweep(): void {
    const oldest_ms = this.#options.clock.monotonic() - (this.#options.wait_ms_max ?? draft_wait_ms_max);
    for (const entry of this.#batch) {
      if (entry.since_ms > oldest_ms) break;
      entry.settle(failure("outcome_unknown"));
    }
    let late = 0;
    while (late < this.#gathering.length && (this.#gathering[late] as Entry).since_ms <= oldest_ms) late++;
    for (const entry of this.#gathering.splice(0, late)) this.#finish(entry, failure("storage_unavailable"));
    if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
