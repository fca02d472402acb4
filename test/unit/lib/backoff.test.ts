import { expect, test } from "bun:test";
import { backoff } from "../../../src/lib/backoff.ts";

const options = { floor_ms: 100, ceiling_ms: 5_000 };

test("the wait is anywhere from the floor to a bound that doubles up to the ceiling", () => {
  const longest = [0, 1, 2, 5, 10, 5_000].map((attempt) => backoff(attempt, { ...options, random: () => 1 }));
  expect(longest).toEqual([200, 400, 800, 5_000, 5_000, 5_000]);
  const shortest = [0, 1, 10, 5_000].map((attempt) => backoff(attempt, { ...options, random: () => 0 }));
  expect(shortest).toEqual([100, 100, 100, 100]);
});

test("clients that lost their server together spread from the first attempt on", () => {
  const waits = Array.from({ length: 1_000 }, () => backoff(0, { ...options, random: Math.random }));
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(90);
});

test("a ceiling below the floor leaves the floor", () => {
  expect(backoff(3, { floor_ms: 100, ceiling_ms: 50, random: () => 0.5 })).toBe(100);
});
