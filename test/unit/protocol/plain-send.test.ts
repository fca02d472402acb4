/** The quick look at a `message.send` must accept nothing that the schema would refuse or change. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { isPlainSend } from "../../../src/protocol/message-operations.ts";
import { operationShapes } from "../../../src/protocol/operations.ts";

const schema = operationShapes["message.send"].input;
const id = "01a1fdcd-dd3c-77fd-a176-d02e1bd46eb1";
const ids = fc.constantFrom(
  id,
  id,
  id,
  "01A1FDCD-dd3c-77fd-a176-d02e1bd46eb1",
  "01a1fdcd-dd3c-77fd-a176-d02e1bd46eb",
  "",
);
const room = "0g4bzl2k6lyy9sjqfj2n";
const channels = fc.constantFrom(room, room, room, "open:lobby", `user:${room}`, room.toUpperCase());
const texts = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constant("x".repeat(16_385)),
  fc.constant("é".repeat(8_193)),
);
const data = fc.oneof(
  { arbitrary: fc.record({ text: texts, other: fc.jsonValue() }, { requiredKeys: ["text"] }), weight: 4 },
  fc.record(
    { text: texts, reply_to: fc.jsonValue(), mentions: fc.jsonValue(), files: fc.jsonValue() },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);
const inputs = fc.oneof(
  { arbitrary: fc.record({ room: channels, id: ids, data }), weight: 5 },
  fc.record({ room: channels, id: ids, data, more: fc.jsonValue() }, { requiredKeys: ["room", "id"] }),
  fc.jsonValue(),
);

test("isPlainSend accepts only what the schema accepts and gives back unchanged", () => {
  let plain = 0;
  const runs = 5_000;
  fc.assert(
    fc.property(inputs, (input) => {
      if (!isPlainSend(input)) return;
      plain++;
      const checked = schema.safeParse(input);
      expect(checked.success).toBe(true);
      expect(checked.data as unknown).toEqual(input);
    }),
    { numRuns: runs },
  );
  expect(plain).toBeGreaterThan(runs / 100);
});

test("isPlainSend knows the common message, and leaves the others to the schema", () => {
  const input = { room: "0g4bzl2k6lyy9sjqfj2n", id: "01a1fdcd-dd3c-77fd-a176-d02e1bd46eb1", data: { text: "hello" } };
  expect(isPlainSend(input)).toBe(true);
  expect(isPlainSend({ ...input, data: { text: "hello", reply_to: 3 } })).toBe(false);
  expect(isPlainSend({ ...input, data: { body: "hello" } })).toBe(false);
  expect(isPlainSend({ ...input, extra: 1 })).toBe(false);
});
