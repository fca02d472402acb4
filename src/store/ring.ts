/**
 * Recent events of the rooms that have somebody here, as the text of their publications, under one byte budget. What
 * was appended first goes first, whatever its room. A storm of reconnects reads from here and not from the database.
 */

import { assert } from "../lib/assert.ts";

/** What an event costs beside its text. */
const event_overhead_bytes = 64;
const stale_entries_max = 16_384;

/** The newest events of one room, without holes. */
export class Ring {
  /** Publications from `first` on; those before `#start` are gone. */
  #texts: string[] = [];
  #start = 0;
  #first: number;

  /** `next` is the seq of the event that will be appended first. */
  constructor(next: number) {
    this.#first = next;
  }

  /** The oldest seq that is here; one above `last` when the ring is empty. */
  get first(): number {
    return this.#first;
  }

  /** How many events are here. */
  get size(): number {
    return this.#texts.length - this.#start;
  }

  get last(): number {
    return this.#first + this.#texts.length - this.#start - 1;
  }

  append(text: string): void {
    this.#texts.push(text);
  }

  /** Puts the events before `first` in front; the last of them has the seq below it. */
  prepend(texts: readonly string[]): void {
    this.#texts = [...texts, ...this.#texts.slice(this.#start)];
    this.#start = 0;
    this.#first -= texts.length;
  }

  /** The publication with that seq, which must be between `first` and `last`. */
  at(seq: number): string {
    return this.#texts[this.#start + seq - this.#first] as string;
  }

  /** The event that will be appended next has that seq: what lies between was trimmed before it came here. */
  skipTo(next: number): void {
    assert(this.last < this.#first, "only an empty ring skips");
    this.#first = next;
  }

  /** Takes the oldest away; its bytes, or 0 when the ring is empty. */
  shift(): number {
    const text = this.#texts[this.#start];
    if (text === undefined) return 0;
    this.#texts[this.#start] = "";
    this.#start++;
    this.#first++;
    if (this.#start > 256 && this.#start * 2 > this.#texts.length) {
      this.#texts = this.#texts.slice(this.#start);
      this.#start = 0;
    }
    return text.length + event_overhead_bytes;
  }
}

/** The budget that all rings share. */
export class RingBudget {
  readonly #bytes_max: number;
  /** The ring of each event in the order appended; those before `#start` have gone. */
  #order: Ring[] = [];
  #start = 0;
  #bytes = 0;
  #stale = 0;

  constructor(bytes_max: number) {
    this.#bytes_max = bytes_max;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(ring: Ring, text: string): void {
    ring.append(text);
    this.#order.push(ring);
    this.#bytes += text.length + event_overhead_bytes;
    while (this.#bytes > this.#bytes_max) this.#evict();
  }

  /** Fills a ring backwards, from the database. What does not fit is left out, the oldest first. */
  prepend(ring: Ring, texts: readonly string[]): void {
    ring.prepend(texts);
    for (const text of texts) {
      this.#order.push(ring);
      this.#bytes += text.length + event_overhead_bytes;
    }
    while (this.#bytes > this.#bytes_max) this.#evict();
  }

  /** A room is no longer active: its events give their bytes back at once. */
  release(ring: Ring): void {
    this.clear(ring);
  }

  /** Forgets a room's events, so that what was here is read from the database as it is now. */
  clear(ring: Ring): void {
    for (let bytes = ring.shift(); bytes > 0; bytes = ring.shift()) {
      this.#bytes -= bytes;
      this.#stale++;
    }
    if (this.#stale > stale_entries_max) this.#compact();
  }

  /**
   * Entries of events that were cleared would pile up where rooms come and go, or words are taken away again and again,
   * and the budget is never reached. Of a ring the newest entries are those that count.
   */
  #compact(): void {
    const counted = new Map<Ring, number>();
    const kept: Ring[] = [];
    for (let at = this.#order.length - 1; at >= this.#start; at--) {
      const ring = this.#order[at] as Ring;
      const count = counted.get(ring) ?? 0;
      if (count >= ring.size) continue;
      counted.set(ring, count + 1);
      kept.push(ring);
    }
    this.#order = kept.reverse();
    this.#start = 0;
    this.#stale = 0;
  }

  #evict(): void {
    const ring = this.#order[this.#start] as Ring;
    this.#start++;
    this.#bytes -= ring.shift();
    if (this.#start > 4096 && this.#start * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#start);
      this.#start = 0;
    }
  }
}
