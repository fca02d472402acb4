import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { again, arrive, kindsOf, messageId, roomOf, told } from "../room-people.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

async function write(client: RawClient, room: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await client.request("publish", { channel: room, data: { text: `word ${n}` } });
}

/** Every seq that a person can get at, in every way that there is. */
async function readable(client: RawClient, room: string): Promise<Record<string, number[]>> {
  const { epoch } = client.connected?.data ?? {};
  const found: Record<string, number[]> = {};
  const pages = [
    {},
    { before: 1_000 },
    { after: 0 },
    { around: 1 },
    { around: 5 },
    { from: 0, to: 1_000 },
    { from: 1, to: 4 },
  ];
  for (const page of pages) {
    const { events, first_seq } = await client.rpc<{ events: { offset: number }[]; first_seq: number }>(
      "message.list",
      { room, limit: 500, ...page },
    );
    found[`list ${JSON.stringify(page)}`] = events.map(({ offset }) => offset);
    found["first_seq"] = [first_seq];
  }
  for (const reverse of [false, true]) {
    const { history } = await client.request("history", { channel: room, limit: -1, reverse });
    found[`history ${reverse}`] = (history?.publications ?? []).map(({ offset }) => offset);
  }
  const { history } = await client.request("history", { channel: room, limit: -1, since: { offset: 0, epoch } });
  found["history since"] = (history?.publications ?? []).map(({ offset }) => offset);
  await using phone = await again(node, client);
  const { offset = 0 } = await phone.subscribe(room, { recover: true, offset: 0, epoch });
  await phone.untilSeq(room, (await client.rpc<Room>("room.get", { room })).last_seq);
  found["resume"] = phone.seqs(room);
  expect(offset).toBeGreaterThanOrEqual(0);
  await using tablet = await again(node, client, { data: { rooms: true, epoch, positions: { [room]: 0 } } });
  await tablet.untilSeq(room, phone.seqs(room).at(-1) ?? 0);
  found["connect"] = tablet.seqs(room);
  return found;
}

async function expectView(client: RawClient, room: string, from: number): Promise<void> {
  for (const [way, seqs] of Object.entries(await readable(client, room)))
    expect([way, seqs.filter((seq) => seq < from)]).toEqual([way, []]);
}

test("who was away between two memberships never reads what lay between, nor what they read before", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [], { history: "joined" });
  await write(owner, room, 3);
  expect(await member.rpc<Room>("room.join", { room })).toMatchObject({ visible_from: 5, last_seq: 5 });
  await write(owner, room, 2);
  await expectView(member, room, 5);
  await member.rpc("room.leave", { room });
  await write(owner, room, 2);
  expect(await member.rpc<Room>("room.join", { room })).toMatchObject({ visible_from: 11 });
  await write(owner, room, 1);
  await expectView(member, room, 11);
  expect(member.seqs(room)).toEqual([6, 7, 8, 12]);
});

test("a changed setting holds for those who join from then on", async () => {
  await using owner = await arrive(node);
  await using early = await arrive(node);
  await using late = await arrive(node);
  await using last = await arrive(node);
  const room = await roomOf(owner, [early]);
  await write(owner, room, 2);
  await owner.rpc("room.update", { room, history: "joined" });
  expect(await late.rpc<Room>("room.join", { room })).toMatchObject({ visible_from: 6 });
  await expectView(late, room, 6);
  expect((await readable(early, room))["resume"]).toEqual([1, 2, 3, 4, 5, 6]);
  await owner.rpc("room.update", { room, history: "all" });
  await last.rpc("room.join", { room });
  expect((await readable(last, room))["resume"]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await expectView(late, room, 6);
});

test("a setting that changes in the same moment as people join holds at its place in the log", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner);
  await write(owner, room, 3);
  for (let round = 0; round < 15; round++) {
    await using one = await arrive(node);
    await using two = await arrive(node);
    const history = round % 2 === 0 ? "joined" : "all";
    const joins = [one, two].map((client) => client.rpc<Room>("room.join", { room }));
    const update = owner.rpc<{ seq: number }>("room.update", { room, history });
    const [{ seq }] = await Promise.all([update, ...joins]);
    for (const client of [one, two]) {
      const { visible_from, last_seq } = await client.rpc<Room>("room.get", { room });
      const { events } = await owner.rpc<{
        events: { offset: number; tags: { kind?: string }; info: { user: string } }[];
      }>("message.list", { room });
      const joined = events.find(({ tags, info }) => tags.kind === "joined" && info.user === client.user)?.offset ?? 0;
      const shows = joined > seq ? history : round === 0 || round % 2 === 1 ? (round === 0 ? "all" : "joined") : "all";
      expect([round, joined, last_seq >= joined, visible_from]).toEqual([
        round,
        joined,
        true,
        shows === "all" ? 1 : joined,
      ]);
      await expectView(client, room, shows === "all" ? 1 : joined);
    }
  }
});

test("a deleted message has no words any more: live, in the ring, on resume, in pages and for a retry", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member]);
  const secret = "a secret that was not meant to be said";
  const send = { room, id: messageId(1), data: { text: secret } };
  const { seq, time } = await member.rpc<{ seq: number; time: number }>("message.send", send);
  await owner.request("publish", { channel: room, data: { text: "an answer" } });
  // Somebody has it in the ring.
  await using reader = await again(node, owner);
  await reader.subscribe(room, { recover: true, offset: 0 });
  expect(reader.log(room).some(({ data }) => data.includes(secret))).toBe(true);
  expect(await member.rpc<object>("message.delete", { room, seq })).toEqual({ seq: 5 });
  expect(await member.rpc<object>("message.delete", { room, seq })).toEqual({ seq: 5 });
  await owner.untilSeq(room, 5);
  expect(owner.log(room).at(-1)).toMatchObject({ kind: "deleted", data: `{"target":${seq}}`, user: member.user });
  await using late = await again(node, owner);
  late.keepsFrames = true;
  await late.subscribe(room, { recover: true, offset: 0 });
  expect(kindsOf(late, room)).toEqual(["joined", "joined", "null", '{"text":"an answer"}', "deleted"]);
  await using tablet = await again(node, owner, { data: { rooms: true, positions: { [room]: 1 } } });
  expect(kindsOf(tablet, room)).toEqual(["joined", "null", '{"text":"an answer"}', "deleted"]);
  const token = owner.connected?.data.token ?? "";
  for (const page of [{}, { after: 0 }, { around: seq }, { from: 1, to: 9 }]) {
    expect((await post(node, "message.list", { token, body: { room, ...page } })).text).not.toContain(secret);
    expect((await owner.request("rpc", { method: "message.list", data: { room, ...page } })).text).not.toContain(
      secret,
    );
  }
  expect((await owner.request("history", { channel: room, limit: 100 })).text).not.toContain(secret);
  expect(late.frames.join("\n")).not.toContain(secret);
  // The first try was stored, and that is what its retry is told.
  expect(await member.rpc<object>("message.send", send)).toEqual({ seq, id: send.id, time });
  expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ last_seq: 5 });
});

test("one's own words may be taken away, a moderator takes away anybody's, and nobody what they may not see", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using other = await arrive(node);
  await using stranger = await arrive(node);
  const room = await roomOf(owner, [member, other]);
  await write(member, room, 2);
  await write(owner, room, 1);
  const by = (client: RawClient, seq: number) => told(client, "message.delete", { room, seq });
  expect(await by(other, 4)).toBe("permission_denied");
  expect(await by(member, 6)).toBe("permission_denied");
  expect(await by(stranger, 4)).toBe("room_not_found");
  for (const seq of [0, 1, 2, 99]) expect([seq, await by(owner, seq)]).toEqual([seq, "message_not_found"]);
  expect(await by(member, 4)).toBe("ok");
  expect(await by(owner, 5)).toBe("ok");
  // Also when the room is closed, and not any more when one has left.
  await owner.rpc("room.close", { room });
  expect(await by(owner, 6)).toBe("ok");
  await owner.rpc("room.reopen", { room });
  await write(member, room, 1);
  await member.rpc("room.leave", { room });
  expect(await by(member, 12)).toBe("room_not_found");
  // Before one's joining there is nothing, whatever is there.
  await owner.rpc("room.update", { room, history: "joined" });
  await member.rpc("room.join", { room });
  for (const seq of [1, 4, 6, 12]) expect([seq, await by(member, seq)]).toEqual([seq, "message_not_found"]);
});

test("in an open room one takes away one's own words only", async () => {
  await using one = await connectRaw(node);
  await using two = await connectRaw(node);
  const room = "open:deletions";
  for (const client of [one, two]) await client.subscribe(room);
  await write(one, room, 1);
  expect(await told(two, "message.delete", { room, seq: 1 })).toBe("permission_denied");
  expect(await told(one, "message.delete", { room, seq: 1 })).toBe("ok");
  await two.untilSeq(room, 2);
  expect(kindsOf(two, room)).toEqual(['{"text":"word 0"}', "deleted"]);
});

test("what is deleted while somebody catches up has no words behind its deletion", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner);
  const secret = "x".repeat(500);
  for (let round = 0; round < 10; round++) {
    const { seq } = await owner.rpc<{ seq: number }>("message.send", {
      room,
      id: Bun.randomUUIDv7(),
      data: { text: secret, round },
    });
    const deletion = owner.rpc<{ seq: number }>("message.delete", { room, seq });
    const arriving = Array.from({ length: 4 }, () =>
      again(node, owner, { data: { rooms: true, positions: { [room]: 0 } } }),
    );
    const { seq: at } = await deletion;
    for (const one of arriving) {
      await using client = await one;
      await client.untilSeq(room, at);
      const words = client.log(room).filter(({ data }) => data === "null" || data.includes(secret));
      // Whoever still saw the words sees the deletion behind them; earlier ones are gone for good.
      expect([round, words.slice(0, -1).filter(({ data }) => data !== "null").length]).toEqual([round, 0]);
      expect(client.log(room).at(-1)).toMatchObject({ kind: "deleted", seq: at });
    }
    const { text } = await owner.request("rpc", { method: "message.list", data: { room, limit: 500 } });
    expect(text).not.toContain(secret);
  }
});
