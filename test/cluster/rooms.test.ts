/** People and rooms on two nodes: what one node does to somebody holds on the other, at its place in the log. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { codeOf, roomOf, told } from "../room-people.ts";
import { publishMany } from "../writing.ts";
import { nodeOf, startCluster, type TestCluster } from "./nodes.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ count: 2 });
}, 60_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const arrive = (place: number): Promise<RawClient> => connectRaw(nodeOf(cluster, place), { data: { rooms: true } });

/** The same guest by the other node. */
function again(place: number, client: RawClient, data: object = {}): Promise<RawClient> {
  return connectRaw(nodeOf(cluster, place), { token: client.connected?.data.token ?? "", data });
}

interface Event {
  readonly offset: number;
  readonly tags: { readonly id?: string; readonly kind?: string };
}

async function logOf(client: RawClient, room: string): Promise<Event[]> {
  return (await client.rpc<{ events: Event[] }>("message.list", { room, limit: 1_000, after: 0 })).events;
}

for (const [method, code] of [
  ["member.ban", "room_not_found"],
  ["room.close", "room_closed"],
] as const) {
  test(`${method} on one node against sends on both: nothing is stored behind it`, async () => {
    for (let round = 0; round < 5; round++) {
      await using owner = await arrive(0);
      await using member = await arrive(1);
      await using phone = await again(0, member, { rooms: true });
      const room = await roomOf(owner, [member]);
      await phone.nextPush("subscribe", room);
      const send = (client: RawClient, count: number) =>
        Array.from({ length: count }, async () => {
          const id = Bun.randomUUIDv7();
          const { error, rpc } = await client.request("rpc", {
            method: "message.send",
            data: { room, id, data: { text: id } },
          });
          return { id, code: codeOf(error), seq: (rpc?.data as { seq?: number } | undefined)?.seq ?? 0 };
        });
      const answers = [...send(member, 30), ...send(phone, 30)];
      const about = method === "room.close" ? { room } : { room, user: member.user };
      const ended = owner.rpc<{ seq: number }>(method, about);
      answers.push(...send(member, 30), ...send(phone, 30));
      const { seq: end } = await ended;
      const answered = await Promise.all(answers);
      const stored = new Map(
        (await logOf(owner, room))
          .filter(({ tags }) => tags.kind === undefined)
          .map(({ offset, tags }) => [tags.id, offset]),
      );
      expect([round, [...stored.values()].filter((seq) => seq > end)]).toEqual([round, []]);
      for (const one of answered)
        expect([round, one.code, stored.get(one.id) ?? 0]).toEqual([round, one.seq > 0 ? "ok" : code, one.seq]);
    }
  }, 60_000);
}

test("who is put out on one node gets nothing above it on the other, while the room is written to", async () => {
  for (let round = 0; round < 4; round++) {
    await using owner = await arrive(0);
    await using member = await arrive(1);
    await using phone = await again(1, member);
    const room = await roomOf(owner, [member], { kind: "private" });
    await phone.subscribe(room);
    await using writer = await again(0, owner);
    const writing = publishMany(writer, room, { count: 1_500, data: (n) => ({ n, text: "x".repeat(200) }) });
    await member.untilSeq(room, 100);
    const { seq } = await owner.rpc<{ seq: number }>("member.remove", { room, user: member.user });
    for (const client of [member, phone]) await client.nextPush("unsubscribe", room);
    await writing;
    for (const client of [member, phone]) {
      await client.settled();
      expect([round, client.seqs(room).at(-1)]).toEqual([round, seq]);
      expect(await told(client, "message.list", { room })).toBe("room_not_found");
    }
  }
}, 60_000);

test("who joins before their node has heard of the invitation stays in", async () => {
  for (let round = 0; round < 12; round++) {
    await using owner = await arrive(0);
    const people = await Promise.all(Array.from({ length: 10 }, () => arrive(1)));
    const rooms = await Promise.all(people.map((person) => roomOf(owner, [person], { kind: "private" })));
    for (const [at, person] of people.entries()) {
      const room = rooms[at] ?? "";
      await owner.rpc("message.send", { room, id: Bun.randomUUIDv7(), data: { text: "Welcome" } });
      const { last_seq } = await person.rpc<Room>("room.get", { room });
      await person.untilSeq(room, last_seq);
      expect(person.waiting.filter(({ push }) => push?.unsubscribe !== undefined)).toEqual([]);
      await person.close();
    }
  }
}, 60_000);

test("who is put out reads nothing above it by a node that has not heard of it yet", async () => {
  for (let round = 0; round < 12; round++) {
    await using owner = await arrive(0);
    await using member = await arrive(1);
    await using elsewhere = await again(0, member);
    // The room is known there as one of theirs, and nobody has it open.
    const { id: room } = await owner.rpc<Room>("room.create", { name: "Hall" });
    await elsewhere.rpc("room.join", { room });
    await using fresh = await again(1, member);
    expect(await told(fresh, "room.get", { room })).toBe("ok");
    expect(await told(fresh, "message.send", { room, id: Bun.randomUUIDv7(), data: 1 })).toBe("ok");
    const { seq } = await owner.rpc<{ seq: number }>("member.remove", { room, user: member.user });
    await publishMany(owner, room, { count: 3, data: (n) => ({ secret: n }) });
    const page = await fresh.request("rpc", { method: "message.list", data: { room, after: 0 } });
    const history = await fresh.request("history", { channel: room, limit: 100 });
    const subscribed = await fresh.request("subscribe", { channel: room, recover: true, offset: 0 });
    for (const { text } of [page, history, subscribed])
      expect([round, seq, text.includes("secret")]).toEqual([round, seq, false]);
    await fresh.settled();
    expect(fresh.seqs(room).filter((one) => one > seq)).toEqual([]);
  }
}, 60_000);

test("who is put out keeps no order by a node that has not heard of it yet", async () => {
  for (let round = 0; round < 6; round++) {
    await using owner = await arrive(0);
    await using member = await arrive(0);
    const room = await roomOf(owner, [member]);
    await owner.rpc("member.role", { room, user: member.user, role: "moderator" });
    await using fresh = await again(1, member);
    const id = Bun.randomUUIDv7();
    // Their place is known there, and nobody has the room open.
    expect(await told(fresh, "message.send", { room, id, data: { text: "mine" } })).toBe("ok");
    await owner.rpc("member.remove", { room, user: member.user });
    const secret = { room, id: Bun.randomUUIDv7(), data: { text: "a secret" } };
    const { seq } = await owner.rpc<{ seq: number }>("message.send", secret);
    await owner.rpc("message.report", { room, seq, reason: "spam" });
    for (const method of ["report.list", "member.list", "invite.create"])
      expect([round, method, await told(fresh, method, { room })]).toEqual([round, method, "room_not_found"]);
  }
}, 60_000);

test("who is invited again comes in by a node that has not heard of it yet", async () => {
  for (let round = 0; round < 6; round++) {
    await using owner = await arrive(0);
    await using member = await arrive(1);
    const room = await roomOf(owner, [member], { kind: "private" });
    await member.rpc("room.leave", { room });
    await owner.rpc("member.invite", { room, user: member.user });
    expect([round, await told(member, "room.join", { room })]).toEqual([round, "ok"]);
  }
}, 60_000);

test("what may be read by who joins is what the setting was at their place in the log, whoever changed it where", async () => {
  await using owner = await arrive(0);
  await using watcher = await arrive(1);
  const room = await roomOf(owner, [watcher]);
  await publishMany(owner, room, { count: 5, data: (n) => ({ n }) });
  for (let round = 0; round < 8; round++) {
    await using one = await arrive(1);
    const history = round % 2 === 0 ? "joined" : "all";
    await owner.rpc("room.update", { room, history });
    const { visible_from, last_seq } = await one.rpc<Room>("room.join", { room });
    expect([round, visible_from]).toEqual([round, history === "all" ? 1 : last_seq]);
    await using phone = await again(1, one);
    await phone.subscribe(room, { recover: true, offset: 0 });
    await phone.untilSeq(room, last_seq);
    expect([round, phone.seqs(room)[0]]).toEqual([round, visible_from ?? 0]);
    const { events } = await one.rpc<{ events: Event[] }>("message.list", { room, after: 0, limit: 1_000 });
    expect([round, events[0]?.offset]).toEqual([round, visible_from ?? 0]);
  }
}, 60_000);

test("two people who ask for their direct room by two nodes at once get one, and both are in it", async () => {
  for (let round = 0; round < 5; round++) {
    await using ann = await arrive(0);
    await using ben = await arrive(1);
    const asked = [
      ann.rpc<Room>("room.direct", { users: [ben.user] }),
      ben.rpc<Room>("room.direct", { users: [ann.user] }),
    ];
    const [first, second] = await Promise.all(asked);
    expect([round, first?.id]).toEqual([round, second?.id]);
    const room = first?.id ?? "";
    for (const client of [ann, ben]) {
      await client.nextPush("subscribe", room);
      await client.request("publish", { channel: room, data: { text: client.user } });
    }
    for (const client of [ann, ben])
      await client.until(() => client.log(room).filter(({ kind }) => kind === "").length === 2, "both messages");
  }
}, 60_000);

test("a room that is deleted on one node is gone on the other, for readers too", async () => {
  await using owner = await arrive(0);
  await using member = await arrive(1);
  const room = await roomOf(owner, [member]);
  await member.nextPush("subscribe", room);
  const { seq } = await owner.rpc<{ seq: number }>("room.delete", { room });
  await member.nextPush("unsubscribe", room);
  expect(member.log(room).at(-1)).toMatchObject({ seq, kind: "gone" });
  for (const method of ["room.get", "message.list", "room.join"])
    expect(await told(member, method, { room })).toBe("room_not_found");
});

test("a deleted message has no words on the other node either", async () => {
  await using owner = await arrive(0);
  await using member = await arrive(1);
  const room = await roomOf(owner, [member]);
  await member.nextPush("subscribe", room);
  const { seq } = await owner.rpc<{ seq: number }>("message.send", {
    room,
    id: Bun.randomUUIDv7(),
    data: { text: "a secret" },
  });
  await member.untilSeq(room, seq);
  const { seq: deleted } = await owner.rpc<{ seq: number }>("message.delete", { room, seq });
  await member.untilSeq(room, deleted);
  await using phone = await again(1, member);
  phone.keepsFrames = true;
  await phone.subscribe(room, { recover: true, offset: 0 });
  await phone.untilSeq(room, deleted);
  const { text } = await phone.request("rpc", { method: "message.list", data: { room, after: 0 } });
  expect(text).not.toContain("a secret");
  expect(phone.frames.join("\n")).not.toContain("a secret");
});
