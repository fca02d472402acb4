/** PROMISES.md T10: the payload table, row by row, while honest people talk. */

import { expect, test } from "bun:test";
import { within } from "../client.ts";
import { startNode } from "../harness.ts";
import { feltBy, startPulse } from "../pulse.ts";
import { enterRude, frame, opcodes, type RudeSocket } from "../rude-socket.ts";
import { unlimited } from "../writing.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const room = "open:target";
const rounds = 5;
const extra_ms_max = 5;

interface Row {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  /** The close code; undefined where the socket stays, with the error's code in the reply or none. */
  readonly close?: number;
  readonly error?: number;
}

function text(body: string): Uint8Array {
  return frame(opcodes.text, body);
}

function publish(data: string): string {
  return `{"id":9,"publish":{"channel":"${room}","data":${data}}}`;
}

function padded(bytes: number): string {
  const bare = publish(`""`).length;
  return publish(`"${"x".repeat(bytes - bare)}"`);
}

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const twice = (first: Uint8Array, second: Uint8Array): Uint8Array => Buffer.concat([first, second]);

const rows: readonly Row[] = [
  { name: "a command of 64 KiB", bytes: () => text(padded(64 * KiB)) },
  { name: "one byte more", bytes: () => text(padded(64 * KiB + 1)), error: 413 },
  { name: "a frame above 1 MiB", bytes: () => frame(opcodes.text, "x".repeat(MiB + 1)), close: 1009 },
  { name: "a head that claims 2^62 bytes", bytes: () => frame(opcodes.text, "x", { claims: 2 ** 62 }), close: 1009 },
  {
    name: "fragments above 1 MiB",
    bytes: () =>
      twice(
        frame(opcodes.text, "x".repeat(MiB), { final: false }),
        frame(opcodes.continuation, "x".repeat(KiB), { final: true }),
      ),
    close: 1009,
  },
  { name: "a binary frame", bytes: () => frame(opcodes.binary, publish("{}")), close: 3501 },
  { name: "invalid UTF-8", bytes: () => frame(opcodes.text, Uint8Array.of(0x22, 0xff, 0xfe, 0x22)), close: 1007 },
  { name: "an unknown opcode", bytes: () => frame(3, "x"), close: 1002 },
  { name: "a continuation of nothing", bytes: () => frame(opcodes.continuation, "x"), close: 1002 },
  { name: "a ping of 126 bytes", bytes: () => frame(opcodes.ping, "x".repeat(126)), close: 1002 },
  { name: "no JSON", bytes: () => text("hello world"), close: 3501 },
  { name: "an empty frame", bytes: () => text(""), close: 3501 },
  { name: "an array", bytes: () => text("[]"), close: 3501 },
  { name: "a number", bytes: () => text("7"), close: 3501 },
  { name: "null", bytes: () => text("null"), close: 3501 },
  { name: "a line without an id", bytes: () => text(`{"publish":{"channel":"${room}","data":1}}`), close: 3501 },
  { name: "an id below 0", bytes: () => text(`{"id":-1,"ping":{}}`), close: 3501 },
  { name: "an id of 2^53+1", bytes: () => text(`{"id":9007199254740993,"ping":{}}`), close: 3501 },
  { name: "an unknown key", bytes: () => text(`{"id":9,"ping":{},"surprise":1}`), error: 107 },
  { name: "an unknown key inside", bytes: () => text(`{"id":9,"subscribe":{"channel":"x","surprise":1}}`), error: 107 },
  { name: "nested deeper than 32", bytes: () => text(publish(nested(33))), error: 107 },
  { name: "30,000 nested brackets", bytes: () => text(publish(nested(30_000))), error: 107 },
  { name: "brackets that never end", bytes: () => text(publish("[".repeat(30_000))), error: 107 },
  { name: "a number of 60,000 digits", bytes: () => text(publish("9".repeat(60_000))) },
  {
    name: "1e400 as an offset",
    bytes: () => text(`{"id":9,"history":{"channel":"${room}","limit":1e400}}`),
    error: 107,
  },
  {
    name: "2^53+1 as an offset",
    bytes: () => text(`{"id":9,"history":{"channel":"${room}","since":{"offset":9007199254740993,"epoch":""}}}`),
    error: 107,
  },
  { name: "__proto__ as a key of ours", bytes: () => text(`{"id":9,"ping":{"__proto__":{"x":1}}}`), error: 107 },
  { name: "__proto__ in the host's data", bytes: () => text(publish(`{"__proto__":{"admin":true}}`)) },
  {
    name: "constructor as a method",
    bytes: () => text(`{"id":9,"rpc":{"method":"constructor","data":{}}}`),
    error: 104,
  },
  { name: "2,000 commands in a frame", bytes: () => text(`{"id":9,"ping":{}}\n`.repeat(2_000)), close: 3501 },
  { name: "64 KiB of combining marks", bytes: () => text(publish(`{"text":"a${"\u0301".repeat(8_000)}"}`)) },
  { name: "nul, U+2028 and overrides", bytes: () => text(publish(`{"text":"\\u0000\u2028\u202e\\ud800"}`)) },
];

async function answerOf(socket: RudeSocket, row: Row): Promise<{ close?: number; error?: number }> {
  socket.write(row.bytes());
  if (row.close !== undefined) return { close: await within(socket.closed, () => `a close after ${row.name}`) };
  const reply = JSON.parse(
    (await socket.hears('"id":9')).split("\n").find((line) => line.startsWith('{"id":9')) ?? "",
  ) as {
    error?: { code: number };
  };
  return reply.error === undefined ? {} : { error: reply.error.code };
}

test("every row of the payload table gets its answer, and nobody else feels it", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using pulse = await startPulse(node);
  const told = new Map<string, { close?: number; error?: number }>();
  const trouble = async (): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (const row of rows) {
        using socket = await enterRude(node, room);
        told.set(row.name, await answerOf(socket, row));
      }
    }
  };
  const { pid } = node;
  const felt = await feltBy(pulse, trouble, { quiet_ms: 3_000, extra_ms_max });
  console.log(`figure: T10 ${rows.length} payloads, ${rounds} times: ${felt.text}, 0 crashes`);
  for (const { name, close, error } of rows) {
    const wanted = close !== undefined ? { close } : error !== undefined ? { error } : {};
    expect({ name, ...told.get(name) }).toEqual({ name, ...wanted });
  }
  expect(node.pid).toBe(pid);
  expect(node.complaints).toBe("");
  expect(node.logs.filter(({ level }) => level === "error")).toEqual([]);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
}, 120_000);
