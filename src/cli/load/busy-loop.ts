import type { Clock } from "../../lib/clock.ts";

/**
 * Keeps a load awake: it looks for bytes all the time instead of sleeping until some come. A server that writes to
 * somebody who sleeps pays for waking them, as it never does over a network. What the load itself needs is then the time
 * of the looks that found something.
 */
export class BusyLoop {
  readonly #clock: Clock;
  /** How much has come so far, in any unit. */
  readonly #came: () => number;
  #stopped = false;
  /** Time in turns of the loop that brought nothing. */
  #idle_ms = 0;

  constructor(clock: Clock, came: () => number) {
    this.#clock = clock;
    this.#came = came;
    this.#look(clock.monotonic(), came());
  }

  get idle_ms(): number {
    return this.#idle_ms;
  }

  stop(): void {
    this.#stopped = true;
  }

  #look(before_ms: number, before: number): void {
    this.#clock.soon(() => {
      const [now_ms, now] = [this.#clock.monotonic(), this.#came()];
      if (now === before) this.#idle_ms += now_ms - before_ms;
      if (!this.#stopped) this.#look(now_ms, now);
    });
  }
}
