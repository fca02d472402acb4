import { expect, test } from "bun:test";
import { editDistance, nearest } from "../../../src/lib/nearest.ts";

test("the edit distance counts insertions, deletions, replacements and swaps of neighbours", () => {
  for (const [from, to, distance] of [
    ["", "", 0],
    ["port", "port", 0],
    ["prot", "port", 1],
    ["pot", "port", 1],
    ["ports", "port", 1],
    ["pork", "port", 1],
    ["", "port", 4],
    ["kitten", "sitting", 3],
  ] as const) {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  }
});

test("the nearest word is the one that was meant, and a strange word has none", () => {
  const known = ["port", "host", "data", "log_level", "log_format"];
  expect(nearest("prot", known)).toBe("port");
  expect(nearest("LOG_LEVLE", known)).toBe("log_level");
  expect(nearest("level_log", known)).toBe("log_level");
  expect(nearest("max_conections", ["connections_max", "open"])).toBe("connections_max");
  expect(nearest("CONFAB_MAX_CONNECTIONS", ["CONFAB_CONNECTIONS_MAX"])).toBe("CONFAB_CONNECTIONS_MAX");
  expect(nearest("ho", known)).toBeUndefined();
  expect(nearest("banana", known)).toBeUndefined();
  expect(nearest("x".repeat(10_000), known)).toBeUndefined();
});
