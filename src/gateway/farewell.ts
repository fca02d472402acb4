/**
 * Sends everybody away when the server goes down: not all at once, because they all come back at once to whatever is
 * there then.
 */

import type { Clock } from "../lib/clock.ts";
import type { CloseName } from "../protocol/close.ts";

/** Time that one close may take on average, and all of them together. */
const each_ms = 3;
const spread_ms_max = 3_000;
const step_ms = 50;
/** What clients get to take the last close frames. */
const flush_ms_max = 300;

interface Closable {
  close(name: CloseName): void;
}

/** Closes them in random order with 3001, which means: come back. Resolves once `left` says that none is left. */
export async function sendAway(clock: Clock, all: readonly Closable[], left: () => number): Promise<void> {
  const order = shuffled(all);
  const steps = Math.max(1, Math.floor(Math.min(spread_ms_max, order.length * each_ms) / step_ms));
  const size = Math.ceil(order.length / steps);
  for (let at = 0; at < order.length; at += size) {
    if (at > 0) await pause(clock, step_ms);
    for (const connection of order.slice(at, at + size)) connection.close("shutdown");
  }
  const start_ms = clock.monotonic();
  while (left() > 0 && clock.monotonic() - start_ms < flush_ms_max) await pause(clock, 10);
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
