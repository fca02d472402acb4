import { expect, test } from "bun:test";
import { Checker, kept, rowsOf, withDatabase } from "../checker.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { roomOf } from "../room-people.ts";
import { publishSteadily, unlimited } from "../writing.ts";

const people = 2_000;
const at_once = 100;

test(`${people} members join one room while it is written to, and every log is equal at the end`, async () => {
  await using node = await startNode({ args: ["--open", "--guests-per-address-max", "0", ...unlimited] });
  await using owner = await connectRaw(node, { data: { rooms: true } });
  const room = await roomOf(owner, [], { history: "joined" });
  const clients: RawClient[] = [];
  for (let n = 0; n < people; n += at_once)
    clients.push(
      ...(await Promise.all(Array.from({ length: at_once }, () => connectRaw(node, { data: { rooms: true } })))),
    );
  const start_ms = performance.now();
  const writing = publishSteadily(owner, room, { perSecond: 100, data: (n) => ({ n }) });
  const checker = new Checker();
  checker.reader("owner", room, 1);
  const join = async (client: RawClient, at: number): Promise<void> => {
    await client.rpc("room.join", { room });
    const { subscribe } = await client.nextPush("subscribe", room);
    checker.reader(`member ${at}`, room, subscribe?.offset ?? 0);
  };
  // All at once, as after an announcement.
  await Promise.all(clients.map(join));
  const joined_ms = performance.now() - start_ms;
  const messages = await writing.stop();
  const { last_seq, members } = await owner.rpc<{ last_seq: number; members: number }>("room.get", { room });
  expect(members).toBe(people + 1);
  await owner.untilSeq(room, last_seq);
  for (const { seq, id } of owner.log(room)) checker.read("owner", seq, id);
  for (const [at, client] of clients.entries()) {
    await client.untilSeq(room, last_seq);
    for (const { seq, id } of client.log(room)) checker.read(`member ${at}`, seq, id);
  }
  const texts = owner.log(room).map(({ text }) => text);
  for (const client of clients) {
    const own = client.log(room).map(({ text }) => text);
    expect(own).toEqual(texts.slice(texts.length - own.length));
  }
  await Promise.all(clients.map((client) => client.close()));
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
  const { rows } = await rowsOf(node.data, room);
  const query = "SELECT count(*) FROM members WHERE state = 'joined' AND room = (SELECT n FROM rooms WHERE id = ?)";
  const [places] = await withDatabase(
    node.data,
    async (client) => (await client.execute({ sql: query, args: [room] })).rows,
  );
  expect(Number(places?.[0])).toBe(people + 1);
  const deliveries = clients.reduce((sum, client) => sum + client.log(room).length, 0);
  console.log(
    `figure: ${people} members joined in ${(joined_ms / 1000).toFixed(1)} s while ${messages} messages were written: ` +
      `${rows.length} events, ${deliveries} deliveries, all logs equal`,
  );
}, 120_000);
