/**
 * How much one user, one address and one connection may ask of the server, over all doors together. What somebody sends
 * and what they read are two budgets: whoever comes back again and again may run out of the second, and still writes. A
 * user's buckets are found once when a connection does its first work, and shared by all of their connections and HTTP.
 */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { KeyedBuckets, TokenBucket, type RateOptions } from "../lib/rate.ts";
import { ChatError } from "../protocol/errors.ts";
import type { OperationLimits } from "../protocol/operation-limits.ts";
import { administers, type ServerRole } from "../protocol/roles.ts";
import { isLoopback, limitKey } from "./address.ts";

export interface RatesOptions {
  readonly clock: Clock;
  readonly messages_per_second: number;
  readonly messages_burst: number;
  /** What all users of one address may send together; 0 for no limit. */
  readonly messages_per_second_per_address: number;
  /** What one connection may send; 0 for no limit of its own. */
  readonly messages_per_second_per_connection: number;
  readonly reads_per_second: number;
  readonly reads_burst: number;
  /** What all users of one address may read together; 0 for no limit. */
  readonly reads_per_second_per_address: number;
  /** Calls in an hour. */
  readonly operations: OperationLimits;
  /** New guests that one address may make in an hour; 0 for no limit. */
  readonly guests_per_address_max: number;
}

const hour_s = 3_600;
/** Users, addresses, or whatever else has a budget. */
const keys_remembered_max = 50_000;
/** Tokens that were refused, an address: past it none is looked at. */
const refused_tokens_per_second = 20;
const refused_tokens_burst = 100;
/** Whatever a rate is, the dearest operation can be paid for. */
const burst_min = 20;

/** What a piece of work is taken from: the user's bucket, and the address's and the connection's where they have one. */
export type Budget = readonly TokenBucket[];

/** What the work of one connection is taken from. */
export interface Allowance {
  readonly sending: Budget;
  readonly reading: Budget;
}

/** Takes a cost; throws `too_many_requests`, which says how long to wait. */
export function spend(budget: Budget, cost: number, now_ms: number): void {
  if (take(budget, cost, now_ms)) return;
  throw new TooMany(Math.max(...budget.map((bucket) => bucket.retryAfter_ms(cost, now_ms))));
}

/** The same for a socket, which is not told how long: one error for all, for a flood is refused thousands of times. */
export function spendQuietly(budget: Budget, cost: number, now_ms: number): void {
  if (!take(budget, cost, now_ms)) throw refusal;
}

/** From all of them, or from none. */
function take(budget: Budget, cost: number, now_ms: number): boolean {
  for (let at = 0; at < budget.length; at++) {
    if ((budget[at] as TokenBucket).take(cost, now_ms)) continue;
    for (let before = 0; before < at; before++) (budget[before] as TokenBucket).give(cost);
    return false;
  }
  return true;
}

export class TooMany extends ChatError {
  readonly retry_ms: number;

  constructor(retry_ms: number, detail?: string) {
    super("too_many_requests", detail);
    this.retry_ms = Number.isFinite(retry_ms) ? retry_ms : hour_s * 1_000;
  }
}

const refusal = new TooMany(0);

/** How often each key (a user, an address) may do something in an hour. */
export class Hourly {
  readonly #clock: Clock;
  readonly #detail: string | undefined;
  readonly #buckets: KeyedBuckets | undefined;

  /** A `max` of 0 is no limit; `detail` is told to who is over it. */
  constructor(options: { readonly clock: Clock; readonly max: number; readonly detail?: string }) {
    const { clock, detail, max: burst } = options;
    this.#clock = clock;
    this.#detail = detail;
    if (burst > 0)
      this.#buckets = new KeyedBuckets({ perSecond: burst / hour_s, burst, keys_max: keys_remembered_max });
  }

  /** Counts one; throws `too_many_requests`, which says how long to wait. */
  count(key: string): void {
    const now_ms = this.#clock.monotonic();
    if (this.#buckets === undefined || this.#buckets.take(key, 1, now_ms)) return;
    throw new TooMany(this.#buckets.retryAfter_ms(key, 1, now_ms), this.#detail);
  }

  /** One that was counted is not held against it. */
  forgive(key: string): void {
    this.#buckets?.give(key, 1);
  }
}

interface Buckets {
  readonly sending: TokenBucket;
  readonly reading: TokenBucket;
}

interface AddressBuckets {
  readonly sending: TokenBucket | undefined;
  readonly reading: TokenBucket | undefined;
}

export class Rates {
  readonly #options: RatesOptions;
  readonly #users = new Lru<string, Buckets>(keys_remembered_max);
  readonly #addresses = new Lru<string, AddressBuckets>(keys_remembered_max);
  readonly #operations: ReadonlyMap<string, Hourly>;
  readonly #guests: Hourly;
  readonly #refused: KeyedBuckets;

  constructor(options: RatesOptions) {
    this.#options = options;
    const { clock } = options;
    const keys_max = keys_remembered_max;
    this.#guests = new Hourly({ clock, max: options.guests_per_address_max });
    this.#refused = new KeyedBuckets({ perSecond: refused_tokens_per_second, burst: refused_tokens_burst, keys_max });
    this.#operations = new Map(
      Object.entries(options.operations).map(([name, max]) => [
        name,
        new Hourly({ clock, max, detail: `${name}: at most ${max} an hour` }),
      ]),
    );
  }

  /** The budgets of a user (`users.id`) at an address; of a new connection, or of a request without one. */
  of(user: string, address: string, connects = false): Allowance {
    return this.#allowance(this.#user(user), address, connects);
  }

  /** The budgets of a connection whose user is nobody in particular. */
  ofStranger(address: string): Allowance {
    return this.#allowance(this.#fresh(), address, true);
  }

  /** Counts a connect, before anything is done for it. */
  connects(address: string): void {
    const { reading } = this.#address(address);
    if (reading !== undefined) spend([reading], 1, this.#options.clock.monotonic());
  }

  /** Counts the same for the user, once it is known who that is. */
  entered(user: string): void {
    spend([this.#user(user).reading], 1, this.#options.clock.monotonic());
  }

  /** Counts a call of an operation that has a limit of its own. */
  called(name: string, user: { readonly id: string; readonly role: ServerRole }): void {
    if (!administers(user.role)) this.#operations.get(name)?.count(user.id);
  }

  /** Counts a new guest. This machine's own addresses are not limited: a proxy that is not known as one has them too. */
  newGuest(address: string): void {
    if (!isLoopback(address)) this.#guests.count(limitKey(address));
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

  #allowance(user: Buckets, address: string, connects: boolean): Allowance {
    const { sending, reading } = this.#address(address);
    const own = connects ? this.#bucket(this.#options.messages_per_second_per_connection, this.#sending) : undefined;
    return { sending: among(user.sending, sending, own), reading: among(user.reading, reading) };
  }

  #user(id: string): Buckets {
    const known = this.#users.get(id);
    if (known !== undefined) return known;
    const made = this.#fresh();
    this.#users.set(id, made);
    return made;
  }

  #fresh(): Buckets {
    return { sending: new TokenBucket(this.#sending), reading: new TokenBucket(this.#reading) };
  }

  #address(address: string): AddressBuckets {
    const { messages_per_second_per_address, reads_per_second_per_address } = this.#options;
    const key = limitKey(address);
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const reads = isLoopback(address) ? 0 : reads_per_second_per_address;
    const made = {
      sending: this.#bucket(messages_per_second_per_address, this.#sending),
      reading: this.#bucket(reads, this.#reading),
    };
    this.#addresses.set(key, made);
    return made;
  }

  get #sending(): RateOptions {
    return { perSecond: this.#options.messages_per_second, burst: this.#options.messages_burst };
  }

  get #reading(): RateOptions {
    return { perSecond: this.#options.reads_per_second, burst: this.#options.reads_burst };
  }

  /** It has as many times a user's burst as it has times a user's rate; undefined for no limit. */
  #bucket(perSecond: number, of: RateOptions): TokenBucket | undefined {
    if (perSecond === 0) return undefined;
    return new TokenBucket({ perSecond, burst: Math.max(of.burst * (perSecond / of.perSecond), burst_min) });
  }
}

function among(...buckets: (TokenBucket | undefined)[]): Budget {
  return buckets.filter((bucket) => bucket !== undefined);
}
