/** How often somebody may try to prove who they are: per address, and per account that is tried. */

import type { Clock } from "../lib/clock.ts";
import { KeyedBuckets } from "../lib/rate.ts";
import { limitKey } from "./address.ts";
import { TooMany } from "./rates.ts";

const hour_s = 3_600;
const keys_max = 50_000;

export interface AttemptsOptions {
  readonly clock: Clock;
  /** In an hour, right ones too; 0 for no limit. */
  readonly per_address_max: number;
  /** Wrong ones in an hour; 0 for no limit. */
  readonly per_account_max: number;
}

function buckets(burst: number): KeyedBuckets | undefined {
  return burst === 0 ? undefined : new KeyedBuckets({ perSecond: burst / hour_s, burst, keys_max });
}

export class Attempts {
  readonly #clock: Clock;
  readonly #addresses: KeyedBuckets | undefined;
  readonly #accounts: KeyedBuckets | undefined;

  constructor(options: AttemptsOptions) {
    this.#clock = options.clock;
    this.#addresses = buckets(options.per_address_max);
    this.#accounts = buckets(options.per_account_max);
  }

  /** Counts an attempt before it is made. Throws `too_many_requests`, which says how long to wait. */
  begin(address: string): void {
    this.#take(this.#addresses, limitKey(address));
  }

  /** Counts one at an account; the same account is to have the same name each time. */
  tries(account: string): void {
    this.#take(this.#accounts, account);
  }

  /** It was the right one: nothing is held against the account. */
  succeeded(account: string | undefined): void {
    if (account !== undefined) this.#accounts?.give(account, 1);
  }

  #take(from: KeyedBuckets | undefined, key: string): void {
    const now_ms = this.#clock.monotonic();
    if (from === undefined || from.take(key, 1, now_ms)) return;
    throw new TooMany(from.retryAfter_ms(key, 1, now_ms));
  }
}
