import { expect, test } from "bun:test";
import { isUuid, logEpoch, sha256, shortId, token, uuidv7 } from "../../../src/lib/ids.ts";

test("a short id has 20 characters a to z and 0 to 9, an epoch 8", () => {
  for (let round = 0; round < 1_000; round++) {
    expect(shortId()).toMatch(/^[a-z0-9]{20}$/);
    expect(logEpoch()).toMatch(/^[a-z0-9]{8}$/);
  }
});

test("every character of an id is equally likely", () => {
  const counts = new Map<string, number>();
  const ids = 20_000;
  for (let round = 0; round < ids; round++) {
    for (const character of shortId()) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
  }
  const mean = (ids * 20) / 36;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  expect(counts.size).toBe(36);
  // 35 degrees of freedom: a fair source passes 110 once in a thousand million runs. Without the rejection it is above 1,000.
  expect(chiSquare).toBeLessThan(110);
});

test("ids do not repeat", () => {
  expect(new Set(Array.from({ length: 10_000 }, shortId)).size).toBe(10_000);
});

test("UUIDs of version 7 are UUIDs, and later ones sort later", () => {
  const made = Array.from({ length: 1_000 }, uuidv7);
  expect(made.every(isUuid)).toBe(true);
  expect(made.every((id) => id[14] === "7")).toBe(true);
  expect(made).toEqual(made.toSorted());
});

test("what is not written like a UUID is none", () => {
  expect(isUuid("0190F0C8-1F8C-7CC0-98C4-DC0C0C07398F")).toBe(true);
  for (const text of [
    "",
    "0190f0c8",
    "0190f0c81f8c7cc098c4dc0c0c07398f",
    "{0190f0c8-1f8c-7cc0-98c4-dc0c0c07398f}",
    "0190f0c8-1f8c-7cc0-98c4-dc0c0c07398f\n",
    "0190f0c8-1f8c-7cc0-18c4-dc0c0c07398f",
    "00000000-0000-0000-0000-000000000000",
    "0190f0c8-1f8c-7cc0-98c4-dc0c0c07398g",
  ]) {
    expect(isUuid(text)).toBe(false);
  }
});

test("a token has as many random bytes as asked for, and never too few", () => {
  expect(token(32)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(token(32)).not.toBe(token(32));
  expect(() => token(8)).toThrow("at least 16 bytes");
});

test("a hash is SHA-256 of the text as UTF-8", () => {
  expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(sha256("é")).toBe("4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c");
});
