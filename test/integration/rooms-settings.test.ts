import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { again, arrive, kindsOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

test("a room has the settings that it was made with, over both doors", async () => {
  await using owner = await arrive(node);
  const settings = { history: "joined", invite: "moderators", post: "moderators", slow_ms: 5_000, topic: " A  topic " };
  const made = await owner.rpc<Room>("room.create", { name: "  Hall ", kind: "private", ...settings });
  const wanted = {
    ...settings,
    topic: "A  topic",
    kind: "private",
    name: "Hall",
    members: 1,
    role: "owner",
    closed: false,
  };
  expect(made).toMatchObject({ ...wanted, first_seq: 1, last_seq: 1, visible_from: 1 });
  expect(await owner.rpc<Room>("room.get", { room: made.id })).toEqual(made);
  const token = owner.connected?.data.token ?? "";
  const { json, status } = await post(node, "room.get", { token, body: { room: made.id } });
  expect([status, json]).toEqual([200, { ...made }]);
  const plain = await post(node, "room.create", { token, body: { name: "Plain" } });
  const defaults = { kind: "public", history: "all", invite: "members", post: "members", slow_ms: 0, topic: "" };
  expect(plain.json).toMatchObject(defaults);
  const cast = await owner.rpc<Room>("room.create", { name: "News", kind: "broadcast" });
  expect(cast).toMatchObject({ kind: "broadcast", post: "moderators" });
  // Rooms made over either door come to the connections that want their rooms.
  for (const { id } of [made, plain.json as Room, cast]) await owner.nextPush("subscribe", id);
});

test("settings out of their bounds are refused, and nothing is made", async () => {
  await using owner = await arrive(node);
  const wrong = [
    { name: "" },
    { name: "x".repeat(101) },
    { name: "a\u202eb" },
    { name: "ok", topic: "x".repeat(501) },
    { name: "ok", kind: "direct" },
    { name: "ok", kind: "open" },
    { name: "ok", slow_ms: -1 },
    { name: "ok", slow_ms: 3_600_001 },
    { name: "ok", slow_ms: 1.5 },
    { name: "ok", history: "none" },
    { name: "ok", direct_key: "1,2" },
    { name: "ok", closed: true },
    {},
  ];
  for (const asked of wrong) expect([asked, await told(owner, "room.create", asked)]).toEqual([asked, "bad_request"]);
  const room = await roomOf(owner);
  for (const asked of [{}, { name: "" }, { kind: "private" }, { slow_ms: "5" }, { members: 5 }])
    expect([asked, await told(owner, "room.update", { room, ...asked })]).toEqual([asked, "bad_request"]);
});

test("a change of settings is an event that names the fields, live, on resume and in pages", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member]);
  const { seq } = await owner.rpc<{ seq: number }>("room.update", { room, name: "New name", topic: "secret words" });
  expect(seq).toBe(3);
  await member.untilSeq(room, 3);
  expect(member.log(room)).toMatchObject([
    { seq: 3, kind: "changed", user: owner.user, data: '{"fields":["name","topic"]}' },
  ]);
  expect(await member.rpc<Room>("room.get", { room })).toMatchObject({ name: "New name", topic: "secret words" });
  await using back = await again(node, member);
  await back.subscribe(room, { recover: true, offset: 0 });
  expect(back.seqs(room)).toEqual([1, 2, 3]);
  expect(back.log(room)[2]?.text).toBe(member.log(room)[0]?.text ?? "");
  const { events } = await member.rpc<{ events: { offset: number; tags: object }[] }>("message.list", { room });
  expect(events.at(-1)).toMatchObject({ offset: 3, tags: { kind: "changed" } });
});

test("who may post is changed at its place in the log", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member]);
  expect(await toldToWrite(member, room)).toBe("ok");
  await owner.rpc("room.update", { room, post: "moderators" });
  expect(await toldToWrite(member, room)).toBe("permission_denied");
  expect(await told(member, "message.send", { room, id: Bun.randomUUIDv7(), data: 1 })).toBe("permission_denied");
  expect(await toldToWrite(owner, room)).toBe("ok");
  await owner.rpc("room.update", { room, post: "members" });
  expect(await toldToWrite(member, room)).toBe("ok");
});

test("a closed room is read and not written, until it is opened again", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using late = await arrive(node);
  const room = await roomOf(owner, [member]);
  await member.request("publish", { channel: room, data: { text: "before" } });
  expect(await owner.rpc<object>("room.close", { room })).toEqual({ seq: 4 });
  expect(await owner.rpc<object>("room.close", { room })).toEqual({ seq: 4 });
  await member.untilSeq(room, 4);
  expect(kindsOf(member, room)).toEqual(['{"text":"before"}', "closed"]);
  for (const client of [owner, member]) expect(await toldToWrite(client, room)).toBe("room_closed");
  expect(await told(late, "room.join", { room })).toBe("room_closed");
  // Who is in it already is told so, as for any room.
  expect(await told(member, "room.join", { room })).toBe("ok");
  expect(await told(owner, "member.invite", { room, user: late.user })).toBe("room_closed");
  expect(await member.rpc<Room>("room.get", { room })).toMatchObject({ closed: true });
  expect(await told(member, "message.list", { room })).toBe("ok");
  await using back = await again(node, member, { data: { rooms: true, positions: { [room]: 2 } } });
  expect(back.seqs(room)).toEqual([3, 4]);
  expect(await owner.rpc<object>("room.reopen", { room })).toEqual({ seq: 5 });
  expect(await owner.rpc<object>("room.reopen", { room })).toEqual({ seq: 5 });
  expect(await toldToWrite(member, room)).toBe("ok");
  expect(await told(late, "room.join", { room })).toBe("ok");
  await owner.untilSeq(room, 7);
  expect(kindsOf(owner, room).slice(-3)).toEqual(["reopened", '{"text":"hi"}', "joined"]);
});

test("a closed room says so to its people only", async () => {
  await using owner = await arrive(node);
  await using former = await arrive(node);
  await using stranger = await arrive(node);
  const room = await roomOf(owner, [former], { kind: "private" });
  await former.rpc("room.leave", { room });
  await owner.rpc("room.close", { room });
  const absent = "0123456789abcdefghij";
  for (const client of [former, stranger]) {
    for (const [method, data] of [
      ["message.send", { id: Bun.randomUUIDv7(), data: 1 }],
      ["room.join", {}],
      ["room.get", {}],
      ["room.reopen", {}],
    ] as const) {
      const asked = (channel: string) => client.refusal("rpc", { method, data: { room: channel, ...data } });
      expect([method, await asked(room)]).toEqual([method, await asked(absent)]);
    }
    const write = (channel: string) => client.refusal("publish", { channel, data: 1 });
    expect(await write(room)).toEqual(await write(absent));
  }
});

test("a room that is deleted is gone for everybody, on every connection and in every way of asking", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using phone = await again(node, member);
  const room = await roomOf(owner, [member]);
  await phone.subscribe(room);
  await member.request("publish", { channel: room, data: { text: "words" } });
  const { token: link } = await owner.rpc<{ token: string }>("invite.create", { room });
  expect(await owner.rpc<object>("room.delete", { room })).toEqual({ seq: 4 });
  for (const client of [owner, member, phone]) {
    await client.nextPush("unsubscribe", room);
    expect(kindsOf(client, room).at(-1)).toBe("gone");
    for (const method of ["room.get", "message.list", "room.join", "room.leave", "room.delete", "presence.list"])
      expect([method, await told(client, method, { room })]).toEqual([method, "room_not_found"]);
    expect(await toldToWrite(client, room)).toBe("room_not_found");
    for (const method of ["subscribe", "history", "presence", "presence_stats"])
      expect(await client.refusal(method, { channel: room })).toMatchObject({ code: 102 });
    expect(await told(client, "invite.accept", { token: link })).toBe("invite_not_found");
    const rooms = await client.rpc<{ rooms: { id: string }[] }>("room.list", {});
    expect(rooms.rooms.map(({ id }) => id)).not.toContain(room);
  }
  await using back = await again(node, member, { data: { rooms: true, positions: { [room]: 1 } } });
  expect(Object.keys(back.connected?.subs ?? {})).not.toContain(room);
});

test("who shows themselves to nobody loses a room that is deleted like everybody else", async () => {
  await using owner = await arrive(node);
  await using hidden = await arrive(node);
  const room = await roomOf(owner, [hidden]);
  await hidden.rpc("status.set", { status: "invisible" });
  await owner.rpc("room.delete", { room });
  await hidden.nextPush("unsubscribe", room);
  expect(kindsOf(hidden, room).at(-1)).toBe("gone");
});

test("only its owner changes, closes and deletes a room; a moderator names it and slows it down", async () => {
  await using owner = await arrive(node);
  await using moderator = await arrive(node);
  await using member = await arrive(node);
  await using stranger = await arrive(node);
  const room = await roomOf(owner, [moderator, member]);
  await owner.rpc("member.role", { room, user: moderator.user, role: "moderator" });
  const asks: [string, object, string][] = [
    ["room.update", { name: "A" }, "ok"],
    ["room.update", { topic: "B" }, "ok"],
    ["room.update", { slow_ms: 1 }, "ok"],
    ["room.update", { slow_ms: 0, name: "C", topic: "D" }, "ok"],
    ["room.update", { name: "A", post: "members" }, "permission_denied"],
    ["room.update", { history: "joined" }, "permission_denied"],
    ["room.update", { invite: "moderators" }, "permission_denied"],
    ["room.close", {}, "permission_denied"],
    ["room.reopen", {}, "permission_denied"],
    ["room.delete", {}, "permission_denied"],
  ];
  for (const [method, asked, wanted] of asks) {
    const data = { room, ...asked };
    expect([method, asked, await told(moderator, method, data)]).toEqual([method, asked, wanted as "ok"]);
    expect([method, asked, await told(member, method, data)]).toEqual([method, asked, "permission_denied"]);
    expect([method, asked, await told(stranger, method, data)]).toEqual([method, asked, "room_not_found"]);
  }
  expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ name: "C", history: "all", closed: false });
});
