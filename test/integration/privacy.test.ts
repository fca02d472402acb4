import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";

const uuid = "01890000-0000-7000-8000-000000000001";

test("a private room and one that does not exist are the same answer to who is no member, in every way of asking", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node, { data: { rooms: true } });
  const room = await owner.rpc<{ id: string }>("room.create", { name: "Secret", kind: "private" });
  await owner.rpc("message.send", { room: room.id, id: uuid, data: { text: "secret" } });
  await using stranger = await connectRaw(node, { data: { rooms: true, positions: { [room.id]: 0 } } });
  expect(Object.keys(stranger.connected?.subs ?? {})).toEqual([`user:${stranger.user}`]);
  const asks = (id: string): [string, object][] => [
    ["subscribe", { channel: id }],
    ["subscribe", { channel: id, recover: true, offset: 0 }],
    ["publish", { channel: id, data: 1 }],
    ["history", { channel: id, limit: 10 }],
    ["presence", { channel: id }],
    ["presence_stats", { channel: id }],
    ["rpc", { method: "room.get", data: { room: id } }],
    ["rpc", { method: "room.join", data: { room: id } }],
    ["rpc", { method: "room.leave", data: { room: id } }],
    ["rpc", { method: "member.list", data: { room: id } }],
    ["rpc", { method: "read.mark", data: { room: id, seq: 1 } }],
    ["rpc", { method: "message.list", data: { room: id } }],
    ["rpc", { method: "message.send", data: { room: id, id: uuid, data: {} } }],
    ["rpc", { method: "presence.list", data: { room: id } }],
  ];
  const real = asks(room.id);
  const absent = asks("a".repeat(20));
  for (const [at, [method, body]] of real.entries()) {
    const there = await stranger.refusal(method, body);
    const nowhere = await stranger.refusal(method, absent[at]?.[1]);
    expect([method, body, there]).toEqual([method, body, nowhere]);
    expect(there.code).toBe(102);
  }
  const { rooms } = await stranger.rpc<{ rooms: unknown[] }>("room.list", { rooms: [room.id] });
  expect(rooms).toEqual([]);
  const listed = await stranger.rpc<{ rooms: unknown[] }>("room.list", { scope: "public" });
  expect(listed.rooms).toEqual([]);
});

test("a public room may be looked at by all, and read and written by its members only", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node);
  const room = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await using visitor = await connectRaw(node);
  expect(await visitor.rpc<object>("room.get", { room: room.id })).toMatchObject({ name: "Hall", role: null });
  for (const [method, body] of [
    ["subscribe", { channel: room.id }],
    ["publish", { channel: room.id, data: 1 }],
    ["history", { channel: room.id, limit: 10 }],
    ["presence", { channel: room.id }],
    ["rpc", { method: "message.list", data: { room: room.id } }],
  ] as const) {
    expect(await visitor.refusal(method, body)).toMatchObject({ code: 102 });
  }
});
