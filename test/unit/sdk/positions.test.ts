import { expect, test } from "bun:test";
import { Positions } from "../../../src/sdk/positions.ts";
import { memoryStore } from "../../../src/sdk/store.ts";

test("a position is known at once, written a little later or when asked, and read by the next client", async () => {
  const store = memoryStore();
  const failures: unknown[] = [];
  const positions = new Positions({ store, failed: (error) => failures.push(error) });
  for (let seq = 1; seq <= 100; seq++) positions.moved("open:r", { epoch: "aaaaaaaa", seq });
  expect(await positions.load("open:r")).toEqual({ epoch: "aaaaaaaa", seq: 100 });
  expect(await store.keys("")).toEqual([]);
  await positions.flush();
  const next = new Positions({ store, failed: (error) => failures.push(error) });
  expect(await next.load("open:r")).toEqual({ epoch: "aaaaaaaa", seq: 100 });
  expect(await next.load("open:other")).toBeUndefined();
  expect(failures).toEqual([]);
});

test("a value that is none of ours is no position", async () => {
  const store = memoryStore();
  const positions = new Positions({ store, failed: () => {} });
  for (const text of ["", "null", "{", '{"epoch":"a"}', '{"epoch":"a","seq":1.5}', '{"epoch":1,"seq":1}']) {
    await store.set("position/open:r", text);
    expect(await positions.load("open:r")).toBeUndefined();
  }
});

test("a store that fails is told of", async () => {
  const failures: unknown[] = [];
  const store = { ...memoryStore(), set: () => Promise.reject(new Error("quota")) };
  const positions = new Positions({ store, failed: (error) => failures.push(error) });
  positions.moved("open:r", { epoch: "aaaaaaaa", seq: 1 });
  await positions.flush();
  expect(failures.map(String)).toEqual(["Error: quota"]);
});
