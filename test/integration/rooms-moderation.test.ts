import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import type { Room } from "../../src/protocol/room-operations.ts";
import type { RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { again, arrive, kindsOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { publishMany, unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

const absent = "0123456789abcdefghij";

/** Whatever may be asked of a room: who is out is told the same as of a room that never was. */
async function expectOut(client: RawClient, room: string): Promise<void> {
  const asks: [string, object][] = [
    ["room.get", {}],
    ["message.list", {}],
    ["message.send", { id: Bun.randomUUIDv7(), data: 1 }],
    ["message.delete", { seq: 2 }],
    ["presence.list", {}],
    ["member.list", {}],
    ["member.invite", { user: client.user }],
    ["room.update", { name: "x" }],
    ["invite.create", {}],
  ];
  for (const [method, data] of asks) {
    const asked = (channel: string) => client.refusal("rpc", { method, data: { room: channel, ...data } });
    expect([method, await asked(room)]).toEqual([method, await asked(absent)]);
  }
  for (const method of ["subscribe", "history", "presence", "presence_stats"]) {
    const asked = (channel: string) => client.refusal(method, { channel });
    expect([method, await asked(room)]).toEqual([method, await asked(absent)]);
  }
  expect(await client.refusal("publish", { channel: room, data: 1 })).toEqual(
    await client.refusal("publish", { channel: absent, data: 1 }),
  );
}

for (const how of ["remove", "ban"] as const) {
  test(`who is put out (${how}) loses the room at that event, on every connection, while it is written to`, async () => {
    await using owner = await arrive(node);
    await using member = await arrive(node);
    await using phone = await again(node, member);
    const room = await roomOf(owner, [member], { kind: "private" });
    await phone.subscribe(room, { join_leave: true });
    const data = (n: number): object => ({ n, text: "x".repeat(300) });
    const writing = publishMany(owner, room, { count: 2_000, data });
    await member.untilSeq(room, 200);
    const { seq } = await owner.rpc<{ seq: number }>(`member.${how}`, { room, user: member.user });
    for (const client of [member, phone]) {
      const { unsubscribe } = await client.nextPush("unsubscribe", room);
      expect(unsubscribe?.code).toBe(2001);
    }
    await writing;
    for (const client of [member, phone]) {
      await client.settled();
      expect(client.seqs(room).at(-1)).toBe(seq);
      expect(client.log(room).at(-1)?.kind).toBe(how === "ban" ? "banned" : "removed");
      await expectOut(client, room);
    }
    await using back = await again(node, member, { data: { rooms: true, positions: { [room]: seq } } });
    expect(back.connected?.subs[room]).toBeUndefined();
    expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ members: 1 });
  });
}

test("who was removed may come again; who is banned may not, nor by an invitation", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner, [guest]);
  await owner.rpc("member.remove", { room, user: guest.user });
  expect(await told(guest, "room.join", { room })).toBe("ok");
  await owner.rpc("member.ban", { room, user: guest.user, reason: "  spam  " });
  expect(await told(guest, "room.join", { room })).toBe("room_not_found");
  expect(await told(guest, "room.leave", { room })).toBe("room_not_found");
  expect(await told(owner, "member.invite", { room, user: guest.user })).toBe("permission_denied");
  const { members } = await owner.rpc<OutputOf<"member.list">>("member.list", { room, state: "banned" });
  expect(members).toMatchObject([{ user: { id: guest.user }, state: "banned", banned_until: 0, reason: "spam" }]);
  // The log holds no words of it.
  const log = await owner.request("rpc", { method: "message.list", data: { room } });
  expect(log.text).not.toContain("spam");
  await owner.rpc("member.unban", { room, user: guest.user });
  expect(await told(guest, "room.join", { room })).toBe("ok");
  await owner.settled();
  expect(kindsOf(owner, room)).toEqual(["joined", "removed", "joined", "banned", "unbanned", "joined"]);
});

test("a ban for a time ends by itself", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner, [guest]);
  const until = Date.now() + 700;
  await owner.rpc("member.ban", { room, user: guest.user, until });
  expect(await told(guest, "room.join", { room })).toBe("room_not_found");
  expect(await told(guest, "room.get", { room })).toBe("room_not_found");
  expect(owner.log(room).at(-1)?.data).toBe(JSON.stringify({ user: guest.user, until }));
  while (Date.now() <= until) await guest.settled();
  expect(await told(guest, "room.get", { room })).toBe("ok");
  expect(await told(guest, "room.join", { room })).toBe("ok");
  // Made longer, it is another fact; the same again is none.
  const [first, second] = [Date.now() + 60_000, Date.now() + 120_000];
  const asks = [first, first, second];
  const seqs: number[] = [];
  for (const one of asks)
    seqs.push((await owner.rpc<{ seq: number }>("member.ban", { room, user: guest.user, until: one })).seq);
  expect(seqs.map((seq) => seq - (seqs[0] ?? 0))).toEqual([0, 0, 1]);
});

test("a ban can come before the person does", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner);
  await owner.rpc("member.ban", { room, user: guest.user });
  expect(await told(guest, "room.join", { room })).toBe("room_not_found");
  await expectOut(guest, room);
  expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ members: 1 });
});

test("a muted member reads and does not write, until the time is up or it is taken back", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member]);
  await owner.rpc("member.mute", { room, user: member.user, until: Date.now() + 600_000 });
  expect(await toldToWrite(member, room)).toBe("muted");
  expect(await told(member, "message.send", { room, id: Bun.randomUUIDv7(), data: 1 })).toBe("muted");
  await owner.request("publish", { channel: room, data: { text: "heard" } });
  await member.untilSeq(room, 4);
  // Leaving and coming back does not help.
  await member.rpc("room.leave", { room });
  await member.rpc("room.join", { room });
  expect(await toldToWrite(member, room)).toBe("muted");
  await owner.rpc("member.mute", { room, user: member.user, until: 0 });
  expect(await toldToWrite(member, room)).toBe("ok");
  const until = Date.now() + 400;
  await owner.rpc("member.mute", { room, user: member.user, until });
  expect(await toldToWrite(member, room)).toBe("muted");
  while (Date.now() <= until) await member.settled();
  expect(await toldToWrite(member, room)).toBe("ok");
});

test("one acts on those who stand below, and on nobody else", async () => {
  await using owner = await arrive(node);
  await using second = await arrive(node);
  await using moderator = await arrive(node);
  await using peer = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [second, moderator, peer, member]);
  const role = (by: RawClient, of: RawClient, to: string) => told(by, "member.role", { room, user: of.user, role: to });
  expect(await role(owner, second, "owner")).toBe("ok");
  for (const one of [moderator, peer]) expect(await role(owner, one, "moderator")).toBe("ok");
  const until = Date.now() + 60_000;
  const acts: [string, object][] = [
    ["member.mute", { until }],
    ["member.remove", {}],
    ["member.ban", {}],
    ["member.unban", {}],
  ];
  const pairs: [RawClient, RawClient][] = [
    [member, moderator],
    [member, owner],
    [member, member],
    [moderator, owner],
    [moderator, peer],
    [moderator, moderator],
    [owner, second],
    [second, owner],
  ];
  for (const [by, of] of pairs) {
    for (const [method, more] of acts)
      expect([method, await told(by, method, { room, user: of.user, ...more })]).toEqual([method, "permission_denied"]);
  }
  for (const by of [member, moderator]) expect(await role(by, member, "moderator")).toBe("permission_denied");
  expect(await role(member, member, "owner")).toBe("permission_denied");
  for (const [method, more] of acts)
    expect([method, await told(moderator, method, { room, user: member.user, ...more })]).toEqual([method, "ok"]);
  expect(await told(moderator, "member.mute", { room, user: member.user, until })).toBe("not_a_member");
  expect(await role(owner, member, "moderator")).toBe("not_a_member");
  // An owner may stand down, and then stands below.
  expect(await role(second, second, "member")).toBe("ok");
  expect(await told(moderator, "member.remove", { room, user: second.user })).toBe("ok");
});

test("a role counts from its place in the log on, and ends with the membership", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member], { kind: "broadcast" });
  expect(await toldToWrite(member, room)).toBe("permission_denied");
  await owner.rpc("member.role", { room, user: member.user, role: "moderator" });
  expect(await toldToWrite(member, room)).toBe("ok");
  await member.rpc("room.leave", { room });
  await member.rpc("room.join", { room });
  expect(await member.rpc<Room>("room.get", { room })).toMatchObject({ role: "member" });
  expect(await toldToWrite(member, room)).toBe("permission_denied");
  expect(await told(member, "member.ban", { room, user: owner.user })).toBe("permission_denied");
});

test("slow mode holds members back, each for themselves, and no moderator", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using other = await arrive(node);
  const room = await roomOf(owner, [member, other], { slow_ms: 800 });
  const start = Date.now();
  expect(await toldToWrite(member, room)).toBe("ok");
  expect(await toldToWrite(other, room)).toBe("ok");
  const id = Bun.randomUUIDv7();
  expect(await told(member, "message.send", { room, id, data: 1 })).toBe("slow_mode");
  for (let n = 0; n < 3; n++) expect(await toldToWrite(owner, room)).toBe("ok");
  let answer = await told(member, "message.send", { room, id, data: 1 });
  while (answer === "slow_mode") answer = await told(member, "message.send", { room, id, data: 1 });
  expect([answer, Date.now() - start >= 800]).toEqual(["ok", true]);
  // What is stored is told to a retry, however slow the room is.
  expect(await told(member, "message.send", { room, id, data: 1 })).toBe("ok");
  await owner.rpc("room.update", { room, slow_ms: 0 });
  for (let n = 0; n < 3; n++) expect(await toldToWrite(member, room)).toBe("ok");
});

test("the reason of a ban and who is muted are for those who moderate", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using banned = await arrive(node);
  const room = await roomOf(owner, [member, banned]);
  await owner.rpc("member.ban", { room, user: banned.user, reason: "bad words" });
  for (const state of ["banned", "invited"])
    expect(await told(member, "member.list", { room, state })).toBe("permission_denied");
  const { text } = await member.request("rpc", { method: "member.list", data: { room } });
  expect(text).not.toContain("bad words");
  expect(text).not.toContain(banned.user);
});
