import { expect, test } from "bun:test";
import { Lru } from "../../../src/lib/lru.ts";

test("what was used longest ago goes first, reading and writing being uses", () => {
  const map = new Lru<string, number>(3);
  map.set("a", 1);
  map.set("b", 2);
  map.set("c", 3);
  expect(map.get("a")).toBe(1);
  map.set("b", 20);
  expect(map.set("d", 4)).toBe(3);
  expect(map.get("c")).toBeUndefined();
  expect([map.get("a"), map.get("b"), map.get("d")]).toEqual([1, 20, 4]);
  expect(map.size).toBe(3);
});

test("replacing a value in a full map drives nothing out", () => {
  const map = new Lru<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.set("a", 3)).toBeUndefined();
  expect([map.get("a"), map.get("b")]).toEqual([3, 2]);
});

test("what is deleted makes room", () => {
  const map = new Lru<string, number>(1);
  map.set("a", 1);
  expect(map.delete("a")).toBe(true);
  expect(map.delete("a")).toBe(false);
  expect(map.set("b", 2)).toBeUndefined();
  map.clear();
  expect(map.size).toBe(0);
});

test("it never grows above its bound", () => {
  const map = new Lru<number, number>(100);
  for (let key = 0; key < 10_000; key++) {
    map.set(key, key);
  }
  expect(map.size).toBe(100);
  expect(map.get(9_999)).toBe(9_999);
  expect(() => new Lru(0)).toThrow("at least one entry");
});
