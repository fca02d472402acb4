import { expect, test } from "bun:test";
import { connect as connectTcp } from "node:net";
import { connectRaw, openRaw, within, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";

const lobby = "open:lobby";
const command_bytes_max = 64 * 1024;

/** A publish whose whole command has so many bytes. */
function publishOf(client: RawClient, bytes: number, filler = "x"): ReturnType<RawClient["command"]> {
  const empty = client.rawCommand("publish", `{"channel":"${lobby}","data":{"blob":""}}`);
  const room = bytes - Buffer.byteLength(empty.text);
  const blob = filler.repeat(Math.floor(room / Buffer.byteLength(filler)));
  const text = empty.text.replace('"blob":""', `"blob":"${blob}${"x".repeat(room - Buffer.byteLength(blob))}"`);
  expect(Buffer.byteLength(text)).toBe(bytes);
  return { text, reply: empty.reply };
}

async function closeAfter(node: ChatNode, frame: string | Uint8Array<ArrayBuffer>): Promise<number> {
  await using client = await connectRaw(node);
  client.send(frame);
  return (await within(client.closed, () => `a close after ${String(frame).slice(0, 80)}`)).code;
}

test("a command of 64 KiB is accepted, one byte more is too_large with its id, and the socket stays", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe(lobby);
  for (const filler of ["x", "é", "部", "😀", "e\u0301", "\u2028"]) {
    const exact = publishOf(client, command_bytes_max, filler);
    client.send(exact.text);
    expect((await exact.reply).publish).toEqual({});
    const more = publishOf(client, command_bytes_max + 1, filler);
    client.send(more.text);
    expect((await more.reply).error).toMatchObject({ code: 413 });
  }
  await client.untilSeq(lobby, 6);
  // Two commands in one frame are measured one by one.
  const pair = [publishOf(client, command_bytes_max), publishOf(client, command_bytes_max)];
  client.send(pair.map(({ text }) => text).join("\n"));
  for (const { reply } of pair) expect((await reply).publish).toEqual({});
});

test("a connect may use a whole frame of 1 MiB, and more closes with 1009", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await openRaw(node);
  const positions = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, n) => [n.toString(36).padStart(20, "0"), 1_000_000 + n]),
  );
  const { text, reply } = client.command("connect", { data: { rooms: true, epoch: "x", positions } });
  expect(text.length).toBeGreaterThan(500_000);
  client.send(text);
  expect((await reply).connect?.client).toBeDefined();
  expect(await closeAfter(node, `{"id":9,"ping":{}}${" ".repeat(1024 * 1024)}`)).toBe(1009);
});

test("bytes, bad UTF-8 and broken frames are closed with the codes of the WebSocket protocol", async () => {
  await using node = await startNode({ args: ["--open"] });
  expect(await closeAfter(node, new Uint8Array([123, 125]))).toBe(3501);
  expect(await rawFrame(node, [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])).toBe(1007);
  // A reserved opcode; a text without a mask.
  expect(await rawFrame(node, [0x83, 0x80, 0, 0, 0, 0])).toBe(1002);
});

test("a line that is no command with an id closes with 3501", async () => {
  await using node = await startNode({ args: ["--open"] });
  const lines = [
    "",
    " ",
    "not JSON",
    "[]",
    "[1]",
    "5",
    "null",
    '"text"',
    '{"id":1,',
    '{"ping":{}}',
    '{"id":0,"ping":{}}',
  ];
  lines.push('{"id":-1,"ping":{}}', '{"id":1.5,"ping":{}}', '{"id":"1","ping":{}}', '{"id":4294967296,"ping":{}}');
  lines.push('{"id":1e400,"ping":{}}', '{"error":{}}', '{"send":5}', `${"[".repeat(33)}${"]".repeat(33)}`);
  lines.push('{"id":1,\n"ping":{}}', '{"id":2,"ping":{}}\n\n{"id":3,"ping":{}}', "x".repeat(100_000));
  for (const line of lines)
    expect([line.slice(0, 60), await closeAfter(node, line)]).toEqual([line.slice(0, 60), 3501]);
  expect(await closeAfter(node, Array.from({ length: 1_001 }, () => "{}").join("\n"))).toBe(3501);
});

test("a command with an id that is wrong inside is told 107, and the socket stays", async () => {
  await using node = await startNode({ args: ["--open"] });
  const deep = `${'{"a":'.repeat(40)}1${"}".repeat(40)}`;
  const many = `{${Array.from({ length: 70 }, (_, n) => `"k${n}":1`).join(",")}}`;
  const digits = "9".repeat(60_000);
  const wrong: [string, string][] = [
    ["unknown", "{}"],
    ["publish", `{"channel":"${lobby}","data":1,"more":1}`],
    ["publish", `{"channel":"${lobby}"}`],
    ["publish", `{"channel":5,"data":1}`],
    ["publish", `{"channel":"","data":1}`],
    ["publish", `{"channel":"${lobby}","data":${deep}}`],
    ["publish", "null"],
    ["publish", "[]"],
    ["ping", many],
    ["history", `{"channel":"${lobby}","limit":1.5}`],
    ["history", `{"channel":"${lobby}","limit":${digits}}`],
    ["history", `{"channel":"${lobby}","since":{"offset":1e400}}`],
    ["subscribe", `{"channel":"${lobby}","offset":9007199254740993}`],
    ["subscribe", `{"channel":"${lobby}","offset":-1}`],
    ["subscribe", `{"channel":"${lobby}","__proto__":{}}`],
    ["subscribe", `{"channel":"${lobby}","constructor":{}}`],
    ["subscribe", `{"channel":"${"x".repeat(256)}"}`],
    ["rpc", '{"method":5}'],
    ["refresh", "{}"],
  ];
  await using client = await connectRaw(node);
  let slowest_ms = 0;
  for (const [method, body] of wrong) {
    const start_ms = performance.now();
    const { error } = await client.requestText(method, body);
    slowest_ms = Math.max(slowest_ms, performance.now() - start_ms);
    expect([method, body.slice(0, 60), error?.code]).toEqual([method, body.slice(0, 60), 107]);
  }
  console.log(`figure: slowest answer to a command that is wrong inside ${slowest_ms.toFixed(1)} ms`);
  await client.settled();
  expect(await client.subscribe(lobby)).toMatchObject({ offset: 0 });
});

test("twenty commands that are wrong inside within ten seconds are borne, one more closes", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  for (let n = 0; n < 20; n++) expect(await client.refusal("unknown", {})).toMatchObject({ code: 107 });
  client.send(client.command("unknown", {}).text);
  expect(await within(client.closed, () => "the close")).toMatchObject({ code: 3509 });
});

test("dangerous keys are refused in our fields, kept in a host's own, and nothing is merged", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe(lobby);
  const data = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"text":"ok","toString":1}';
  expect((await client.requestText("publish", `{"channel":"${lobby}","data":${data}}`)).publish).toEqual({});
  await client.untilSeq(lobby, 1);
  expect(client.log(lobby)[0]?.data).toBe(data);
  for (const text of [
    `{"method":"room.create","data":{"name":"a","__proto__":{"kind":"private"}}}`,
    `{"method":"room.create","data":{"name":"a","constructor":1}}`,
  ]) {
    expect((await client.requestText("rpc", text)).error).toMatchObject({ code: 107 });
  }
  await using other = await openRaw(node);
  const subs = '{"__proto__":{"recover":true,"offset":1},"constructor":{"recover":true}}';
  const reply = await other.requestText("connect", `{"data":{"positions":{"__proto__":1}},"subs":${subs}}`);
  expect(reply.connect?.subs ?? reply.error?.code).toEqual(reply.error === undefined ? {} : 107);
});

test("strange letters come out as they went in", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe(lobby);
  const texts = [
    '{"text":"nul \\u0000 inside"}',
    '{"text":"lone \\ud800 surrogate"}',
    '{"text":"\\udc00"}',
    '{"text":"\u202Eright to left\u202C"}',
    `{"text":"${"e\u0301\u0301".repeat(1_000)}"}`,
    '{"text":"line\u2028separator\u2029s"}',
    '{"text":"\u007f\u0085"}',
    '{"text":"😀\\ud83d\\ude00"}',
    '{"text":"<img src=x onerror=alert(1)>"}',
    "-0",
    "1e400",
    "123456789012345678901234567890.000",
    '""',
    "null",
    "false",
  ];
  for (const data of texts) {
    const reply = await client.requestText("publish", `{"channel":"${lobby}","data":${data}}`);
    expect([data.slice(0, 40), reply.error]).toEqual([data.slice(0, 40), undefined]);
  }
  await client.untilSeq(lobby, texts.length);
  expect(client.log(lobby).map(({ data }) => data)).toEqual(texts);
  const { text } = await client.request("history", { channel: lobby, limit: 100 });
  expect(text).toContain(
    `[${client
      .log(lobby)
      .map((one) => one.text)
      .join(",")}]`,
  );
});

/** Speaks the handshake by hand, sends bytes as a frame and reads the code of the close frame. */
async function rawFrame(node: ChatNode, bytes: readonly number[]): Promise<number> {
  const { hostname, port } = new URL(node.url);
  const socket = connectTcp(Number(port), hostname);
  try {
    const code = new Promise<number>((resolve, reject) => {
      let got = Buffer.alloc(0);
      let upgraded = false;
      socket.on("error", reject);
      socket.on("close", () =>
        reject(new Error(`Expected a close frame; the connection ended after ${got.toString("hex")}`)),
      );
      socket.on("data", (piece) => {
        got = Buffer.concat([got, Buffer.from(piece)]);
        const end = got.indexOf("\r\n\r\n");
        if (!upgraded && end >= 0) {
          upgraded = true;
          got = got.subarray(end + 4);
          socket.write(Uint8Array.from(bytes));
        }
        if (upgraded && got.length >= 4 && got[0] === 0x88) resolve(got.readUInt16BE(2));
      });
    });
    socket.write(
      "GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    return await within(code, () => "a close frame");
  } finally {
    socket.destroy();
  }
}
