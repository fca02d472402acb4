/** What is unread: counted in views, never subtracted, and cheap. */

import { expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import type { ListedRoom } from "../../src/protocol/room-operations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually, percentile, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { unlimited } from "../writing.ts";

interface Page {
  readonly rooms: readonly ListedRoom[];
  readonly next: string | null;
}

const list = (client: RawClient, asked: object = {}): Promise<Page> => client.rpc<Page>("room.list", asked);

async function entry(client: RawClient, room: string): Promise<ListedRoom> {
  const { rooms } = await list(client, { rooms: [room] });
  if (rooms[0] === undefined) throw new Error(`Expected ${room} in the list`);
  return rooms[0];
}

async function say(client: RawClient, room: string, data: unknown): Promise<number> {
  return (await client.rpc<{ seq: number }>("message.send", { room, id: uuidv7(), data })).seq;
}

async function twoInARoom(node: Awaited<ReturnType<typeof startNode>>, asked: object = {}) {
  const ada = await connectRaw(node, { data: { name: "Ada", rooms: true } });
  const bob = await connectRaw(node, { data: { name: "Bob", rooms: true } });
  const { id: room } = await ada.rpc<{ id: string }>("room.create", { name: "Tea", ...asked });
  await bob.rpc("room.join", { room });
  return { ada, bob, room };
}

test("messages of others above the mark are unread, one's own and deleted ones are not", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await twoInARoom(node);
  await using _ada = ada;
  await using _bob = bob;
  expect(await entry(bob, room)).toMatchObject({ unread: 0, mentions: 0, last_message: null, last_seq: 2 });
  for (const text of ["one", "two", "three"]) await say(ada, room, { text });
  expect(await entry(bob, room)).toMatchObject({ unread: 3, mentions: 0, last_seq: 5 });
  expect(await entry(ada, room)).toMatchObject({ unread: 0 });
  await bob.rpc("read.mark", { room, seq: 4 });
  // Before anything is written down, and after.
  expect(await entry(bob, room)).toMatchObject({ unread: 1, read_seq: 4 });
  await eventually(async () => (await marksOf(node.data, room)).includes(4), "the mark in the database");
  expect(await entry(bob, room)).toMatchObject({ unread: 1, read_seq: 4 });
  // Marks only rise.
  await bob.rpc("read.mark", { room, seq: 1 });
  expect(await entry(bob, room)).toMatchObject({ unread: 1, read_seq: 4 });
  await bob.rpc("message.delete", { room, seq: 5 }).catch(() => {});
  await ada.rpc("message.delete", { room, seq: 5 });
  expect(await entry(bob, room)).toMatchObject({ unread: 0, last_message: { seq: 4, text: "two" } });
  for (let n = 0; n < 150; n++) await say(ada, room, { text: `${n}` });
  expect(await entry(bob, room)).toMatchObject({ unread: 100 });
  // Whoever writes has read what is above.
  const seq = await say(bob, room, { text: "hello" });
  expect(await entry(bob, room)).toMatchObject({ unread: 0, read_seq: seq });
  await eventually(
    async () => (await marksOf(node.data, room)).includes(seq),
    "the mark of the writer in the database",
  );
});

async function marksOf(data: string, room: string): Promise<number[]> {
  return await withDatabase(data, async (client) => {
    const sql = "SELECT read_seq FROM members WHERE room = (SELECT n FROM rooms WHERE id = ?)";
    return (await client.execute({ sql, args: [room] })).rows.map((row) => Number(row[0]));
  });
}

test("a list shows who wrote last and what, and counts those that mention one", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await twoInARoom(node);
  await using _ada = ada;
  await using _bob = bob;
  await say(ada, room, { text: "hi", mentions: [bob.user] });
  await say(ada, room, { text: "all of you", mentions: ["all"] });
  await say(ada, room, { text: "not you", mentions: [ada.user] });
  await say(ada, room, { text: 'says "mentions"' });
  expect(await entry(bob, room)).toMatchObject({
    unread: 4,
    mentions: 2,
    last_message: { seq: 6, user: { id: ada.user, name: "Ada" }, text: 'says "mentions"' },
  });
  const odd: [unknown, string | null][] = [
    [{ text: "x".repeat(500) }, "x".repeat(200)],
    [{ text: '"\\\n\u2028'.repeat(400) }, '"\\\n\u2028'.repeat(50)],
    [{ text: "😀".repeat(300) }, "😀".repeat(200)],
    [{ text: "a\ud83d".repeat(300) }, "a\ud83d".repeat(100)],
    [{ text: "\u0000 and on" }, "\u0000 and on"],
    [{ move: "e4" }, null],
    [[1, 2], null],
    ["text", null],
    [null, null],
    [{ text: "" }, ""],
  ];
  for (const [data, text] of odd) {
    // As clients of other languages write it: the half of a pair by its escape.
    const { error } = await ada.requestText(
      "rpc",
      JSON.stringify({ method: "message.send", data: { room, id: uuidv7(), data } }),
    );
    expect(error).toBeUndefined();
    expect((await entry(bob, room)).last_message?.text).toBe(text);
  }
});

test("lists go by the last activity, and a page goes on behind the one before", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node);
  const made: string[] = [];
  for (let n = 0; n < 7; n++) made.push((await ada.rpc<{ id: string }>("room.create", { name: `r${n}` })).id);
  const [first = "", second = ""] = made;
  await Bun.sleep(2);
  await say(ada, second, { text: "b" });
  await Bun.sleep(2);
  await say(ada, first, { text: "a" });
  const found: string[] = [];
  for (let after: string | null = ""; after !== null;) {
    const page: Page = await list(ada, { limit: 2, ...(after === "" ? {} : { after }) });
    found.push(...page.rooms.map(({ id }) => id));
    after = page.next;
  }
  expect(found.slice(0, 2)).toEqual([first, second]);
  expect(found.toSorted()).toEqual(made.toSorted());
  expect((await list(ada, { limit: 7 })).next).toBeNull();
});

test("who was removed sees nothing, and who comes back sees and counts from then on", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await twoInARoom(node, { history: "joined" });
  await using _ada = ada;
  await using _bob = bob;
  await say(ada, room, { text: "before" });
  expect(await entry(bob, room)).toMatchObject({ unread: 1 });
  await ada.rpc("member.remove", { room, user: bob.user });
  expect((await list(bob)).rooms).toEqual([]);
  await say(ada, room, { text: "between" });
  expect((await list(bob, { rooms: [room] })).rooms).toEqual([]);
  await bob.rpc("room.join", { room });
  expect(await entry(bob, room)).toMatchObject({ unread: 0, last_message: null });
  await say(ada, room, { text: "after" });
  expect(await entry(bob, room)).toMatchObject({ unread: 1, last_message: { text: "after" } });
  await ada.rpc("room.delete", { room });
  expect((await list(bob)).rooms).toEqual([]);
});

test("what people write whom one blocks is not counted and not shown", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const { ada, bob, room } = await twoInARoom(node);
  await using _ada = ada;
  await using _bob = bob;
  await using cat = await connectRaw(node, { data: { name: "Cat" } });
  await cat.rpc("room.join", { room });
  await say(ada, room, { text: "from Ada" });
  await say(cat, room, { text: "from Cat" });
  await bob.rpc("user.block", { user: cat.user });
  expect(await entry(bob, room)).toMatchObject({ unread: 1, last_message: { text: "from Ada" } });
});

test("a direct room shows who the others are", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node, { data: { name: "Ada", rooms: true } });
  await using bob = await connectRaw(node, { data: { name: "Bob", rooms: true } });
  const { id: room } = await ada.rpc<{ id: string }>("room.direct", { users: [bob.user] });
  expect((await entry(ada, room)).people).toEqual([{ id: bob.user, name: "Bob" }]);
  expect((await entry(bob, room)).people).toEqual([{ id: ada.user, name: "Ada" }]);
});

test("500 rooms with what is unread in them take less than 20 ms", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node, { data: { name: "Ada" } });
  await using bob = await connectRaw(node, { data: { name: "Bob" } });
  await ada.rpc("room.create", { name: "seed" });
  await node.stop();
  const [rooms, messages, unreadIn] = [500, 200, 50];
  await withDatabase(node.data, async (client) => {
    const text = JSON.stringify({ text: "x".repeat(80) });
    const mention = JSON.stringify({ text: "x".repeat(80), mentions: [ada.user] });
    await client.executeMultiple(`
      WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ${rooms})
      INSERT INTO rooms (n, id, kind, name, last_seq, last_at, created_at, members)
        SELECT 1000 + n, substr('00000000000000000000' || n, -20), 'private', 'Room ' || n, ${messages}, n, 1, 2 FROM k;
      INSERT INTO members (room, user, role, state, visible_from, joined_seq, read_seq)
        SELECT r.n, u.n, 'member', 'joined', 1, 1, CASE WHEN r.n <= ${1_000 + unreadIn} THEN 20 ELSE ${messages} END
        FROM rooms r JOIN users u ON u.id IN ('${ada.user}', '${bob.user}') WHERE r.n > 1000;
      WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ${messages})
      INSERT INTO messages (room, seq, id, sender, sent_at, data)
        SELECT r.n, k.n, r.n || '-' || k.n, u.n, k.n, CASE k.n % 10 WHEN 0 THEN '${mention}' ELSE '${text}' END
        FROM k JOIN rooms r ON r.n > 1000 JOIN users u ON u.id = '${bob.user}';`);
  });
  await node.restart();
  await using again = await connectRaw(node, { token: ada.connected?.data.token ?? "" });
  const page = await list(again, { limit: 500 });
  expect(page.rooms.length).toBe(500);
  const counted = [...page.rooms, ...(await list(again, { limit: 500, after: page.next ?? "" })).rooms];
  expect(counted.filter(({ unread }) => unread === 100)).toHaveLength(unreadIn);
  expect(counted.filter(({ mentions }) => mentions === 10)).toHaveLength(unreadIn);
  // The best of five rounds: other suites use the machine meanwhile.
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const took: number[] = [];
    for (let n = 0; n < 12; n++) {
      const start = performance.now();
      await list(again, { limit: 500 });
      took.push(performance.now() - start);
    }
    best = Math.min(best, percentile(took, 0.5));
  }
  console.log(
    `figure: unread of ${rooms} rooms, ${unreadIn} of them with 99+: ${best.toFixed(1)} ms (p50 of the best of 5 rounds, over a socket; at most 20)`,
  );
  expect(best).toBeLessThan(20);
});
