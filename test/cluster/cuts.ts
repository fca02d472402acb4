/** What happens while a node is cut off from a service and after it is healed, and what must not. */

import { expect } from "bun:test";
import type { Place, Service } from "./network.ts";
import type { Traffic } from "./traffic.ts";

const refused_ms_max = 2_500;
const healed_ms_max = 5_000;
const late_ms_max = 3_000;

export interface Cut {
  readonly service: Service;
  readonly direction: "out" | "back" | "both";
  readonly ms: number;
  /** Runs while it is cut. */
  readonly during?: () => Promise<void>;
}

/**
 * Cuts a place off under traffic and heals it. `isCutOff` says whether a sender is at that node. Sends there are refused
 * in time if it is the database that is gone; all others go on; and every reader has everything soon after the healing.
 */
export async function cutOff(
  cut: Cut,
  at: { place: Place; traffic: Traffic; isCutOff: (sender: number) => boolean },
): Promise<void> {
  const { direction, ms, service } = cut;
  const { isCutOff, place, traffic } = at;
  const from_ms = performance.now();
  place.cut(service, direction);
  await Promise.all([Bun.sleep(ms), cut.during?.()]);
  place.heal();
  const to_ms = performance.now();
  await traffic.caughtUp(healed_ms_max);
  const caughtUp_ms = performance.now() - to_ms;
  const during = traffic.answers.filter(({ sent_ms }) => sent_ms > from_ms && sent_ms < to_ms);
  const refused = during.filter(({ code }) => code !== undefined);
  const slowest_ms = Math.max(0, ...refused.map(({ took_ms }) => took_ms));
  const others = refused.filter(({ sender }) => !isCutOff(sender));
  const late_ms = traffic.latest(from_ms, to_ms);
  console.log(
    `figure: cut off from ${service} ${direction} for ${ms} ms: ${refused.length} of ${during.length} sends refused within ${slowest_ms.toFixed(0)} ms, ${others.length} of them elsewhere; events late by ${late_ms.toFixed(0)} ms; everything everywhere ${caughtUp_ms.toFixed(0)} ms after it healed`,
  );
  expect(others).toEqual([]);
  expect(slowest_ms).toBeLessThan(refused_ms_max);
  if (service === "redis") expect({ refused, late: late_ms < late_ms_max }).toEqual({ refused: [], late: true });
  else expect(refused.length).toBeGreaterThan(0);
}
