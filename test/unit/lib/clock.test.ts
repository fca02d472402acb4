import { expect, jest, test } from "bun:test";
import { deadline, systemClock } from "../../../src/lib/clock.ts";
import { ManualClock } from "./manual-clock.ts";

const day_ms = 86_400_000;

function passDays(days: number): void {
  for (let day = 0; day < days; day++) {
    jest.advanceTimersByTime(day_ms);
  }
}

const late = (): Error => new Error("too late");

test("the wall clock is Unix time, and the monotonic one never goes back", () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  const before = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
});

test("soon runs after microtasks and after what the loop has waiting", async () => {
  const order: string[] = [];
  const done = new Promise<void>((resolve) => {
    systemClock.soon(() => {
      order.push("soon");
      resolve();
    });
  });
  queueMicrotask(() => order.push("microtask"));
  await done;
  expect(order).toEqual(["microtask", "soon"]);
});

test("a timer runs once, a periodic one again and again, and a cancelled one never", async () => {
  const ran: string[] = [];
  systemClock.after(1, () => ran.push("cancelled")).cancel();
  await new Promise<void>((resolve) => {
    systemClock.after(1, () => ran.push("once"));
    const timer = systemClock.every(2, () => {
      if (ran.push("again") >= 4) {
        timer.cancel();
        resolve();
      }
    });
  });
  expect(ran.toSorted()).toEqual(["again", "again", "again", "once"]);
});

test("a delay of months does not fire at once, but when the months are over", () => {
  jest.useFakeTimers();
  try {
    const run = jest.fn();
    const cancelled = jest.fn();
    systemClock.after(90 * day_ms, run);
    const timer = systemClock.after(60 * day_ms, cancelled);
    passDays(50);
    expect(run).not.toHaveBeenCalled();
    timer.cancel();
    passDays(39);
    expect(run).not.toHaveBeenCalled();
    passDays(2);
    expect(run).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
  } finally {
    jest.useRealTimers();
  }
});

test("what ends in time passes through a deadline, and no timer stays", async () => {
  const clock = new ManualClock();
  expect(await deadline(clock, Promise.resolve(7), { ms: 10, error: late })).toBe(7);
  const failing = deadline(clock, Promise.reject(new Error("own")), { ms: 10, error: late });
  expect(await failing.catch(String)).toBe("Error: own");
  expect(clock.pending).toBe(0);
});

test("what ends late is given up with the given error, and its own late failure troubles nobody", async () => {
  const clock = new ManualClock();
  const work = Promise.withResolvers<number>();
  const result = deadline(clock, work.promise, { ms: 10, error: late });
  clock.pass(10);
  expect(await result.catch(String)).toBe("Error: too late");
  work.reject(new Error("later still"));
  await Promise.resolve();
});
