import { expect, test } from "bun:test";
import { useCode } from "../../../src/store/accounts/used-codes.ts";
import { openTestStorage } from "../../storage.ts";

test("of all who come with a code at once one is let in, and nobody until it is good no more", async () => {
  await using opened = await openTestStorage();
  const { db } = opened.storage;
  const use = (at: number): Promise<boolean> => useCode(db, { id: "ada's 123456", at, until: at + 90_000 });
  const told = await Promise.all([use(1_000), use(1_000), use(1_000)]);
  expect(told.filter((used) => used)).toHaveLength(1);
  expect(await use(91_000)).toBe(false);
  expect(await useCode(db, { id: "bob's 123456", at: 2_000, until: 92_000 })).toBe(true);
  // Half a year later the same digits come up again.
  expect(await use(91_001)).toBe(true);
  expect(await use(91_002)).toBe(false);
});
