import { expect, test } from "bun:test";
import { connectRaw, openRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";

const lobby = "open:lobby";

test("commands in one frame with connect are answered after it, in order", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await openRaw(node);
  client.keepsFrames = true;
  const commands = [
    client.command("connect", {}),
    client.command("subscribe", { channel: lobby }),
    client.command("ping", {}),
    client.command("presence_stats", { channel: lobby }),
  ];
  client.send(`${commands.map(({ text }) => text).join("\n")}\n`);
  const [connect, subscribe, ping] = await Promise.all(commands.map(({ reply }) => reply));
  expect(connect?.connect?.data.user.id).toMatch(/^[a-z0-9]{20}$/);
  expect(subscribe?.subscribe?.offset).toBe(0);
  expect(ping?.ping).toEqual({});
  expect(client.frames[0]).toStartWith('{"id":1,"connect":');
});

test("replies of one frame's commands come joined, each after its commit", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe(lobby);
  client.keepsFrames = true;
  const commands = Array.from({ length: 100 }, (_, n) => client.command("publish", { channel: lobby, data: { n } }));
  client.send(commands.map(({ text }) => text).join("\n"));
  for (const { reply } of commands) expect((await reply).publish).toEqual({});
  await client.untilSeq(lobby, 100);
  expect(client.log(lobby).map(({ data }) => data)).toEqual(commands.map((_, n) => `{"n":${n}}`));
  expect(client.frames.length).toBeLessThan(20);
});

test("a send is taken without an answer, with and without an id", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  client.send('{"send":{"data":{"typing":true}}}');
  client.send('{"id":77,"send":{"data":null}}\n{}');
  await client.settled();
  expect(client.waiting).toEqual([]);
});

test("before connect nothing else is spoken, and connect comes once", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using early = await openRaw(node);
  early.send(early.command("subscribe", { channel: lobby }).text);
  expect(await within(early.closed, () => "the close")).toMatchObject({ code: 3501 });
  await using twice = await connectRaw(node);
  expect(await twice.refusal("connect", {})).toMatchObject({ code: 107 });
  await twice.settled();
});

test("errors say by temporary whether the same may succeed a moment later", async () => {
  await using node = await startNode({ args: ["--open", "--reads-burst", "100", "--reads-per-second", "1"] });
  await using client = await connectRaw(node);
  expect(await client.refusal("sub_refresh", { channel: lobby, token: "x" })).toMatchObject({ code: 108 });
  const commands = Array.from({ length: 65 }, () =>
    client.command("rpc", { method: "user.get", data: { ids: ["x"] } }),
  );
  client.send(commands.map(({ text }) => text).join("\n"));
  const replies = await Promise.all(commands.map(({ reply }) => reply));
  const limited = replies.filter(({ error }) => error !== undefined);
  // The connect took 1, each of these 2.
  expect(limited.length).toBe(16);
  for (const { error } of limited) expect(error).toMatchObject({ code: 111, temporary: true });
});

test("a subprotocol in Protobuf, a plain GET and a foreign page are refused with a sentence", async () => {
  await using node = await startNode({ args: ["--open"] });
  const url = node.ws.replace("ws:", "http:");
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const status = async (headers: Record<string, string>): Promise<[number, boolean]> => {
    const response = await fetch(url, { headers });
    return [response.status, (await response.text()).length > 10];
  };
  expect(await status({ ...upgrade, "sec-websocket-protocol": "centrifuge-protobuf" })).toEqual([400, true]);
  expect(await status({})).toEqual([426, true]);
  expect(await status({ ...upgrade, origin: "https://evil.example" })).toEqual([403, true]);
  expect(await status({ ...upgrade, origin: "null" })).toEqual([403, true]);
  expect(await status({ ...upgrade, origin: `${node.url}.evil.example` })).toEqual([403, true]);
});
