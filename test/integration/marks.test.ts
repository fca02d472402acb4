/** Read and received marks: they only rise, are gathered, ride in batches and reach the person's other devices. */

import { expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { unlimited } from "../writing.ts";

interface MarksRow {
  readonly read: number;
  readonly received: number;
}

async function marksOf(node: ChatNode, of: { room: string; user: string }): Promise<MarksRow> {
  return await withDatabase(node.data, async (client) => {
    const sql = `SELECT m.read_seq, m.recv_seq FROM members m JOIN rooms r ON r.n = m.room JOIN users u ON u.n = m.user
      WHERE r.id = ? AND u.id = ?`;
    const [row] = (await client.execute({ sql, args: [of.room, of.user] })).rows;
    return { read: Number(row?.[0]), received: Number(row?.[1]) };
  });
}

async function say(client: RawClient, room: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await client.rpc("message.send", { room, id: uuidv7(), data: { text: `${n}` } });
}

async function scene(node: ChatNode) {
  const ada = await connectRaw(node, { data: { rooms: true } });
  const bob = await connectRaw(node, { data: { rooms: true } });
  const { id: room } = await ada.rpc<{ id: string }>("room.create", { name: "Marks" });
  await bob.rpc("room.join", { room });
  await bob.nextPush("subscribe", room);
  return { ada, bob, room };
}

test("a read mark reaches the person's other devices and the database, once a second at most, and never falls", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await scene(node);
  await using _ada = ada;
  await using _bob = bob;
  await using tablet = await connectRaw(node, { token: bob.connected?.data.token ?? "", data: { rooms: true } });
  await say(ada, room, 30);
  for (let seq = 3; seq <= 20; seq++) await bob.rpc("read.mark", { room, seq });
  const line = `user:${bob.user}`;
  const isRead = (text: string): boolean => text.includes('"type":"read"');
  const { text } = await tablet.next(
    ({ push, text: all }) => push?.channel === line && all.includes('"seq":20'),
    "the mark",
  );
  expect(text).toBe(`{"push":{"channel":"${line}","pub":{"data":{"type":"read","room":"${room}","seq":20}}}}`);
  // Told when it is written.
  expect(await marksOf(node, { room, user: bob.user })).toEqual({ read: 20, received: 20 });
  expect(tablet.waiting.filter((one) => isRead(one.text)).length).toBeLessThan(4);
  await bob.rpc("read.mark", { room, seq: 7 });
  await bob.rpc("read.mark", { room, seq: 9_999_999 });
  await tablet.next((one) => isRead(one.text) && one.text.includes('"seq":32'), "the room's top");
  expect(await marksOf(node, { room, user: bob.user })).toEqual({ read: 32, received: 32 });
  // Nobody else hears of it.
  expect(ada.waiting.filter(({ push }) => push?.channel === line)).toEqual([]);
});

test("whoever is no member has no mark, an open room has none, and both are told", async () => {
  await using node = await startNode({ args: ["--open"] });
  const { ada, bob, room } = await scene(node);
  await using _ada = ada;
  await using _bob = bob;
  await using cat = await connectRaw(node);
  expect(await cat.refusal("rpc", { method: "read.mark", data: { room, seq: 1 } })).toMatchObject({ code: 102 });
  await cat.subscribe("open:lobby");
  const open = await cat.refusal("rpc", { method: "read.mark", data: { room: "open:lobby", seq: 1 } });
  expect(open.code).toBe(107);
  await bob.rpc("room.leave", { room });
  expect(await bob.refusal("rpc", { method: "read.mark", data: { room, seq: 1 } })).toMatchObject({ code: 102 });
});

test("received marks and typing come by send, which is never answered, and what is odd in it is passed over", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await scene(node);
  await using _ada = ada;
  await using _bob = bob;
  await say(ada, room, 5);
  const odd = [
    null,
    7,
    [],
    {},
    { type: "typing" },
    { type: "typing", room: "x".repeat(20) },
    { type: "dancing", room },
    { type: "received", room, seq: -1 },
    { type: "received", room: "open:lobby", seq: 1 },
    { type: "read", room, seq: 5 },
  ];
  for (const data of odd) bob.send(JSON.stringify({ send: { data } }));
  bob.send(JSON.stringify({ send: { data: { type: "received", room, seq: 5, more: true } } }));
  await eventually(async () => (await marksOf(node, { room, user: bob.user })).received === 5, "the received mark");
  expect(await marksOf(node, { room, user: bob.user })).toEqual({ read: 0, received: 5 });
  await bob.settled();
  expect(bob.waiting.filter(({ push }) => push === undefined)).toEqual([]);
  expect(
    bob.waiting
      .filter(({ push }) => push?.channel === `user:${bob.user}` && push.pub !== undefined)
      .map((one) => one.text),
  ).toEqual([`{"push":{"channel":"user:${bob.user}","pub":{"data":{"type":"joined","room":"${room}"}}}}`]);
});

test("who is typing is told to who asked for joins and leaves, without an offset, and is stored nowhere", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await scene(node);
  await using _ada = ada;
  await using _bob = bob;
  await using deaf = await connectRaw(node);
  await deaf.rpc("room.join", { room });
  await deaf.subscribe(room);
  const before = await ada.rpc<{ last_seq: number }>("room.get", { room });
  const typing = { send: { data: { type: "typing", room } } };
  for (let n = 0; n < 20; n++) bob.send(JSON.stringify(typing));
  const { text } = await ada.next(({ push }) => push?.message !== undefined, "a message");
  expect(text).toBe(`{"push":{"message":{"data":{"type":"typing","room":"${room}","users":["${bob.user}"]}}}}`);
  // Many in a row are one piece of news.
  await ada.settled();
  expect(ada.waiting.filter(({ push }) => push?.message !== undefined).length).toBeLessThan(2);
  expect(await ada.rpc("room.get", { room })).toMatchObject({ last_seq: before.last_seq });
  // A muted member writes nothing, and nobody who is not in the room says that they do.
  await ada.rpc("member.mute", { room, user: bob.user, until: Date.now() + 60_000 });
  await bob.untilSeq(room, before.last_seq + 1);
  bob.send(JSON.stringify(typing));
  await using stranger = await connectRaw(node);
  stranger.send(JSON.stringify(typing));
  await stranger.settled();
  deaf.send(JSON.stringify(typing));
  await ada.next(
    ({ push, text: all }) => push?.message !== undefined && all.includes(deaf.user),
    "the one who may write",
  );
  expect(
    ada.waiting.filter(
      ({ push, text: all }) => push?.message !== undefined && all.includes(bob.user) && all.includes(stranger.user),
    ),
  ).toEqual([]);
  expect(deaf.waiting.filter(({ push }) => push?.message !== undefined)).toEqual([]);
});

test("marks that wait are written when the server stops", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await scene(node);
  await using _ada = ada;
  await using _bob = bob;
  await say(ada, room, 5);
  await bob.rpc("read.mark", { room, seq: 6 });
  expect(await node.stop()).toBe(0);
  expect(await marksOf(node, { room, user: bob.user })).toEqual({ read: 6, received: 6 });
  expect(await marksOf(node, { room, user: ada.user })).toEqual({ read: 7, received: 7 });
});
