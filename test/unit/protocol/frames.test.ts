import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { aroundPublication, joinLines } from "../../../src/protocol/frames.ts";

const bytes_max = 200;
const around = aroundPublication("r".repeat(20));
const texts = fc.array(fc.string({ unit: fc.constantFrom("a", "é", "語", "😀"), minLength: 1, maxLength: 80 }));

describe("lines joined into frames", () => {
  test("are each what it would be alone, in their order", () => {
    fc.assert(
      fc.property(texts, (given) => {
        const lines = given.map((text) => `${around.start}${text}${around.end}`);
        expect(joinLines(given, bytes_max, around).flatMap((frame) => frame.split("\n"))).toEqual(lines);
        expect(joinLines(lines, bytes_max).flatMap((frame) => frame.split("\n"))).toEqual(lines);
      }),
    );
  });

  test("fit their limit in bytes, but for one that is larger by itself", () => {
    fc.assert(
      fc.property(texts, (given) => {
        for (const frame of joinLines(given, bytes_max, around))
          if (frame.includes("\n")) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(bytes_max);
      }),
    );
  });
});
