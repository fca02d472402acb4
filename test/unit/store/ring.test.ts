import { describe, expect, test } from "bun:test";
import { Ring, RingBudget } from "../../../src/store/ring.ts";

/** What an event costs: its text and 64 bytes beside it. */
const cost = (text: string): number => text.length + 64;

function textsOf(ring: Ring): string[] {
  return Array.from({ length: ring.last - ring.first + 1 }, (_, at) => ring.at(ring.first + at));
}

describe("a ring", () => {
  test("that is empty begins where the next event will be", () => {
    const ring = new Ring(5);
    expect([ring.first, ring.last]).toEqual([5, 4]);
    ring.append("e5");
    expect([ring.first, ring.last, ring.at(5)]).toEqual([5, 5, "e5"]);
  });

  test("keeps seqs and texts together while the oldest go", () => {
    const ring = new Ring(1);
    for (let seq = 1; seq <= 2_000; seq++) {
      ring.append(`e${seq}`);
      if (seq > 10) ring.shift();
      expect(ring.last).toBe(seq);
      expect(ring.at(seq)).toBe(`e${seq}`);
      expect(ring.at(ring.first)).toBe(`e${ring.first}`);
    }
    expect(textsOf(ring)).toEqual(Array.from({ length: 10 }, (_, at) => `e${1_991 + at}`));
  });

  test("is filled backwards, also after some have gone", () => {
    const ring = new Ring(4);
    ring.append("e4");
    ring.append("e5");
    ring.prepend(["e2", "e3"]);
    expect([ring.first, ring.last]).toEqual([2, 5]);
    ring.shift();
    ring.shift();
    ring.prepend(["e3"]);
    expect(textsOf(ring)).toEqual(["e3", "e4", "e5"]);
  });

  test("that is empty has nothing to give", () => {
    expect(new Ring(1).shift()).toBe(0);
  });
});

describe("the budget of the rings", () => {
  test("lets go what was appended first, whatever its room", () => {
    const budget = new RingBudget(4 * cost("a1"));
    const [a, b] = [new Ring(1), new Ring(1)];
    for (const [ring, text] of [
      [a, "a1"],
      [b, "b1"],
      [a, "a2"],
      [b, "b2"],
      [b, "b3"],
      [b, "b4"],
    ] as const)
      budget.append(ring, text);
    expect(textsOf(a)).toEqual(["a2"]);
    expect(textsOf(b)).toEqual(["b2", "b3", "b4"]);
    expect(budget.bytes).toBe(4 * cost("a1"));
  });

  test("is never passed, and counts what is there, over many events", () => {
    const budget = new RingBudget(50_000);
    const rings = Array.from({ length: 7 }, () => new Ring(1));
    for (let at = 0; at < 30_000; at++) {
      budget.append(rings[(at * 31) % 7] as Ring, "x".repeat(at % 97));
      expect(budget.bytes).toBeLessThanOrEqual(50_000);
    }
    const held = rings.flatMap(textsOf).reduce((sum, text) => sum + cost(text), 0);
    expect(budget.bytes).toBe(held);
    expect(held).toBeGreaterThan(49_000);
  });

  test("lets go even an event that alone is too large", () => {
    const budget = new RingBudget(100);
    const ring = new Ring(1);
    budget.append(ring, "x".repeat(200));
    expect([ring.first, ring.last, budget.bytes]).toEqual([2, 1, 0]);
  });

  test("gets back the bytes of a room that is released", () => {
    const budget = new RingBudget(10_000);
    const [gone, kept] = [new Ring(1), new Ring(1)];
    budget.append(gone, "g1");
    budget.append(kept, "k1");
    budget.append(gone, "g2");
    budget.release(gone);
    expect(budget.bytes).toBe(cost("k1"));
    expect(textsOf(kept)).toEqual(["k1"]);
    for (let at = 0; at < 1_000; at++) budget.append(kept, `k${at}`);
    expect(budget.bytes).toBe(textsOf(kept).reduce((sum, text) => sum + cost(text), 0));
  });

  test("stays right where rooms come and go", () => {
    const budget = new RingBudget(1_000_000);
    const kept = new Ring(1);
    for (let at = 0; at < 40_000; at++) {
      const passing = new Ring(1);
      budget.append(passing, "p");
      if (at % 1_000 === 0) budget.append(kept, `k${at}`);
      budget.release(passing);
    }
    expect(budget.bytes).toBe(textsOf(kept).reduce((sum, text) => sum + cost(text), 0));
    expect(textsOf(kept).length).toBe(40);
  });

  test("stays right where a room's events are forgotten and others come", () => {
    const budget = new RingBudget(1_000);
    const ring = new Ring(1);
    for (let round = 0; round < 50; round++) {
      for (let at = 0; at < 20; at++) budget.append(ring, "x".repeat(round));
      expect(budget.bytes).toBe(textsOf(ring).length * (round + 64));
      budget.clear(ring);
      expect([budget.bytes, ring.last - ring.first]).toEqual([0, -1]);
    }
  });

  test("keeps what is there where another room's events are forgotten again and again", () => {
    const budget = new RingBudget(100_000);
    const [kept, cleared] = [new Ring(1), new Ring(1)];
    for (let at = 0; at < 60_000; at++) {
      if (at % 2_000 === 0) budget.append(kept, `k${at}`);
      budget.append(cleared, "c");
      budget.clear(cleared);
    }
    expect(textsOf(kept).length).toBe(30);
    expect(budget.bytes).toBe(textsOf(kept).reduce((sum, text) => sum + cost(text), 0));
    // What is full from here on gives up the oldest of each in turn.
    for (let at = 0; at < 5_000; at++) budget.append(at % 2 === 0 ? kept : cleared, "x");
    expect(budget.bytes).toBeLessThanOrEqual(100_000);
    expect(textsOf(kept).every((text) => text === "x")).toBe(true);
  });

  test("leaves out the oldest of what is filled in backwards and does not fit", () => {
    const budget = new RingBudget(3 * cost("e1"));
    const ring = new Ring(5);
    budget.append(ring, "e5");
    budget.prepend(ring, ["e1", "e2", "e3", "e4"]);
    expect(textsOf(ring)).toEqual(["e3", "e4", "e5"]);
    expect(budget.bytes).toBe(3 * cost("e1"));
  });
});
