/** Whoever administers the server acts in rooms where they are no member, and reads nothing there. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import type { Room } from "../../src/protocol/room-operations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { again, arrive, kindsOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
let root: RawClient;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
  const first = await connectRaw(node);
  await node.stop();
  const sql = "UPDATE users SET role = 'owner' WHERE id = ?";
  await withDatabase(node.data, (client) => client.execute({ sql, args: [first.user] }));
  await node.restart();
  root = await again(node, first, { data: { rooms: true } });
});
afterAll(async () => {
  await root.close();
  await node[Symbol.asyncDispose]();
});

test("the owner of the server keeps order in any room, and reads none that they are not in", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member], { kind: "private" });
  const { seq } = await owner.rpc<{ seq: number }>("message.send", {
    room,
    id: Bun.randomUUIDv7(),
    data: { text: "x" },
  });
  expect(await root.rpc<Room>("room.get", { room })).toMatchObject({ id: room, role: null, visible_from: null });
  for (const method of ["message.list", "presence.list", "room.join"])
    expect([method, await told(root, method, { room })]).toEqual([method, "room_not_found"]);
  for (const method of ["subscribe", "history", "presence", "presence_stats"])
    expect([method, (await root.refusal(method, { channel: room })).code]).toEqual([method, 102]);
  expect(await toldToWrite(root, room)).toBe("room_not_found");
  const acts: [string, object][] = [
    ["room.update", { name: "Tidy", post: "members" }],
    ["message.delete", { seq }],
    ["member.mute", { user: owner.user, until: Date.now() + 60_000 }],
    ["member.role", { user: owner.user, role: "member" }],
    ["member.role", { user: member.user, role: "owner" }],
    ["member.remove", { user: owner.user }],
    ["member.ban", { user: owner.user }],
    ["member.unban", { user: owner.user }],
    ["invite.create", {}],
    ["invite.list", {}],
    ["room.close", {}],
    ["room.reopen", {}],
    ["member.invite", { user: owner.user }],
  ];
  for (const [method, data] of acts)
    expect([method, await told(root, method, { room, ...data })]).toEqual([method, "ok"]);
  await member.settled();
  const kinds = [
    "",
    "changed",
    "deleted",
    "muted",
    "role",
    "role",
    "removed",
    "banned",
    "unbanned",
    "closed",
    "reopened",
    "invited",
  ];
  expect(member.log(room).map(({ kind }) => kind)).toEqual(kinds);
  await root.settled();
  expect(root.seqs(room)).toEqual([]);
  expect(await told(root, "room.delete", { room })).toBe("ok");
  await member.nextPush("unsubscribe", room);
});

test("who is added by the application is a member at once, on every connection, whoever has the room open", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  await using phone = await again(node, guest, { data: { rooms: true } });
  const room = await roomOf(owner, [], { kind: "private", history: "joined" });
  await owner.request("publish", { channel: room, data: { text: "before" } });
  // After a restart nobody has it open.
  const token = guest.connected?.data.token ?? "";
  await node.restart();
  root = await again(node, root, { data: { rooms: true } });
  await using one = await connectRaw(node, { token, data: { rooms: true } });
  await using two = await connectRaw(node, { token, data: { rooms: true } });
  expect(await root.rpc<object>("member.add", { room, user: guest.user, role: "moderator" })).toEqual({ seq: 3 });
  for (const client of [one, two]) await client.nextPush("subscribe", room);
  expect(await one.rpc<Room>("room.get", { room })).toMatchObject({ role: "moderator", visible_from: 3 });
  await one.request("publish", { channel: room, data: { text: "hello" } });
  for (const client of [one, two]) {
    await client.untilSeq(room, 4);
    expect(kindsOf(client, room)).toEqual(['{"text":"hello"}']);
  }
  expect(phone.seqs(room)).toEqual([]);
});

test("the owner of the server adds people to rooms of their own too", async () => {
  await using guest = await arrive(node);
  const room = await roomOf(root, [], { kind: "private" });
  expect(await root.rpc<object>("member.add", { room, user: guest.user })).toEqual({ seq: 2 });
  expect(await guest.rpc<Room>("room.get", { room })).toMatchObject({ role: "member", members: 2 });
});

test("a ban in a room does not shut the owner of the server out of their office", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner);
  await owner.rpc("member.ban", { room, user: root.user });
  expect(await told(root, "room.join", { room })).toBe("room_not_found");
  expect(await told(root, "message.list", { room })).toBe("room_not_found");
  expect(await told(root, "member.unban", { room, user: root.user })).toBe("ok");
  expect(await told(root, "room.join", { room })).toBe("ok");
});

test("every act upon a room and its people is in the audit log, and none of its words", async () => {
  await using own = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(own);
  await using member = await connectRaw(own);
  const room = await roomOf(owner, [member]);
  const user = member.user;
  const { id } = await owner.rpc<OutputOf<"invite.create">>("invite.create", { room });
  const acts: [string, object][] = [
    ["room.update", { room, topic: "secret words" }],
    ["member.mute", { room, user, until: Date.now() + 60_000 }],
    ["member.role", { room, user, role: "moderator" }],
    ["member.remove", { room, user }],
    ["member.ban", { room, user, reason: "rude" }],
    ["member.unban", { room, user }],
    ["invite.revoke", { id }],
    ["room.close", { room }],
    ["room.reopen", { room }],
    ["room.delete", { room }],
  ];
  for (const [method, data] of acts) expect([method, await told(owner, method, data)]).toEqual([method, "ok"]);
  expect(await told(member, "room.get", { room })).toBe("room_not_found");
  await own.stop();
  const query = "SELECT actor, action, target, detail FROM audit ORDER BY n";
  const rows = await withDatabase(own.data, async (client) => (await client.execute(query)).rows);
  const noted = rows.filter(({ actor }) => actor === owner.user);
  expect(noted.map(({ action }) => action)).toEqual(["invite.create", ...acts.map(([method]) => method)]);
  expect(JSON.stringify(rows)).not.toContain("secret words");
});
