import { assert } from "./assert.ts";
import { Lru } from "./lru.ts";

export interface RateOptions {
  /** What flows in each second. */
  readonly perSecond: number;
  /** What may be taken at once after a pause. A cost above it is never granted. */
  readonly burst: number;
}

/** What sums of fractions may be off by, so that whoever waited as long as told is not refused. */
const rounding = 1e-6;

/**
 * A token bucket. It fills by arithmetic at each call, from the monotonic time that the caller has at hand: no timer,
 * nothing allocated.
 */
export class TokenBucket {
  readonly #perMillisecond: number;
  readonly #burst: number;
  #tokens: number;
  #filled_ms = 0;

  constructor(options: RateOptions) {
    assert(options.perSecond > 0 && options.burst > 0, "a rate and its burst are above 0");
    this.#perMillisecond = options.perSecond / 1000;
    this.#burst = options.burst;
    this.#tokens = options.burst;
  }

  /** Takes the whole cost, or nothing and returns false. */
  take(cost: number, now_ms: number): boolean {
    this.#fill(now_ms);
    if (cost > this.#tokens + rounding) {
      return false;
    }
    this.#tokens -= cost;
    return true;
  }

  /**
   * Takes a cost that was known only afterwards, though it may be more than there is: what is owed flows in first. Many
   * may have been let through while the first of them was looked at. Nobody owes more than a burst.
   */
  charge(cost: number, now_ms: number): void {
    this.#fill(now_ms);
    this.#tokens = Math.max(-this.#burst, this.#tokens - cost);
  }

  /** Gives back what was taken for something that has come to nothing. */
  give(cost: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + cost);
  }

  /** How long until `take` of this cost succeeds if nobody else takes: 0 for at once, Infinity for never. */
  retryAfter_ms(cost: number, now_ms: number): number {
    if (cost > this.#burst) {
      return Number.POSITIVE_INFINITY;
    }
    this.#fill(now_ms);
    return cost <= this.#tokens ? 0 : Math.ceil((cost - this.#tokens) / this.#perMillisecond);
  }

  #fill(now_ms: number): void {
    if (now_ms > this.#filled_ms) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (now_ms - this.#filled_ms) * this.#perMillisecond);
      this.#filled_ms = now_ms;
    }
  }
}

/**
 * One bucket a key (an address, a user), for at most `keys_max` keys. When there are more, the one idle for longest
 * goes and would start full again: choose `keys_max` so that a bucket has filled up by then.
 */
export class KeyedBuckets {
  readonly #rate: RateOptions;
  readonly #buckets: Lru<string, TokenBucket>;

  constructor(options: RateOptions & { readonly keys_max: number }) {
    this.#rate = { perSecond: options.perSecond, burst: options.burst };
    this.#buckets = new Lru(options.keys_max);
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes the whole cost from that key's bucket, or nothing and returns false. */
  take(key: string, cost: number, now_ms: number): boolean {
    return this.#bucket(key).take(cost, now_ms);
  }

  /** Takes a cost from that key's bucket that may be more than it holds. */
  charge(key: string, cost: number, now_ms: number): void {
    this.#bucket(key).charge(cost, now_ms);
  }

  /** Gives back to that key's bucket; one that was forgotten is full. */
  give(key: string, cost: number): void {
    this.#buckets.get(key)?.give(cost);
  }

  /** How long until `take` of this cost succeeds for that key: 0 for at once, Infinity for never. */
  retryAfter_ms(key: string, cost: number, now_ms: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) {
      return bucket.retryAfter_ms(cost, now_ms);
    }
    return cost <= this.#rate.burst ? 0 : Number.POSITIVE_INFINITY;
  }

  #bucket(key: string): TokenBucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = new TokenBucket(this.#rate);
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
