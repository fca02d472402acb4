/** QR codes, read back by the standard's own rules: the other way round, and without the encoder's arithmetic. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { qrCode } from "../../../src/web/qr-code.ts";

type Squares = readonly (readonly boolean[])[];

/** Of each version with level M: the blocks' data, in bytes (ISO/IEC 18004, table 9). */
const blocks: Readonly<Record<number, readonly number[]>> = {
  1: [16],
  5: [43, 43],
  8: [38, 38, 39, 39],
  10: [43, 43, 43, 43, 44],
  12: [36, 36, 36, 36, 36, 36, 37, 37],
};

const at = (code: Squares, x: number, y: number): boolean => code[y]?.[x] === true;

/** Where a version has no data. */
function isFrame(version: number, x: number, y: number): boolean {
  const size = 17 + 4 * version;
  const nearCorner = (x < 9 && y < 9) || (x >= size - 8 && y < 9) || (x < 9 && y >= size - 8);
  if (nearCorner || x === 6 || y === 6) return true;
  if (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6))) return true;
  const middles: Record<number, number[]> = { 1: [], 5: [6, 30], 8: [6, 24, 42], 10: [6, 28, 50], 12: [6, 32, 58] };
  const list = middles[version] ?? [];
  return list.some((mx) => list.some((my) => !isCorner(mx, my, size) && Math.abs(x - mx) < 3 && Math.abs(y - my) < 3));
}

function isCorner(x: number, y: number, size: number): boolean {
  return (x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6);
}

function bytesOf(code: Squares): { version: number; bytes: number[] } {
  const size = code.length;
  const version = (size - 17) / 4;
  const bits: number[] = [];
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right--;
    for (let step = 0; step < size; step++) {
      const y = upwards ? size - 1 - step : step;
      for (const x of [right, right - 1])
        if (!isFrame(version, x, y)) bits.push(Number(at(code, x, y) !== ((x + y) % 2 === 0)));
    }
    upwards = !upwards;
  }
  const bytes = Array.from({ length: Math.floor(bits.length / 8) }, (_, n) =>
    Number.parseInt(bits.slice(n * 8, n * 8 + 8).join(""), 2),
  );
  return { version, bytes };
}

function read(code: Squares): string {
  const { bytes, version } = bytesOf(code);
  const lengths = blocks[version] ?? [];
  const parts: number[][] = lengths.map(() => []);
  let next = 0;
  for (let n = 0; n < Math.max(...lengths); n++)
    for (const [block, length] of lengths.entries()) if (n < length) parts[block]?.push(bytes[next++] ?? 0);
  const bits = parts.flat().flatMap((byte) => byte.toString(2).padStart(8, "0").split(""));
  const number = (from: number, length: number): number => Number.parseInt(bits.slice(from, from + length).join(""), 2);
  expect(number(0, 4)).toBe(4);
  const wide = version < 10 ? 8 : 16;
  const length = number(4, wide);
  return new TextDecoder().decode(Uint8Array.from({ length }, (_, n) => number(4 + wide + n * 8, 8)));
}

test("a text is read back from its squares, whatever it is", () => {
  const inVersion = { 1: [1, 14], 5: [63, 84], 8: [123, 152], 10: [181, 213], 12: [252, 287] } as const;
  for (const [version, [least, most]] of Object.entries(inVersion)) {
    const bytes = fc.string({ unit: "grapheme-ascii", minLength: least, maxLength: most });
    fc.assert(
      fc.property(bytes, (text) => {
        const code = qrCode(text) ?? [];
        expect(code.length).toBe(17 + 4 * Number(version));
        expect(read(code)).toBe(text);
      }),
      { numRuns: 20 },
    );
  }
});

test("the frame is where readers look for it, and a text that is too long has no code", () => {
  const code = qrCode("otpauth://totp/chat.example.com:ada?secret=ABCDEFGHIJKLMNOP") ?? [];
  const size = code.length;
  const corner = (x: number, y: number): string =>
    Array.from({ length: 7 }, (_, dy) =>
      Array.from({ length: 7 }, (__, dx) => (at(code, x + dx, y + dy) ? "#" : ".")).join(""),
    ).join("/");
  const eye = "#######/#.....#/#.###.#/#.###.#/#.###.#/#.....#/#######";
  expect([corner(0, 0), corner(size - 7, 0), corner(0, size - 7)]).toEqual([eye, eye, eye]);
  // Level M and the first mask: 101010000010010, the standard's own example of the format.
  const format = [8, 7, 5, 4, 3, 2, 1, 0].map((y) => Number(at(code, 8, y))).join("");
  expect(format).toBe("00010010");
  expect(at(code, 8, size - 8)).toBe(true);
  expect(qrCode("x".repeat(288))).toBeUndefined();
});
