import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { printedSeed } from "../seed.ts";
import type { Publication } from "../wire.ts";
import { unlimited } from "../writing.ts";

/** A JSON text as somebody might write it, and the same without insignificant whitespace. */
interface Text {
  readonly written: string;
  readonly compact: string;
}

const depth_max = 29;
const runs = 200;

function token(text: string): Text {
  return { written: text, compact: text };
}

/** A newline would end the command: it is not among the whitespace that the wire allows inside of one. */
const space = fc.string({ unit: fc.constantFrom(" ", "\t", "\r"), maxLength: 3 });

const digits = fc.string({
  unit: fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
  minLength: 1,
  maxLength: 400,
});
const integer = fc.oneof(
  fc.constant("0"),
  fc.tuple(fc.constantFrom("1", "2", "3", "4", "5", "6", "7", "8", "9"), digits).map(([first, rest]) => first + rest),
  fc.nat().map(String),
);
const fraction = fc.option(
  digits.map((rest) => `.${rest}`),
  { nil: "" },
);
const exponent = fc.option(
  fc.tuple(fc.constantFrom("e", "E", "e+", "E-", "e-"), fc.nat(9999)).map(([sign, of]) => sign + of),
  { nil: "" },
);
const number = fc.tuple(fc.constantFrom("", "-"), integer, fraction, exponent).map((parts) => token(parts.join("")));

const escape = fc.oneof(
  fc.constantFrom("\\n", "\\r", "\\t", "\\b", "\\f", "\\/", "\\\\", '\\"', "\\u0000", "\\ud800", "\\uDFFF", "\\u2028"),
  fc.nat(0xffff).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
);
/** A letter of any script that needs no escape; whole pairs of surrogates only, for halves are no UTF-8. */
const letter = fc
  .string({ unit: "binary", minLength: 1, maxLength: 1 })
  .filter((char) => char.isWellFormed() && !/["\\\u0000-\u001f]/.test(char));
const inside = fc.oneof(
  letter,
  escape,
  // What a careless scanner takes for structure.
  fc.constantFrom("{", "}", "[", "]", ",", ":", " ", "  ", '\\"', "\\\\", '\\"info\\":{\\"user\\":\\"', '\\"data\\":'),
);
const string = fc.array(inside, { maxLength: 12 }).map((pieces) => `"${pieces.join("")}"`);
const key = fc.oneof(
  string,
  fc.constantFrom('"__proto__"', '"constructor"', '"data"', '"info"', '"offset"', '"push"', '"pub"', '""', '"a"'),
);

/** Joins values with whitespace around each. */
function joined(open: string, parts: readonly (readonly [string, Text, string])[], close: string): Text {
  return {
    written: open + parts.map(([before, { written }, after]) => before + written + after).join(",") + close,
    compact: open + parts.map(([, { compact }]) => compact).join(",") + close,
  };
}

const { value } = fc.letrec<{ value: Text; array: Text; object: Text }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true, maxDepth: depth_max },
    fc.oneof(fc.constantFrom("null", "true", "false").map(token), number, string.map(token)),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(fc.tuple(space, tie("value"), space), { maxLength: 6 }).map((parts) => joined("[", parts, "]")),
  object: fc.array(fc.tuple(space, key, space, space, tie("value"), space), { maxLength: 6 }).map((members) =>
    joined(
      "{",
      members.map(([before, name, afterName, beforeValue, of, after]) => [
        before,
        { written: `${name}${afterName}:${beforeValue}${of.written}`, compact: `${name}:${of.compact}` },
        after,
      ]),
      "}",
    ),
  ),
}));

/** Nested as deep as the wire allows, which a generator seldom reaches. */
const deep = fc
  .tuple(fc.integer({ min: 20, max: depth_max }), value, fc.boolean())
  .filter(([, { written }]) => !/[[{]/.test(written))
  .map(([depth, { written, compact }, list]) => {
    const [open, close] = list ? ["[", "]"] : ['{"a":', "}"];
    return {
      written: open.repeat(depth) + written + close.repeat(depth),
      compact: open.repeat(depth) + compact + close.repeat(depth),
    };
  });

/** What a message's `text` must be is ours to say; everything else is the sender's. */
const anyJson = fc
  .oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: deep })
  .filter(({ written }) => written.length < 40_000 && !ownsText(written));

function ownsText(written: string): boolean {
  const parsed = JSON.parse(written) as unknown;
  return typeof parsed === "object" && parsed !== null && Object.hasOwn(parsed, "text");
}

/** Publishes each value, alternately by both doors; all of them are acknowledged, in this order. */
async function publishAll(writer: RawClient, room: string, texts: readonly Text[]): Promise<void> {
  const commands = texts.map(({ written }, n) => {
    if (n % 2 === 0) return writer.rawCommand("publish", `{"channel":"${room}","data":${written}}`);
    const input = `{"data": ${written} ,"room":"${room}","id":"${Bun.randomUUIDv7()}"}`;
    return writer.rawCommand("rpc", `{"method":"message.send","data":${input}}`);
  });
  writer.send(commands.map(({ text }) => text).join("\n"));
  for (const [at, { reply }] of commands.entries())
    expect([texts[at]?.written, (await reply).error]).toEqual([texts[at]?.written, undefined]);
}

async function resumeAll(reader: RawClient, room: string, count: number): Promise<readonly Publication[]> {
  const { recovered } = await reader.subscribe(room, { recover: true, offset: 0 });
  expect(recovered).toBe(true);
  await reader.untilSeq(room, count);
  return reader.log(room);
}

test("any JSON comes out as the bytes that went in, live, in history, in pages, on resume and after a restart", async () => {
  const seed = printedSeed();
  const limits = ["--open-rooms-per-address-max", "0", "--open-rooms-max", "100000"];
  await using node = await startNode({ args: ["--open", ...unlimited, ...limits] });
  await using writer = await connectRaw(node);
  const written: { room: string; compacts: string[] }[] = [];
  let bytes = 0;

  const property = fc.asyncProperty(fc.array(anyJson, { minLength: 1, maxLength: 60, size: "+1" }), async (texts) => {
    const room = `open:run-${written.length}`;
    const compacts = texts.map(({ compact }) => compact);
    await writer.subscribe(room);
    await publishAll(writer, room, texts);
    await writer.untilSeq(room, texts.length);
    const live = writer.log(room);
    expect(live.map(({ data }) => data)).toEqual(compacts);
    const page = `[${live.map(({ text }) => text).join(",")}]`;
    const history = await writer.request("history", { channel: room, limit: 1_000 });
    expect(history.text).toBe(
      `{"id":${history.id},"history":{"publications":${page},"epoch":"${history.history?.epoch}","offset":${texts.length}}}`,
    );
    const list = await writer.request("rpc", { method: "message.list", data: { room, limit: 1_000 } });
    expect(list.text).toContain(`{"events":${page},"users":`);
    await using reader = await connectRaw(node);
    expect(await resumeAll(reader, room, texts.length)).toEqual(live);
    written.push({ room, compacts });
    bytes += compacts.reduce((sum, text) => sum + text.length, 0);
  });
  await fc.assert(property, { seed, numRuns: runs });

  await node.restart();
  let count = 0;
  await using reader = await connectRaw(node);
  for (const { room, compacts } of written) {
    const resumed = await resumeAll(reader, room, compacts.length);
    expect(resumed.map(({ data }) => data)).toEqual(compacts);
    await reader.request("unsubscribe", { channel: room });
    count += compacts.length;
  }
  console.log(`figure: any JSON: ${count} values of ${bytes} bytes came out of every door as they went in`);
}, 300_000);
