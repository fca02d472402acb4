/**
 * How much one user, one address and one connection may ask of the server, over all doors together. A user's budget is
 * one bucket, found once when a connection signs in and shared by all of their connections and by HTTP.
 */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { KeyedBuckets, TokenBucket } from "../lib/rate.ts";
import { ChatError } from "../protocol/errors.ts";
import { isLoopback, limitKey } from "./address.ts";

export interface RatesOptions {
  readonly clock: Clock;
  readonly messages_per_second: number;
  readonly messages_burst: number;
  /** What all users of one address may send together; 0 for no limit. */
  readonly messages_per_second_per_address: number;
  /** New guests that one address may make in an hour; 0 for no limit. */
  readonly guests_per_address_max: number;
}

const hour_s = 3_600;
const users_remembered_max = 50_000;
const addresses_remembered_max = 50_000;
/** Tokens that were refused, an address: past it none is looked at. */
const refused_tokens_per_second = 20;
const refused_tokens_burst = 100;

/** What the work of one connection is taken from. */
export interface Allowance {
  readonly user: TokenBucket;
  readonly address: TokenBucket | undefined;
}

/** Takes a cost; throws `too_many_requests`, which says how long to wait. */
export function spend(allowance: Allowance, cost: number, now_ms: number): void {
  if (!allowance.user.take(cost, now_ms)) throw new TooMany(allowance.user.retryAfter_ms(cost, now_ms));
  const { address } = allowance;
  if (address !== undefined && !address.take(cost, now_ms)) throw new TooMany(address.retryAfter_ms(cost, now_ms));
}

/** The same for a socket, which is not told how long: one error for all, for a flood is refused thousands of times. */
export function spendQuietly(allowance: Allowance, cost: number, now_ms: number): void {
  const { address, user } = allowance;
  if (!user.take(cost, now_ms) || (address !== undefined && !address.take(cost, now_ms))) throw refusal;
}

export class TooMany extends ChatError {
  readonly retry_ms: number;

  constructor(retry_ms: number) {
    super("too_many_requests");
    this.retry_ms = Number.isFinite(retry_ms) ? retry_ms : hour_s * 1_000;
  }
}

const refusal = new TooMany(0);

export class Rates {
  readonly #options: RatesOptions;
  readonly #users = new Lru<string, TokenBucket>(users_remembered_max);
  readonly #addresses = new Lru<string, TokenBucket>(addresses_remembered_max);
  readonly #guests: KeyedBuckets | undefined;
  readonly #refused: KeyedBuckets;

  constructor(options: RatesOptions) {
    this.#options = options;
    const keys_max = addresses_remembered_max;
    const burst = options.guests_per_address_max;
    this.#guests = burst === 0 ? undefined : new KeyedBuckets({ perSecond: burst / hour_s, burst, keys_max });
    this.#refused = new KeyedBuckets({ perSecond: refused_tokens_per_second, burst: refused_tokens_burst, keys_max });
  }

  /** The budget of a user (`users.id`) at an address. */
  of(user: string, address: string): Allowance {
    return { user: this.#bucket(this.#users, user), address: this.#ofAddress(address) };
  }

  /** The budget of a connection whose user is nobody in particular. */
  ofStranger(address: string): Allowance {
    return { user: this.#fresh(), address: this.#ofAddress(address) };
  }

  /** Counts a new guest. This machine's own addresses are not limited: a proxy that is not known as one has them too. */
  newGuest(address: string): void {
    if (this.#guests === undefined || isLoopback(address)) return;
    const now_ms = this.#options.clock.monotonic();
    const key = limitKey(address);
    if (!this.#guests.take(key, 1, now_ms)) throw new TooMany(this.#guests.retryAfter_ms(key, 1, now_ms));
  }

  /** Whether so many tokens from an address were refused that no further one is looked at. */
  checkTokens(address: string): void {
    const retry_ms = this.#refused.retryAfter_ms(limitKey(address), 1, this.#options.clock.monotonic());
    if (retry_ms > 0) throw new TooMany(retry_ms);
  }

  /** Those that were looked at meanwhile count as well, or a slow server would look at more of them than a fast one. */
  tokenRefused(address: string): void {
    this.#refused.charge(limitKey(address), 1, this.#options.clock.monotonic());
  }

  #ofAddress(address: string): TokenBucket | undefined {
    const perSecond = this.#options.messages_per_second_per_address;
    return perSecond === 0 ? undefined : this.#bucket(this.#addresses, limitKey(address), perSecond);
  }

  #bucket(buckets: Lru<string, TokenBucket>, key: string, perSecond?: number): TokenBucket {
    const known = buckets.get(key);
    if (known !== undefined) return known;
    const bucket = this.#fresh(perSecond);
    buckets.set(key, bucket);
    return bucket;
  }

  #fresh(perSecond = this.#options.messages_per_second): TokenBucket {
    const { messages_burst, messages_per_second } = this.#options;
    // An address has as many times a user's burst as it has times a user's rate.
    return new TokenBucket({ perSecond, burst: Math.max(messages_burst * (perSecond / messages_per_second), 20) });
  }
}
