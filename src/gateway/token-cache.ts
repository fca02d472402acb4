/**
 * Who a bearer token is, remembered for a moment: a caller with many requests a second is verified once a second. A
 * revoked sign-in is refused a second later at most, as its sockets are.
 */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { ChatError } from "../protocol/errors.ts";
import { InvalidToken, type Auth, type SignIn } from "./auth.ts";
import type { Rates } from "./rates.ts";

const remembered_ms = 1_000;
const tokens_max = 10_000;
const second_ms = 1_000;

interface Remembered {
  readonly signIn: Promise<SignIn>;
  readonly until_ms: number;
}

export class TokenCache {
  readonly #auth: Auth;
  readonly #clock: Clock;
  readonly #rates: Rates;
  readonly #known = new Lru<string, Remembered>(tokens_max);

  constructor(options: { auth: Auth; clock: Clock; rates: Rates }) {
    this.#auth = options.auth;
    this.#clock = options.clock;
    this.#rates = options.rates;
  }

  /** Throws `unauthorized`, `token_expired`, or `too_many_requests` for an address that tries one bad token after another. */
  async signIn(token: string, address: string): Promise<SignIn> {
    const now_ms = this.#clock.monotonic();
    const known = this.#known.get(token);
    const signIn = await (known !== undefined && known.until_ms > now_ms ? known.signIn : this.#verify(token, address));
    // A token may end within the moment.
    if (signIn.expires_s !== undefined && signIn.expires_s * second_ms <= this.#clock.now())
      throw new ChatError("token_expired");
    return signIn;
  }

  #verify(token: string, address: string): Promise<SignIn> {
    this.#rates.checkTokens(address);
    const signIn = this.#verified(token, address);
    this.#known.set(token, { signIn, until_ms: this.#clock.monotonic() + remembered_ms });
    return signIn;
  }

  /** Whoever brings the token meanwhile waits for the same answer. */
  async #verified(token: string, address: string): Promise<SignIn> {
    try {
      return await this.#auth.signIn(token, undefined);
    } catch (error) {
      this.#known.delete(token);
      const refused = error instanceof InvalidToken || (error instanceof ChatError && error.code === "unauthorized");
      if (refused) this.#rates.tokenRefused(address);
      if (error instanceof InvalidToken) throw new ChatError("unauthorized", error.message, { cause: error });
      throw error;
    }
  }
}
