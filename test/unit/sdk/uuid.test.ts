import { expect, test } from "bun:test";
import { uuidv7 } from "../../../src/sdk/uuid.ts";

test("ids are UUIDs of version 7 that rise, also within a millisecond and when the clock is set back", () => {
  const start = Date.now() + 1_000;
  const times = [start, ...Array.from({ length: 10_000 }, () => start), start - 5_000, start + 60_000];
  const ids = times.map((time) => uuidv7(time));
  expect(ids.filter((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toEqual(
    [],
  );
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
});

test("the time stands in front", () => {
  const later = Date.now() + 3_600_000;
  expect(Number.parseInt(uuidv7(later).replaceAll("-", "").slice(0, 12), 16)).toBe(later);
});
