import { expect, test } from "bun:test";
import { withDatabase } from "../checker.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";

const id = (n: number): string => `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;

test("a muted member reads and does not write; what was stored before is still acknowledged to a retry", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await using member = await connectRaw(node);
  const token = member.connected?.data.token ?? "";
  await member.rpc("room.join", { room });
  const sent = await member.rpc<object>("message.send", { room, id: id(1), data: { text: "before" } });
  expect(await node.stop()).toBe(0);
  await withDatabase(node.data, (client) =>
    client.execute({
      sql: "UPDATE members SET muted_until = ? WHERE user = (SELECT n FROM users WHERE id = ?)",
      args: [Date.now() + 3_600_000, member.user],
    }),
  );
  await node.restart();
  await using muted = await connectRaw(node, { token });
  await muted.subscribe(room, { recover: true, offset: 0 });
  expect(muted.seqs(room)).toEqual([1, 2, 3]);
  expect(await muted.refusal("publish", { channel: room, data: 1 })).toMatchObject({ code: 423 });
  const again = { method: "message.send", data: { room, id: id(2), data: {} } };
  expect(await muted.refusal("rpc", again)).toMatchObject({ code: 423 });
  expect(await muted.rpc<object>("message.send", { room, id: id(1), data: { text: "before" } })).toEqual(sent);
});

test("nobody writes in a closed room, everybody reads it", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  await owner.subscribe("open:lobby");
  await owner.request("publish", { channel: "open:lobby", data: 1 });
  await node.stop();
  await withDatabase(node.data, (client) => client.execute("UPDATE rooms SET closed_at = 1"));
  await node.restart();
  await using late = await connectRaw(node, { token: owner.connected?.data.token ?? "" });
  for (const channel of [room, "open:lobby"]) {
    expect(await late.refusal("publish", { channel, data: 1 })).toMatchObject({ code: 424 });
    const send = { method: "message.send", data: { room: channel, id: id(1), data: {} } };
    expect(await late.refusal("rpc", send)).toMatchObject({ code: 424 });
    await late.subscribe(channel, { recover: true, offset: 0 });
    expect(late.seqs(channel)).toEqual([1]);
  }
  await using other = await connectRaw(node);
  expect(await other.refusal("rpc", { method: "room.join", data: { room } })).toMatchObject({ code: 424 });
});

test("who joins a room that shows its history from the joining on sees nothing before, in any way of asking", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  for (let n = 0; n < 5; n++) await owner.request("publish", { channel: room, data: { secret: n } });
  await node.stop();
  await withDatabase(node.data, (client) => client.execute("UPDATE rooms SET history = 'joined'"));
  await node.restart();
  await using member = await connectRaw(node, { data: { rooms: true } });
  await member.rpc("room.join", { room });
  await member.nextPush("subscribe", room);
  await using writer = await connectRaw(node, { token: owner.connected?.data.token ?? "" });
  await writer.request("publish", { channel: room, data: { open: 1 } });
  const token = member.connected?.data.token ?? "";
  const { epoch } = member.connected?.data ?? {};
  await using back = await connectRaw(node, { token, data: { rooms: true, epoch, positions: { [room]: 0 } } });
  await back.untilSeq(room, 8);
  expect(back.seqs(room)).toEqual([7, 8]);
  await using phone = await connectRaw(node, { token });
  await phone.subscribe(room, { recover: true, offset: 2 });
  await phone.untilSeq(room, 8);
  expect(phone.seqs(room)).toEqual([7, 8]);
  const asks = [
    { limit: 100 },
    { limit: 100, before: 7 },
    { limit: 100, around: 3 },
    { from: 1, to: 6 },
    { limit: 100, after: 0 },
  ];
  for (const asked of asks) {
    const { events, first_seq } = await phone.rpc<{ events: { offset: number }[]; first_seq: number }>("message.list", {
      room,
      ...asked,
    });
    expect([first_seq, events.map(({ offset }) => offset).filter((seq) => seq < 7)]).toEqual([7, []]);
  }
  const { history } = await phone.request("history", { channel: room, limit: 100, reverse: true });
  expect(history?.publications.map(({ offset }) => offset)).toEqual([8, 7]);
});
