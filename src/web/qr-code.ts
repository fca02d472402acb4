/**
 * A text as a QR code (ISO/IEC 18004): bytes, error correction of level M, versions 1 to 12, enough for 287 bytes. The mask
 * is always the first one: readers take any, and choosing the fairest would be half of this file.
 */

/** Of each version: bytes of error correction a block, and the blocks as pairs of how many and how many bytes of data. */
const versions: readonly (readonly [correction: number, ...blocks: (readonly [count: number, bytes: number])[]])[] = [
  [10, [1, 16]],
  [16, [1, 28]],
  [26, [1, 44]],
  [18, [2, 32]],
  [24, [2, 43]],
  [16, [4, 27]],
  [18, [4, 31]],
  [22, [2, 38], [2, 39]],
  [22, [3, 36], [2, 37]],
  [26, [4, 43], [1, 44]],
  [30, [1, 50], [4, 51]],
  [22, [6, 36], [2, 37]],
];
/** From this version on the length of the text takes two bytes, and from that one on the version is written down. */
const long_from = 10;
const told_from = 7;

/** Powers of 2 in the field of 256 elements, by x^8 + x^4 + x^3 + x^2 + 1. */
const powers = new Uint8Array(510);
const logs = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  powers[power] = value;
  powers[power + 255] = value;
  logs[value] = power;
  value = (value << 1) ^ (value & 0x80 ? 0x11d : 0);
}

function times(one: number, other: number): number {
  return one === 0 || other === 0 ? 0 : (powers[(logs[one] ?? 0) + (logs[other] ?? 0)] ?? 0);
}

/** The remainder of Reed and Solomon: what makes the block a multiple of the generator. */
function correctionOf(block: readonly number[], length: number): number[] {
  let generator = [1];
  for (let degree = 0; degree < length; degree++) {
    const root = powers[degree] ?? 0;
    generator = [...generator, 0].map((term, at) => term ^ times(generator[at - 1] ?? 0, root));
  }
  const rest = [...block, ...Array.from({ length }, () => 0)];
  for (let at = 0; at < block.length; at++) {
    const factor = rest[at] ?? 0;
    generator.forEach((term, offset) => (rest[at + offset] = (rest[at + offset] ?? 0) ^ times(term, factor)));
  }
  return rest.slice(block.length);
}

function capacityOf(version: number): number {
  const [, ...blocks] = versions[version - 1] ?? [0];
  return blocks.reduce((sum, [count, bytes]) => sum + count * bytes, 0);
}

/** The data of a version, padded, in blocks that are dealt out byte by byte, and their correction behind. */
function codewordsOf(text: Uint8Array, version: number): number[] {
  const [correction, ...blocks] = versions[version - 1] ?? [0];
  const length = text.length.toString(2).padStart(version < long_from ? 8 : 16, "0");
  const bits = `0100${length}${[...text].map((byte) => byte.toString(2).padStart(8, "0")).join("")}0000`;
  const data = (bits.match(/.{1,8}/g) ?? []).map((octet) => Number.parseInt(octet.padEnd(8, "0"), 2));
  const capacity = capacityOf(version);
  data.length = Math.min(data.length, capacity);
  for (let pad = 0xec; data.length < capacity; pad ^= 0xec ^ 0x11) data.push(pad);
  const parts: number[][] = [];
  for (const [count, bytes] of blocks) for (let n = 0; n < count; n++) parts.push(data.splice(0, bytes));
  const dealt = (rows: readonly number[][]): number[] =>
    Array.from({ length: Math.max(...rows.map((row) => row.length)) }, (_, at) =>
      rows.flatMap((row) => row[at] ?? []),
    ).flat();
  return [...dealt(parts), ...dealt(parts.map((part) => correctionOf(part, correction)))];
}

/** A number with the remainder of its division behind it, both as polynomials over two elements. */
function withRemainder(value: number, degree: number, generator: number): number {
  let rest = value << degree;
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit = 31 - Math.clz32(rest)) rest ^= generator << (bit - degree);
  return (value << degree) | rest;
}

/** The squares that are the same in every code of a version; undefined where data goes. */
function frameOf(version: number): (boolean | undefined)[][] {
  const size = 17 + 4 * version;
  const frame = Array.from({ length: size }, () =>
    Array.from<unknown, boolean | undefined>({ length: size }, () => undefined),
  );
  const set = (x: number, y: number, dark: boolean): void => {
    const row = frame[y];
    if (row !== undefined && x >= 0 && x < size) row[x] = dark;
  };
  for (let at = 0; at < size; at++) {
    set(at, 6, at % 2 === 0);
    set(6, at, at % 2 === 0);
  }
  const middles =
    version === 1 ? [] : version < told_from ? [6, size - 7] : [6, (size - 1) / 2 + (((size - 1) / 2) % 2), size - 7];
  for (const x of middles)
    for (const y of middles) {
      const inCorner = (x === 6 && y === 6) || (x === 6 && y === size - 7) || (x === size - 7 && y === 6);
      if (inCorner) continue;
      for (let dx = -2; dx <= 2; dx++)
        for (let dy = -2; dy <= 2; dy++) set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
    }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    for (let dx = -4; dx <= 4; dx++)
      for (let dy = -4; dy <= 4; dy++) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        set(x + dx, y + dy, ring !== 2 && ring !== 4);
      }
  writeFormat(size, set);
  if (version >= told_from) {
    const told = withRemainder(version, 12, 0x1f25);
    for (let bit = 0; bit < 18; bit++) {
      const dark = ((told >> bit) & 1) === 1;
      const [far, near] = [size - 11 + (bit % 3), Math.floor(bit / 3)];
      set(far, near, dark);
      set(near, far, dark);
    }
  }
  return frame;
}

/** Level M and the first mask, twice. */
function writeFormat(size: number, set: (x: number, y: number, dark: boolean) => void): void {
  const format = withRemainder(0, 10, 0x537) ^ 0x5412;
  for (let bit = 0; bit < 15; bit++) {
    const dark = ((format >> bit) & 1) === 1;
    set(8, bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, dark);
    set(bit < 8 ? size - 1 - bit : bit < 9 ? 7 : 14 - bit, 8, dark);
  }
  set(8, size - 8, true);
}

/** Rows of squares, true for dark, without the margin; undefined for a text that is too long. */
export function qrCode(text: string): readonly (readonly boolean[])[] | undefined {
  const bytes = new TextEncoder().encode(text);
  const version = versions.findIndex((_, at) => capacityOf(at + 1) >= bytes.length + (at + 1 < long_from ? 2 : 3)) + 1;
  if (version === 0) return undefined;
  const frame = frameOf(version);
  const size = frame.length;
  const bits = codewordsOf(bytes, version).flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (word >> bit) & 1));
  let next = 0;
  // Two columns at a time from the right, up and down by turns, passing over the column of the timing.
  for (let right = size - 1, upwards = true; right > 0; right -= right === 8 ? 3 : 2, upwards = !upwards)
    for (let step = 0; step < size; step++) {
      const y = upwards ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        const row = frame[y];
        if (row === undefined || row[x] !== undefined) continue;
        row[x] = ((bits[next++] ?? 0) === 1) !== ((x + y) % 2 === 0);
      }
    }
  return frame.map((row) => row.map((dark) => dark === true));
}
