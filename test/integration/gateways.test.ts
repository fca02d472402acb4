import { expect, test } from "bun:test";
import { rowsOf } from "../checker.ts";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { connectElsewhere } from "../gateways.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { publishMany, unlimited } from "../writing.ts";

const lobby = "open:lobby";
const two = ["--open", "--gateways", "2", ...unlimited];

const numbered = (count: number) => ({ count, data: (n: number) => ({ n }) });

/** A client at each of the two gateways. */
async function pair(node: ChatNode): Promise<[RawClient, RawClient]> {
  const one = await connectRaw(node, { data: { rooms: true } });
  return [one, await connectElsewhere(node, [one], { data: { rooms: true } })];
}

test("people at different gateways talk, and everybody sees one order", async () => {
  await using node = await startNode({ args: two });
  const [one, other] = await pair(node);
  await using silent = await connectElsewhere(node, [one]);
  for (const client of [one, other, silent]) await client.subscribe(lobby);
  await Promise.all([publishMany(one, lobby, numbered(2_000)), publishMany(other, lobby, numbered(2_000))]);
  for (const client of [one, other, silent]) await client.untilSeq(lobby, 4_000);
  const texts = one.log(lobby).map(({ text }) => text);
  expect(one.seqs(lobby)).toEqual(Array.from({ length: 4_000 }, (_, at) => at + 1));
  for (const client of [other, silent]) expect(client.log(lobby).map(({ text }) => text)).toEqual(texts);
  const history = await silent.request("history", { channel: lobby, limit: 1_000 });
  expect(history.history?.offset).toBe(4_000);
  // The order of one sender is the order sent.
  const own = other.log(lobby).filter(({ user }) => user === other.user);
  expect(own.map(({ data }) => data)).toEqual(own.map((_, at) => JSON.stringify({ n: at })));
});

test("a retry at another gateway returns the first seq, also while the first try is on its way", async () => {
  await using node = await startNode({ args: two });
  const one = await connectRaw(node);
  const token = one.connected?.data.token ?? "";
  await using other = await connectElsewhere(node, [one], { token });
  const { id: room } = await one.rpc<{ id: string }>("room.create", { name: "Once" });
  for (let n = 0; n < 50; n++) {
    const message = { room, id: `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`, data: { n } };
    const [first, second] = await Promise.all([
      one.rpc<{ seq: number }>("message.send", message),
      other.rpc<{ seq: number }>("message.send", message),
    ]);
    expect(second).toEqual(first);
    expect(await other.rpc<{ seq: number }>("message.send", message)).toEqual(first);
  }
  await node.stop();
  const { rows } = await rowsOf(node.data, room);
  expect(rows.filter(({ data }) => data.includes('"n"')).length).toBe(50);
});

test("who leaves at one gateway stops receiving at the other, at once", async () => {
  await using node = await startNode({ args: two });
  const [owner, far] = await pair(node);
  await using leaver = await connectElsewhere(node, [far]);
  const token = leaver.connected?.data.token ?? "";
  await using tablet = await connectElsewhere(node, [leaver], { token });
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await leaver.rpc("room.join", { room });
  await leaver.subscribe(room);
  await tablet.subscribe(room);
  const writing = publishMany(owner, room, numbered(3_000));
  await leaver.untilSeq(room, 100);
  const { seq } = await leaver.rpc<{ seq: number }>("room.leave", { room });
  for (const client of [leaver, tablet]) await client.nextPush("unsubscribe", room);
  await writing;
  await owner.untilSeq(room, 3_002);
  expect(seq).toBeLessThan(3_002);
  for (const client of [leaver, tablet]) {
    await client.settled();
    expect(client.seqs(room).at(-1)).toBe(seq);
  }
  expect(await tablet.refusal("publish", { channel: room, data: 1 })).toMatchObject({ code: 102 });
});

test("a room that a person makes at one gateway appears at their connections of the other", async () => {
  await using node = await startNode({ args: two });
  await using one = await connectRaw(node, { data: { rooms: true } });
  const token = one.connected?.data.token ?? "";
  await using other = await connectElsewhere(node, [one], { token, data: { rooms: true } });
  const { id: room } = await one.rpc<{ id: string }>("room.create", { name: "New" });
  await other.nextPush("subscribe", room);
  const reply = await one.request("publish", { channel: room, data: { text: "first" } });
  expect(reply.error).toBeUndefined();
  await other.untilSeq(room, 2);
});

test("who is here is told of all gateways, and an ended sign-in ends everywhere", async () => {
  await using node = await startNode({ args: two });
  const [one, other] = await pair(node);
  const token = one.connected?.data.token ?? "";
  await using phone = await connectElsewhere(node, [one], { token });
  for (const client of [one, other, phone]) await client.subscribe(lobby, { join_leave: true });
  for (const client of [one, other]) {
    await eventually(async () => {
      const { presence_stats } = await client.request("presence_stats", { channel: lobby });
      return presence_stats?.num_clients === 3 && presence_stats.num_users === 2;
    }, "everybody at both gateways");
  }
  // The end may come before the reply.
  await Promise.allSettled([one.rpc("session.end", {})]);
  for (const client of [one, phone]) expect((await client.closed).code).toBeGreaterThanOrEqual(3_000);
  await eventually(async () => {
    const { presence_stats } = await other.request("presence_stats", { channel: lobby });
    return presence_stats?.num_clients === 1;
  }, "only one left");
});

test("after a kill everything acknowledged is there, and clients resume at whatever gateway", async () => {
  await using node = await startNode({ args: two });
  const one = await connectRaw(node);
  await using other = await connectElsewhere(node, [one]);
  await one.subscribe(lobby);
  await other.subscribe(lobby);
  const { epoch } = one.connected?.data ?? {};
  await Promise.all([publishMany(one, lobby, numbered(1_500)), publishMany(other, lobby, numbered(1_500))]);
  await node.restart();
  const back = await connectRaw(node);
  await using far = await connectElsewhere(node, [back]);
  for (const client of [back, far]) {
    const result = await client.subscribe(lobby, { recover: true, epoch, offset: 10 });
    expect(result.recovered).toBe(true);
    await client.untilSeq(lobby, 3_000);
    const last = result.publications?.at(-1)?.offset ?? 10;
    expect(client.seqs(lobby)).toEqual(Array.from({ length: 3_000 - last }, (_, at) => last + 1 + at));
  }
  await Promise.all([publishMany(back, lobby, numbered(100)), publishMany(far, lobby, numbered(100))]);
  for (const client of [back, far]) await client.untilSeq(lobby, 3_200);
});

test("a stop sends everybody away to come back, and the figures are those of all gateways", async () => {
  await using node = await startNode({ args: two });
  const clients: RawClient[] = [];
  for (let n = 0; n < 40; n++) clients.push(await connectRaw(node));
  for (const client of clients) await client.subscribe(lobby);
  await Promise.all(clients.map((client) => publishMany(client, lobby, numbered(10))));
  for (const client of clients) await client.untilSeq(lobby, 400);
  const figures = await (await fetch(`${node.url}/metrics`)).text();
  expect(figures).toContain("\nconfab_connections 40\n");
  expect(figures.match(/^# TYPE confab_connections gauge$/gm)?.length).toBe(1);
  expect(await node.stop()).toBe(0);
  for (const client of clients) expect((await client.closed).code).toBe(3001);
  expect(node.complaints).toBe("");
  expect((await rowsOf(node.data)).rows.filter(({ data }) => data.includes('"n"')).length).toBe(400);
});

test("a read mark, typing and an invisible person are the same at each gateway", async () => {
  await using node = await startNode({ args: two });
  const [one, other] = await pair(node);
  await using tablet = await connectElsewhere(node, [one], {
    token: one.connected?.data.token ?? "",
    data: { rooms: true },
  });
  const { id: room } = await other.rpc<{ id: string }>("room.create", { name: "Both" });
  await one.rpc("room.join", { room });
  await tablet.nextPush("subscribe", room);
  await publishMany(other, room, numbered(5));
  await one.rpc("read.mark", { room, seq: 4 });
  const line = `user:${one.user}`;
  await tablet.next(
    ({ push, text }) => push?.channel === line && text.includes('"seq":4'),
    "the mark at the other gateway",
  );
  const { rooms } = await tablet.rpc<{ rooms: { unread: number }[] }>("room.list", { rooms: [room] });
  expect(rooms).toMatchObject([{ unread: 3 }]);
  one.send(JSON.stringify({ send: { data: { type: "typing", room } } }));
  await other.next(({ push, text }) => push?.message !== undefined && text.includes(one.user), "typing");
  const present = async (): Promise<string[]> =>
    (await other.rpc<{ users: { id: string }[] }>("presence.list", { room })).users.map(({ id }) => id).toSorted();
  const both = [one.user, other.user].toSorted();
  await eventually(async () => Bun.deepEquals(await present(), both), "both of them");
  await one.rpc("status.set", { status: "invisible" });
  await eventually(async () => Bun.deepEquals(await present(), [other.user]), "one of them");
  const { people } = await other.rpc<{ people: { status: string }[] }>("status.get", { ids: [one.user] });
  expect(people).toMatchObject([{ status: "offline" }]);
});
