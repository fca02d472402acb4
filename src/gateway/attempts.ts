/** How often somebody may try to prove who they are: per address, and per account that is tried. */

import type { Clock } from "../lib/clock.ts";
import { limitKey } from "./address.ts";
import { Hourly } from "./rates.ts";

export interface AttemptsOptions {
  readonly clock: Clock;
  /** In an hour, right ones too; 0 for no limit. */
  readonly per_address_max: number;
  /** Wrong ones in an hour; 0 for no limit. */
  readonly per_account_max: number;
}

export class Attempts {
  readonly #addresses: Hourly;
  readonly #accounts: Hourly;

  constructor({ clock, per_account_max, per_address_max }: AttemptsOptions) {
    this.#addresses = new Hourly({ clock, max: per_address_max });
    this.#accounts = new Hourly({ clock, max: per_account_max });
  }

  /** Counts an attempt before it is made. Throws `too_many_requests`, which says how long to wait. */
  begin(address: string): void {
    this.#addresses.count(limitKey(address));
  }

  /** Counts one at an account; the same account is to have the same name each time. */
  tries(account: string): void {
    this.#accounts.count(account);
  }

  /** It was the right one: nothing is held against the account. */
  succeeded(account: string | undefined): void {
    if (account !== undefined) this.#accounts.forgive(account);
  }
}
