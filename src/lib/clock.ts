import { assert } from "./assert.ts";

export interface Timer {
  /** Does nothing when the timer has run or was cancelled before. */
  cancel(): void;
}

/**
 * Time as the server sees it: the only way to it, so that a simulation can own it.
 *
 * `after` keeps the process alive, because somebody waits for what it does; `every` does not, because it is housekeeping.
 * What runs must not throw: nobody is there to catch it, and the process would leave.
 */
export interface Clock {
  /** The wall clock in Unix milliseconds. It may step in both directions: for what people read, never for durations. */
  now(): number;
  /** Milliseconds from an unnamed start, with fractions. It never goes back. */
  monotonic(): number;
  /** Runs once, not before the delay has passed. Any delay is fine, months included. */
  after(delay_ms: number, run: () => void): Timer;
  /** Runs again and again, the first time after one period. */
  every(period_ms: number, run: () => void): Timer;
  /** Runs after the event loop has taken what waits already: later than any microtask, without a delay. */
  soon(run: () => void): void;
}

/** The longest delay that the runtime keeps: it lets a timer with a longer one fire at once. */
const timer_ms_max = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),

  after(delay_ms, run) {
    assert(!Number.isNaN(delay_ms), "a timer's delay is a number");
    let left_ms = delay_ms;
    let handle: ReturnType<typeof setTimeout>;
    const wait = (): void => {
      const step_ms = Math.min(left_ms, timer_ms_max);
      left_ms -= step_ms;
      handle = setTimeout(left_ms > 0 ? wait : run, step_ms);
    };
    wait();
    return { cancel: () => clearTimeout(handle) };
  },

  every(period_ms, run) {
    assert(period_ms > 0 && period_ms <= timer_ms_max, "a period is above 0 and at most 24 days");
    const handle = setInterval(run, period_ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },

  soon(run) {
    setImmediate(run);
  },
};

/**
 * Settles as the work does, or rejects with the given error once the time is up. The work itself goes on: it must be
 * harmless when it ends late. Its late rejection is not reported as unhandled.
 */
export function deadline<T>(
  clock: Clock,
  work: Promise<T>,
  limit: { readonly ms: number; readonly error: () => Error },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(limit.ms, () => reject(limit.error()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
