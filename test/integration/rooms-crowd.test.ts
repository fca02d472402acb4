/** Rooms of more than 500 members: joins and leaves are a count there, and everything else is as in a small one. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { listed_members_max } from "../../src/protocol/limits.ts";
import type { RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { again, arrive, roomOf, told, toldToWrite } from "../room-people.ts";
import { jwtSecret, signed } from "../tokens.ts";
import { publishSteadily, unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited], env: { CONFAB_JWT_SECRET: jwtSecret } });
});
afterAll(() => node[Symbol.asyncDispose]());

/** Fills a room up to so many members, over HTTP. */
async function fill(room: string, count: number, name: string): Promise<void> {
  const join = async (n: number): Promise<void> => {
    const { status } = await post(node, "room.join", { token: await signed({ sub: `${name}${n}` }), body: { room } });
    expect(status).toBe(200);
  };
  for (let n = 0; n < count; n += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - n) }, (_, at) => join(n + at)));
  }
}

async function facts(client: RawClient, room: string): Promise<Room> {
  return await client.rpc<Room>("room.get", { room });
}

test("above 500 members joins and leaves are a count: no event, and still at their place in the log", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner, [], { history: "joined" });
  await fill(room, listed_members_max, "crowd");
  expect(await facts(owner, room)).toMatchObject({ members: 501, last_seq: 501 });
  await using member = await arrive(node);
  await using phone = await again(node, member);
  expect(await member.rpc<Room>("room.join", { room })).toMatchObject({
    members: 502,
    last_seq: 501,
    visible_from: 502,
  });
  const { subscribe } = await member.nextPush("subscribe", room);
  expect(subscribe?.offset).toBe(501);
  expect(await told(member, "room.join", { room })).toBe("ok");
  await owner.request("publish", { channel: room, data: { text: "seen" } });
  await member.untilSeq(room, 502);
  await phone.subscribe(room, { recover: true, offset: 0 });
  expect([member.seqs(room), phone.seqs(room)]).toEqual([[502], [502]]);
  expect(await member.rpc<object>("room.leave", { room })).toEqual({ seq: 502 });
  for (const client of [member, phone]) await client.nextPush("unsubscribe", room);
  await owner.request("publish", { channel: room, data: { text: "unseen" } });
  await owner.untilSeq(room, 503);
  expect(await toldToWrite(member, room)).toBe("room_not_found");
  expect(await member.rpc<Room>("room.join", { room })).toMatchObject({ visible_from: 504 });
  await using back = await again(node, member, { data: { rooms: true, positions: { [room]: 0 } } });
  await owner.request("publish", { channel: room, data: { text: "seen again" } });
  for (const client of [member, back]) await client.untilSeq(room, 504);
  expect([member.seqs(room), back.seqs(room)]).toEqual([[502, 504], [504]]);
  // What moderators do is an event in any room.
  await owner.rpc("member.ban", { room, user: member.user });
  for (const client of [member, back]) {
    await client.nextPush("unsubscribe", room);
    expect(client.log(room).at(-1)).toMatchObject({ seq: 505, kind: "banned" });
  }
  expect(await facts(owner, room)).toMatchObject({ members: 501, last_seq: 505 });
});

test("silent leaves and joins while a big room is written to: each stay is whole, nothing of between", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner, [], { history: "joined" });
  await fill(room, listed_members_max + 2, "busy");
  await using member = await arrive(node);
  await using phone = await again(node, member);
  const start = await member.rpc<Room>("room.join", { room });
  const writing = publishSteadily(owner, room, { perSecond: 3_000, data: (n) => ({ n }) });
  const stays: [number, number][] = [[start.visible_from ?? 0, 0]];
  for (let round = 0; round < 10; round++) {
    const { seq } = await (round % 2 === 0 ? phone : member).rpc<{ seq: number }>("room.leave", { room });
    (stays.at(-1) as [number, number])[1] = seq;
    const { visible_from } = await member.rpc<Room>("room.join", { room });
    stays.push([visible_from ?? 0, 0]);
    if (round % 3 === 0) await phone.subscribe(room, { recover: true, offset: 0 });
    await member.until(() => (member.log(room).at(-1)?.seq ?? 0) >= (visible_from ?? 0), "something of the new stay");
  }
  const { seq: end } = await member.rpc<{ seq: number }>("room.leave", { room });
  (stays.at(-1) as [number, number])[1] = end;
  await writing.stop();
  for (const client of [member, phone]) {
    await client.settled();
    const wrong = client.seqs(room).filter((seq) => !stays.some(([from, to]) => seq >= from && seq <= to));
    expect([client === phone, wrong, stays]).toEqual([client === phone, [], stays]);
  }
  const wanted = stays.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
  expect(member.seqs(room)).toEqual(wanted);
  expect(await facts(owner, room)).toMatchObject({ members: 503 });
});

test("a room that shrinks lists its people again, and its count is right all the time", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner);
  await fill(room, listed_members_max + 1, "shrink");
  expect(await facts(owner, room)).toMatchObject({ members: 502, last_seq: 501 });
  const leave = async (n: number) => {
    const { json } = await post(node, "room.leave", { token: await signed({ sub: `shrink${n}` }), body: { room } });
    return (json as { seq: number }).seq;
  };
  const silent = [await leave(0), await leave(1)];
  expect(await facts(owner, room)).toMatchObject({ members: 500, last_seq: 501 });
  expect([...silent, await leave(2), await leave(2)]).toEqual([501, 501, 502, 502]);
  expect(await facts(owner, room)).toMatchObject({ members: 499, last_seq: 502 });
});
