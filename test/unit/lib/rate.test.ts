import { expect, test } from "bun:test";
import fc from "fast-check";
import { KeyedBuckets, TokenBucket } from "../../../src/lib/rate.ts";

test("a bucket grants its burst at once and its rate afterwards", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  expect([1, 2, 3, 4].map(() => bucket.take(1, 0))).toEqual([true, true, true, false]);
  expect(bucket.retryAfter_ms(1, 0)).toBe(100);
  expect(bucket.take(1, 99)).toBe(false);
  expect(bucket.take(1, 100)).toBe(true);
  expect(bucket.take(3, 10_000)).toBe(true);
  expect(bucket.take(1, 10_000)).toBe(false);
});

test("a cost above the burst is never granted, and said so", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  expect(bucket.take(4, 1_000_000)).toBe(false);
  expect(bucket.retryAfter_ms(4, 1_000_000)).toBe(Number.POSITIVE_INFINITY);
  expect(bucket.take(3, 1_000_000)).toBe(true);
});

test("a time that goes back gives nothing and takes nothing", () => {
  const bucket = new TokenBucket({ perSecond: 1_000, burst: 1 });
  expect(bucket.take(1, 5_000)).toBe(true);
  expect(bucket.take(1, 4_000)).toBe(false);
  expect(bucket.take(1, 5_000)).toBe(false);
  expect(bucket.take(1, 5_001)).toBe(true);
});

test("whoever waits as long as told is served, and nobody gets more than rate and burst allow", () => {
  const rate = fc.record({ perSecond: fc.integer({ min: 1, max: 10_000 }), burst: fc.integer({ min: 1, max: 1_000 }) });
  const costs = fc.array(fc.tuple(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 500 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(rate, costs, ({ perSecond, burst }, takes) => {
      const bucket = new TokenBucket({ perSecond, burst });
      let now_ms = 0;
      let granted = 0;
      for (const [cost, pause_ms] of takes) {
        now_ms += pause_ms;
        const wait_ms = bucket.retryAfter_ms(cost, now_ms);
        expect(wait_ms === Number.POSITIVE_INFINITY).toBe(cost > burst);
        if (cost <= burst) {
          now_ms += wait_ms;
          expect(bucket.take(cost, now_ms)).toBe(true);
          granted += cost;
        }
        expect(granted).toBeLessThanOrEqual(burst + (now_ms * perSecond) / 1000 + 0.01);
      }
    }),
  );
});

test("each key has a bucket of its own, and the keys stay within their bound", () => {
  const buckets = new KeyedBuckets({ perSecond: 1, burst: 1, keys_max: 2 });
  expect(buckets.take("a", 1, 0)).toBe(true);
  expect(buckets.take("a", 1, 0)).toBe(false);
  expect(buckets.take("b", 1, 0)).toBe(true);
  expect(buckets.retryAfter_ms("a", 1, 0)).toBe(1_000);
  expect(buckets.retryAfter_ms("new", 1, 0)).toBe(0);
  expect(buckets.retryAfter_ms("new", 2, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(buckets.take("c", 1, 0)).toBe(true);
  expect(buckets.size).toBe(2);
  // "b" was idle for longest and went; "a" was asked about since, and is still empty.
  expect(buckets.take("a", 1, 0)).toBe(false);
});

test("what is given back can be taken again, and no more than the burst", () => {
  const buckets = new KeyedBuckets({ perSecond: 0.001, burst: 2, keys_max: 10 });
  expect([buckets.take("a", 1, 0), buckets.take("a", 1, 0), buckets.take("a", 1, 0)]).toEqual([true, true, false]);
  buckets.give("a", 1);
  expect([buckets.take("a", 1, 0), buckets.take("a", 1, 0)]).toEqual([true, false]);
  buckets.give("a", 5);
  expect([buckets.take("a", 2, 0), buckets.take("a", 1, 0)]).toEqual([true, false]);
});

test("what is charged afterwards is owed, up to a burst, and flows in first", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  for (let n = 0; n < 5; n++) bucket.charge(1, 0);
  expect(bucket.retryAfter_ms(1, 0)).toBe(300);
  expect(bucket.take(1, 299)).toBe(false);
  expect(bucket.take(1, 300)).toBe(true);
  bucket.charge(1_000, 300);
  expect(bucket.retryAfter_ms(1, 300)).toBe(400);
  const buckets = new KeyedBuckets({ perSecond: 10, burst: 3, keys_max: 2 });
  for (let n = 0; n < 4; n++) buckets.charge("a", 1, 0);
  expect([buckets.retryAfter_ms("a", 1, 0), buckets.retryAfter_ms("b", 1, 0)]).toEqual([200, 0]);
});
