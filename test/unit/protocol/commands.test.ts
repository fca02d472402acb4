/** PROMISES.md, the payload table: a command that is wrong inside is refused, and looking at it costs next to nothing. */

import { expect, test } from "bun:test";
import { decodeLine } from "../../../src/protocol/commands.ts";

const refused_ms_max = 1;
/** The fastest counts: what else the machine does only adds. */
const tries = 100;

const digits = "9".repeat(60_000);
const keys = (count: number): string => Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(",");
const wrong: Readonly<Record<string, string>> = {
  "an unknown key": `{"id":1,"ping":{},"surprise":1}`,
  "an unknown key inside": `{"id":1,"subscribe":{"channel":"x","surprise":1}}`,
  "65 keys in a command": `{"id":1,"ping":{},${keys(65)}}`,
  "2,000 keys inside": `{"id":1,"history":{"channel":"x",${keys(2_000)}}}`,
  "33 levels": `{"id":1,"publish":{"channel":"x","data":${"[".repeat(33)}${"]".repeat(33)}}}`,
  "30,000 brackets": `{"id":1,"publish":{"channel":"x","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}}`,
  "brackets that never end": `{"id":1,"publish":{"channel":"x","data":${'{"a":'.repeat(12_000)}`,
  "a number of 60,000 digits": `{"id":1,"history":{"channel":"x","limit":${digits}}}`,
  "a fraction of 60,000 digits": `{"id":1,"history":{"channel":"x","limit":0.5${digits}}}`,
  "1e400": `{"id":1,"history":{"channel":"x","since":{"offset":1e400,"epoch":""}}}`,
  "2^53+1": `{"id":1,"subscribe":{"channel":"x","offset":9007199254740993}}`,
  __proto__: `{"id":1,"subscribe":{"channel":"x","__proto__":{"recover":true}}}`,
  constructor: `{"id":1,"subscribe":{"channel":"x","constructor":{}}}`,
  "64 KiB as a channel": `{"id":1,"subscribe":{"channel":"${"x".repeat(65_000)}"}}`,
};

test("a command that is wrong inside is refused with its id, within a millisecond", () => {
  const took = new Map<string, number>();
  for (const [name, line] of Object.entries(wrong)) {
    let fastest_ms = Number.POSITIVE_INFINITY;
    for (let n = 0; n < tries; n++) {
      const start_ms = performance.now();
      const decoded = decodeLine(line);
      fastest_ms = Math.min(fastest_ms, performance.now() - start_ms);
      expect({ name, ...decoded }).toMatchObject({ name, kind: "refused", id: 1, code: "bad_request" });
    }
    took.set(name, fastest_ms);
  }
  const [slowest = "", slowest_ms = 0] = [...took].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  console.log(`figure: commands wrong inside: refused within ${slowest_ms.toFixed(2)} ms at most (${slowest})`);
  expect(slowest_ms).toBeLessThan(refused_ms_max);
});
