import type { Clock, Timer } from "./clock.ts";

const period_ms = 100;

/** Tells every 100 ms how late the event loop was, in milliseconds: what everybody on this thread had to wait. */
export function watchLoopLag(clock: Clock, tell: (lag_ms: number) => void): Timer {
  let due_ms = clock.monotonic() + period_ms;
  return clock.every(period_ms, () => {
    const now_ms = clock.monotonic();
    tell(Math.max(0, now_ms - due_ms));
    due_ms = now_ms + period_ms;
  });
}
