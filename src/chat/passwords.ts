/** Hashes of passwords: argon2id off the main thread, a few at once, and no longer a queue than people wait for. */

import { ChatError } from "../protocol/errors.ts";

/** As OWASP's table has it: 19 MiB, two passes; about 40 ms. */
const cost = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;
const working_max = 2;
/** At 40 ms each the last one waits for two seconds. */
const waiting_max = 100;

export class Passwords {
  #working = 0;
  readonly #waiting: (() => void)[] = [];

  hash(password: string): Promise<string> {
    return this.#inTurn(() => Bun.password.hash(password, cost));
  }

  /** False as well where the hash is none of ours. */
  verify(password: string, hash: string): Promise<boolean> {
    return this.#inTurn(() => Bun.password.verify(password, hash).catch(() => false));
  }

  /** Throws `overloaded` where too many wait already. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working >= working_max) {
      if (this.#waiting.length >= waiting_max) throw new ChatError("overloaded", "too many sign in at once");
      // Who has ended hands its place on, so that nobody comes between.
      await new Promise<void>((begin) => this.#waiting.push(begin));
    } else this.#working++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#working--;
      else next();
    }
  }
}
