import { describe, expect, test } from "bun:test";
import { Ring, RingMemory } from "../../../src/store/ring.ts";

const chunk_bytes = 64;
/** Four chunks, each of which has room for as many texts of two letters. */
const texts_a_chunk = 10;
const small = (): RingMemory => new RingMemory(4 * chunk_bytes);

function textsOf(ring: Ring): string[] {
  return Array.from({ length: ring.last - ring.first + 1 }, (_, at) => ring.at(ring.first + at));
}

/** What a ring has must be the newest of all that was appended, in order. */
class Witness {
  readonly ring: Ring;
  #texts: string[] = [];
  #first: number;

  constructor(memory: RingMemory, next: number) {
    this.ring = new Ring(memory, next);
    this.#first = next;
  }

  append(text: string): void {
    this.#texts.push(text);
    this.ring.append(text);
  }

  prepend(texts: readonly string[]): void {
    this.#texts.splice(0, this.ring.first - this.#first, ...texts);
    this.#first = this.ring.first - texts.length;
    this.ring.prepend(texts);
  }

  clear(): void {
    this.ring.clear();
  }

  check(): void {
    const { ring } = this;
    expect(ring.last).toBe(this.#first + this.#texts.length - 1);
    expect(textsOf(ring)).toEqual(this.#texts.slice(ring.first - this.#first));
  }
}

describe("a ring", () => {
  test("that is empty begins where the next event will be", () => {
    const ring = new Ring(small(), 5);
    expect([ring.first, ring.last]).toEqual([5, 4]);
    ring.append("e5");
    expect([ring.first, ring.last, ring.at(5)]).toEqual([5, 5, "e5"]);
  });

  test("gives texts back as they were, in any script", () => {
    const ring = new Ring(new RingMemory(1024), 1);
    const texts = ["", "plain", "Grüße", "日本語", "👋🏽 hi", "\u0000\u007f", "x".repeat(200)];
    for (const text of texts) ring.append(text);
    expect(textsOf(ring)).toEqual(texts);
  });

  test("is filled backwards, also after some have gone", () => {
    const ring = new Ring(small(), 4);
    ring.append("e4");
    ring.append("e5");
    ring.prepend(["e2", "e3"]);
    expect([ring.first, ring.last]).toEqual([2, 5]);
    expect(textsOf(ring)).toEqual(["e2", "e3", "e4", "e5"]);
    ring.append("e6");
    expect(textsOf(ring)).toEqual(["e2", "e3", "e4", "e5", "e6"]);
  });

  test("is not filled backwards where that would move many", () => {
    const ring = new Ring(new RingMemory(1024 ** 2), 2);
    for (let seq = 2; seq < 2_000; seq++) ring.append("text");
    ring.prepend(["first"]);
    expect([ring.first, ring.last]).toEqual([2, 1_999]);
  });

  test("leaves out the oldest of what is filled in backwards and does not fit", () => {
    const ring = new Ring(small(), 101);
    ring.append("xx");
    ring.prepend(Array.from({ length: 100 }, (_, at) => String(at).padStart(2, "0")));
    expect(ring.last).toBe(101);
    expect(ring.first).toBeGreaterThan(1 + 100 - 4 * texts_a_chunk);
    expect(ring.first).toBeLessThan(101 - 2 * texts_a_chunk);
    expect(ring.at(ring.first)).toBe(String(ring.first - 1));
  });

  test("forgets what is cleared, and goes on behind it", () => {
    const ring = new Ring(small(), 1);
    ring.append("e1");
    ring.append("e2");
    ring.clear();
    expect([ring.first, ring.last]).toEqual([3, 2]);
    ring.append("e3");
    expect([ring.first, textsOf(ring)]).toEqual([3, ["e3"]]);
    ring.skipTo(10);
    ring.append("e10");
    expect([ring.first, textsOf(ring)]).toEqual([10, ["e10"]]);
  });

  test("passes over an event that is too large for it", () => {
    const ring = new Ring(small(), 1);
    ring.append("e1");
    ring.append("ü".repeat(chunk_bytes / 2));
    expect([ring.first, ring.last]).toEqual([3, 2]);
    ring.append("e3");
    expect([ring.first, textsOf(ring)]).toEqual([3, ["e3"]]);
    // It is counted in bytes, and what just fits does.
    ring.append("ü".repeat(chunk_bytes / 2 - 2));
    expect([ring.first, ring.last]).toEqual([3, 4]);
  });
});

describe("the memory of the rings", () => {
  test("lets go what was written first, whatever its room", () => {
    const memory = small();
    const [a, b] = [new Ring(memory, 1), new Ring(memory, 1)];
    a.append("a1");
    for (let seq = 1; seq < 4 * texts_a_chunk; seq++) b.append("bb");
    expect([a.first, b.first]).toEqual([1, 1]);
    // A chunk goes as a whole, and nobody else's.
    b.append("bb");
    expect([a.first, a.last]).toEqual([2, 1]);
    expect([b.first, b.last]).toEqual([texts_a_chunk, 4 * texts_a_chunk]);
    expect(memory.bytes).toBeLessThanOrEqual(4 * chunk_bytes);
  });

  test("takes no more than it may, at any size", () => {
    for (const bytes_max of [100, 1_000, 10_000, 1_500_000]) {
      const memory = new RingMemory(bytes_max);
      const ring = new Ring(memory, 1);
      for (let seq = 1; seq <= bytes_max / 6; seq++) {
        ring.append("xx");
        expect(memory.bytes).toBeLessThanOrEqual(bytes_max);
      }
      expect(memory.bytes).toBeGreaterThan(0.7 * bytes_max);
    }
  });

  test("is right over many events of rooms that come, are filled, cleared and go", () => {
    const memory = new RingMemory(8 * 1024);
    const rooms = Array.from({ length: 7 }, () => new Witness(memory, 1));
    for (let at = 0; at < 20_000; at++) {
      const place = (at * 31) % rooms.length;
      const room = rooms[place] as Witness;
      const { ring } = room;
      if (at % 97 === 0) room.clear();
      else if (at % 89 === 0 && ring.first > 3) room.prepend([`p${at}`, `q${at}`]);
      else if (at % 1_009 === 0) rooms[place] = new Witness(memory, at);
      else room.append(`${at}`.repeat(at % 17));
      if (at % 50 === 0) for (const one of rooms) one.check();
    }
    expect(memory.bytes).toBeGreaterThan(6 * 1024);
  });
});
