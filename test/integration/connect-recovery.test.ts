import { expect, test } from "bun:test";
import { connectRaw, openRaw } from "../client.ts";
import { startNode } from "../harness.ts";

test("a connect recovers the rooms of the person by subs and by data.positions, and what was kept by the SDK wins", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node, { data: { rooms: true } });
  const { token, epoch } = writer.connected?.data ?? {};
  const one = await writer.rpc<{ id: string }>("room.create", { name: "One" });
  const two = await writer.rpc<{ id: string }>("room.create", { name: "Two" });
  for (let n = 0; n < 9; n++) {
    await writer.request("publish", { channel: one.id, data: { n } });
    await writer.request("publish", { channel: two.id, data: { n } });
  }
  await writer.untilSeq(two.id, 10);

  const positions = { [one.id]: 4, [two.id]: 8 };
  await using reloaded = await connectRaw(node, { token: token ?? "", data: { rooms: true, epoch, positions } });
  expect(reloaded.seqs(one.id)).toEqual([5, 6, 7, 8, 9, 10]);
  expect(reloaded.seqs(two.id)).toEqual([9, 10]);
  expect(reloaded.connected?.subs[one.id]).toMatchObject({ recovered: true, was_recovering: true, offset: 10, epoch });
  expect(reloaded.log(one.id)).toEqual(writer.log(one.id).slice(3));

  const subs = { [one.id]: { recover: true, epoch, offset: 9 } };
  await using back = await connectRaw(node, { token: token ?? "", data: { rooms: true, epoch, positions }, subs });
  expect(back.seqs(one.id)).toEqual([10]);
  expect(back.seqs(two.id)).toEqual([9, 10]);

  await using fresh = await connectRaw(node, { token: token ?? "", data: { rooms: true } });
  expect(fresh.connected?.subs[one.id]).toEqual({ recoverable: true, positioned: true, epoch, offset: 10 } as object);
  expect(fresh.connected?.subs[`user:${writer.user}`]).toEqual({});
  expect(fresh.log(one.id)).toEqual([]);
});

test("the rooms of a connect share one reply of 128 KiB, and the rest follows as publications", async () => {
  await using node = await startNode({ args: ["--open", "--messages-burst", "1000", "--messages-per-second", "1000"] });
  await using writer = await connectRaw(node, { data: { rooms: true } });
  const { token, epoch } = writer.connected?.data ?? {};
  const rooms: string[] = [];
  for (const name of ["a", "b", "c"]) rooms.push((await writer.rpc<{ id: string }>("room.create", { name })).id);
  const text = "x".repeat(8_000);
  for (const channel of rooms) {
    for (let n = 0; n < 20; n++) await writer.request("publish", { channel, data: { text, n } });
    await writer.untilSeq(channel, 21);
  }
  const positions = Object.fromEntries(rooms.map((room) => [room, 1]));
  await using back = await openRaw(node);
  back.keepsFrames = true;
  const reply = await back.request("connect", { token, data: { rooms: true, epoch, positions } });
  expect(reply.text.length).toBeLessThan(128 * 1024 + 4096);
  for (const room of rooms) {
    const sub = reply.connect?.subs[room];
    expect(sub).toMatchObject({ recovered: true });
    expect(sub?.offset).toBe(sub?.publications?.at(-1)?.offset ?? 1);
    await back.untilSeq(room, 21);
    expect(back.log(room)).toEqual(writer.log(room));
  }
  for (const frame of back.frames.slice(1)) expect(frame.length).toBeLessThanOrEqual(64 * 1024);
});

test("a position of another epoch, and one above the top, are told recovered: false at connect", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node, { data: { rooms: true } });
  const { token, epoch } = writer.connected?.data ?? {};
  const room = await writer.rpc<{ id: string }>("room.create", { name: "One" });
  for (const [stale, offset] of [
    ["zzzzzzzz", 0],
    [epoch, 2],
  ]) {
    const subs = { [room.id]: { recover: true, epoch: stale, offset } };
    await using back = await connectRaw(node, { token: token ?? "", data: { rooms: true }, subs });
    expect(back.connected?.subs[room.id]).toMatchObject({ recovered: false, was_recovering: true, offset: 1, epoch });
  }
});

test("rooms that somebody is in and rooms that nobody has open come in one reply, each once", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node, { data: { rooms: true } });
  const token = writer.connected?.data.token ?? "";
  const { id: busy } = await writer.rpc<{ id: string }>("room.create", { name: "Busy" });
  const { id: quiet } = await writer.rpc<{ id: string }>("room.create", { name: "Quiet" });
  await writer.close();
  await node.restart();

  await using first = await connectRaw(node, { token });
  await first.subscribe(busy);
  const positions = { [busy]: 0, [quiet]: 0 };
  const data = { rooms: true, epoch: first.connected?.data.epoch, positions };
  await using second = await connectRaw(node, { token, data });
  await using third = await connectRaw(node, { token, data });
  for (const client of [second, third]) {
    expect(Object.keys(client.connected?.subs ?? {}).toSorted()).toEqual(
      [busy, quiet, `user:${writer.user}`].toSorted(),
    );
    expect([client.seqs(busy), client.seqs(quiet)]).toEqual([[1], [1]]);
  }
  for (const channel of [busy, quiet, busy, quiet]) await first.request("publish", { channel, data: {} });
  for (const client of [second, third]) {
    await client.untilSeq(busy, 3);
    await client.untilSeq(quiet, 3);
    for (const room of [busy, quiet]) expect(client.seqs(room)).toEqual([1, 2, 3]);
  }
});
