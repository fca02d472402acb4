/** Who is writing in a room just now, and telling others that one is. */

import type { Stop } from "./listeners.ts";

/** Said again this often while somebody writes. */
export const typing_again_ms = 3_000;
/** Who has not said so again by then has stopped. */
export const typing_shown_ms = 6_000;

export class Typing {
  readonly #say: () => void;
  readonly #changed: (users: readonly string[]) => void;
  readonly #users = new Map<string, ReturnType<typeof setTimeout>>();
  #said = Number.NEGATIVE_INFINITY;

  constructor(options: { say: () => void; changed: (users: readonly string[]) => void }) {
    this.#say = options.say;
    this.#changed = options.changed;
  }

  /** The person presses keys. */
  writing(): void {
    const now = performance.now();
    if (now - this.#said < typing_again_ms) return;
    this.#said = now;
    this.#say();
  }

  /** The person has sent it: the next key is said at once. */
  sent(): void {
    this.#said = Number.NEGATIVE_INFINITY;
  }

  heard(users: readonly string[]): void {
    for (const user of users) {
      clearTimeout(this.#users.get(user));
      this.#users.set(
        user,
        setTimeout(() => this.stopped(user), typing_shown_ms),
      );
    }
    this.#tell();
  }

  /** They have sent a message, or left, or have been silent for a while. */
  stopped(user: string): void {
    clearTimeout(this.#users.get(user));
    if (this.#users.delete(user)) this.#tell();
  }

  end: Stop = () => {
    for (const timer of this.#users.values()) clearTimeout(timer);
    this.#users.clear();
  };

  #tell(): void {
    this.#changed([...this.#users.keys()]);
  }
}
