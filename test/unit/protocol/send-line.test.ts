/** The quick way to read a message must say of a line what `JSON.parse` says of it, or nothing. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeLine } from "../../../src/protocol/commands.ts";
import { memberText, writingOf } from "../../../src/protocol/json.ts";
import { nesting_max } from "../../../src/protocol/limits.ts";
import { decodeSend } from "../../../src/protocol/send-line.ts";

const room = "0g4bzl2k6lyy9sjqfj2n";
const id = "01a1fdcd-dd3c-77fd-a176-d02e1bd46eb1";
const lineOf = (data: unknown): string =>
  JSON.stringify({ id: 7, rpc: { method: "message.send", data: { room, id, data } } });
const signs = ['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\u2028", "0", "-", "é", "null"];
const parts = [
  '"data":',
  '"id":5',
  ',"id":5',
  '"room":"x"',
  '{"text":"',
  '},"data":{"text":"b"',
  '"rpc":{}',
  "[".repeat(40),
];
const pieces = fc.constantFrom(...signs, ...parts);
const values = fc.oneof(fc.record({ text: fc.string({ unit: "grapheme" }) }), fc.jsonValue());
const cuts = fc.array(fc.record({ at: fc.nat(400), take: fc.nat(3), put: fc.option(pieces, { nil: "" }) }), {
  maxLength: 4,
});

function cut(line: string, { at, take, put }: { at: number; take: number; put: string }): string {
  const place = at % (line.length + 1);
  return line.slice(0, place) + put + line.slice(place + take);
}

test("a line that was changed anywhere is read as JSON.parse reads it, or not at all", () => {
  let read = 0;
  fc.assert(
    fc.property(values, cuts, fc.boolean(), (data, changes, isNumberLast) => {
      const whole = isNumberLast
        ? JSON.stringify({ rpc: { method: "message.send", data: { room, id, data } }, id: 7 })
        : lineOf(data);
      const line = changes.reduce(cut, whole);
      const send = decodeSend(line);
      if (changes.length === 0 && writingOf(line, nesting_max) === "tight") expect(send).toBeDefined();
      if (send === undefined) return;
      read++;
      const { input, payload } = send;
      expect(JSON.parse(line)).toEqual({ id: send.id, rpc: { method: "message.send", data: input } });
      expect(writingOf(line, nesting_max)).toBe("tight");
      expect(memberText(memberText(memberText(line, "rpc") ?? "", "data") ?? "", "data")).toBe(payload);
    }),
    { numRuns: 20_000 },
  );
  expect(read).toBeGreaterThan(2_000);
});

test("what is not written so goes the whole way", () => {
  const written = lineOf({ text: "hello" });
  expect(decodeSend(written)).toEqual({
    id: 7,
    input: { room, id, data: { text: "hello" } },
    payload: '{"text":"hello"}',
  });
  const others = {
    "whitespace inside": written.replace('{"text":', '{ "text":'),
    "whitespace around": written.replace('"rpc":', '"rpc": '),
    "another order": JSON.stringify({
      id: 7,
      rpc: { data: { room, id, data: { text: "hello" } }, method: "message.send" },
    }),
    "two numbers": `${written.slice(0, -1)},"id":7}`,
    "no number": written.replace('"id":7,', ""),
    "one more key": written.replace('"room":', '"more":1,"room":'),
    "an id in upper case": written.replace(id, id.toUpperCase()),
    "nested too deep": written.replace('"hello"', "[".repeat(nesting_max) + "]".repeat(nesting_max)),
    "more bytes than a command has": lineOf({ text: "x".repeat(70_000) }),
    "another operation": written.replace("message.send", "message.list"),
    "not JSON": written.replace('"hello"', "hello"),
  };
  for (const [name, line] of Object.entries(others)) expect([name, decodeSend(line)]).toEqual([name, undefined]);
});

test("nesting is refused at the same depth on either way", () => {
  for (let depth = nesting_max - 5; depth <= nesting_max; depth++) {
    const nested = "[".repeat(depth) + "]".repeat(depth);
    const quick = `{"id":7,"rpc":{"method":"message.send","data":{"room":"${room}","id":"${id}","data":${nested}}}}`;
    const slow = quick.replace('"rpc":', '"rpc": ');
    expect(decodeLine(quick).kind).toBe(decodeLine(slow).kind);
  }
});
