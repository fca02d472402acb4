import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { publishMany, unlimited } from "../writing.ts";

const fast = ["--open", ...unlimited];

function write(client: RawClient, channel: string, count: number): Promise<void> {
  return publishMany(client, channel, { count, data: (n) => ({ n, text: "x".repeat(400) }) });
}

test("who leaves stops receiving at once, on every connection, and is told by an unsubscribe push", async () => {
  await using node = await startNode({ args: fast });
  await using owner = await connectRaw(node, { data: { rooms: true } });
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await using member = await connectRaw(node, { data: { rooms: true } });
  const token = member.connected?.data.token ?? "";
  await using tablet = await connectRaw(node, { token });
  await member.rpc("room.join", { room });
  await tablet.subscribe(room);
  // The owner writes on while the member leaves, so that there is something to be wrong about.
  const writing = write(owner, room, 3_000);
  await member.untilSeq(room, 100);
  const { seq } = await member.rpc<{ seq: number }>("room.leave", { room });
  for (const client of [member, tablet]) {
    const { unsubscribe } = await client.nextPush("unsubscribe", room);
    expect(unsubscribe?.code).toBe(2000);
  }
  await writing;
  await owner.untilSeq(room, 3_003);
  expect(seq).toBeLessThan(3_003);
  for (const client of [member, tablet]) {
    await client.settled();
    const seqs = client.seqs(room);
    expect(seqs.at(-1)).toBe(seq);
    expect(seqs).toEqual(seqs.map((_, at) => (seqs[0] ?? 0) + at));
    expect(await client.refusal("history", { channel: room, limit: 1 })).toMatchObject({ code: 102 });
    expect(await client.refusal("publish", { channel: room, data: 1 })).toMatchObject({ code: 102 });
  }
  await using back = await connectRaw(node, { token, data: { rooms: true, positions: { [room]: 1 } } });
  expect(Object.keys(back.connected?.subs ?? {})).toEqual([`user:${member.user}`]);
});

test("who leaves while catching up gets nothing above the leave", async () => {
  await using node = await startNode({ args: fast });
  await using owner = await connectRaw(node, { data: { rooms: true } });
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await using member = await connectRaw(node);
  await member.rpc("room.join", { room });
  await write(owner, room, 5_000);
  const { token, epoch } = member.connected?.data ?? {};
  for (let round = 0; round < 5; round++) {
    await using phone = await connectRaw(node, { token: token ?? "" });
    const subscribe = phone.command("subscribe", { channel: room, recover: true, epoch, offset: 0 });
    const leave = phone.command("rpc", { method: "room.leave", data: { room } });
    const writing = write(owner, room, 500);
    phone.send(subscribe.text);
    expect((await subscribe.reply).subscribe).toMatchObject({ recovered: true });
    phone.send(leave.text);
    const { seq } = ((await leave.reply).rpc ?? { data: {} }).data as { seq: number };
    await phone.nextPush("unsubscribe", room);
    await writing;
    await phone.settled();
    const seqs = phone.seqs(room);
    expect(seqs).toEqual(seqs.map((_, at) => at + 1));
    expect(seqs.at(-1) ?? 0).toBeLessThanOrEqual(seq);
    await phone.rpc("room.join", { room });
  }
});

test("who joins gets the room on the connections that want their rooms, from the next event on", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await using rooms = await connectRaw(node, { data: { rooms: true } });
  const token = rooms.connected?.data.token ?? "";
  await using plain = await connectRaw(node, { token });
  const { last_seq } = await plain.rpc<{ last_seq: number }>("room.join", { room });
  expect(last_seq).toBe(2);
  const { subscribe } = await rooms.nextPush("subscribe", room);
  expect(subscribe).toMatchObject({ epoch: rooms.connected?.data.epoch, offset: 2 });
  await owner.request("publish", { channel: room, data: { text: "welcome" } });
  await rooms.untilSeq(room, 3);
  expect(rooms.seqs(room)).toEqual([3]);
  await plain.settled();
  expect(plain.seqs(room)).toEqual([]);
});

test("a room that a person makes elsewhere appears in their SDK without a reconnect", async () => {
  await using node = await startNode({ args: ["--open"] });
  using sdk = await connectSdk(node, { data: { rooms: true } });
  await using elsewhere = await connectRaw(node, { token: sdk.data.token ?? "" });
  const seen: string[] = [];
  const told = Promise.withResolvers<void>();
  sdk.client.on("subscribed", ({ channel }) => seen.push(`subscribed ${channel}`));
  sdk.client.on("publication", ({ channel, data, offset }) => {
    // Their own line says that they are a member now.
    if (channel.startsWith("user:")) return;
    seen.push(`${channel} ${offset} ${JSON.stringify(data)}`);
    told.resolve();
  });
  const { id: room } = await elsewhere.rpc<{ id: string }>("room.create", { name: "New" });
  await elsewhere.request("publish", { channel: room, data: { text: "first" } });
  await told.promise;
  expect(seen).toEqual([`subscribed ${room}`, `${room} 2 {"text":"first"}`]);
});

test("rooms made and left while a connection signs in are right once it is in", async () => {
  await using node = await startNode({ args: fast });
  await using busy = await connectRaw(node);
  const token = busy.connected?.data.token ?? "";
  for (let round = 0; round < 40; round++) {
    const making = busy.rpc<{ id: string }>("room.create", { name: `Room ${round}` });
    const arriving = Array.from({ length: 4 }, () => connectRaw(node, { token, data: { rooms: true } }));
    const { id: room } = await making;
    for (const one of arriving) {
      await using client = await one;
      // Whoever hears of the room must hear of it after the connect reply: before it, SDKs forget the room again.
      if (client.connected?.subs[room] === undefined) {
        expect([round, client.early]).toEqual([round, []]);
        await client.nextPush("subscribe", room);
      }
      await busy.request("publish", { channel: room, data: {} });
      await client.until(() => client.log(room).length > 0, `a publication in round ${round}`);
    }
    await busy.rpc("room.leave", { room });
  }
});
