import type { Clock, Timer } from "../../../src/lib/clock.ts";

/** A clock that stands still until a test moves it. Timers run in the order of their times, at their times. */
export class ManualClock implements Clock {
  /** Added to the time that passes: set it to step the wall clock. */
  wall_ms = Date.UTC(2026, 0, 1);
  #elapsed_ms = 0;
  #count = 0;
  readonly #timers = new Map<
    number,
    { at_ms: number; readonly period_ms: number | undefined; readonly run: () => void }
  >();

  now(): number {
    return this.wall_ms + this.#elapsed_ms;
  }

  monotonic(): number {
    return this.#elapsed_ms;
  }

  after(delay_ms: number, run: () => void): Timer {
    return this.#add(Math.max(0, delay_ms), undefined, run);
  }

  every(period_ms: number, run: () => void): Timer {
    return this.#add(period_ms, period_ms, run);
  }

  soon(run: () => void): void {
    this.after(0, run);
  }

  /** Timers that have yet to run. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass and runs what is due in it. */
  pass(duration_ms: number): void {
    const end_ms = this.#elapsed_ms + duration_ms;
    for (;;) {
      const [next] = [...this.#timers].sort(([a, one], [b, other]) => one.at_ms - other.at_ms || a - b);
      if (next === undefined || next[1].at_ms > end_ms) {
        break;
      }
      const [id, timer] = next;
      this.#elapsed_ms = timer.at_ms;
      if (timer.period_ms === undefined) {
        this.#timers.delete(id);
      } else {
        timer.at_ms += timer.period_ms;
      }
      timer.run();
    }
    this.#elapsed_ms = end_ms;
  }

  #add(delay_ms: number, period_ms: number | undefined, run: () => void): Timer {
    const id = this.#count++;
    this.#timers.set(id, { at_ms: this.#elapsed_ms + delay_ms, period_ms, run });
    return { cancel: () => void this.#timers.delete(id) };
  }
}
