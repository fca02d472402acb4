import { expect, test } from "bun:test";
import { rowsOf } from "../checker.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import type { Reply } from "../wire.ts";

const room = "open:lobby";
const id = (n: number): string => `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;

interface Sent {
  readonly seq: number;
  readonly id: string;
  readonly time: number;
}

function send(client: RawClient, n: number, data: unknown = { n }): Promise<Sent> {
  return client.rpc<Sent>("message.send", { room, id: id(n), data });
}

function sentOf(reply: Reply | undefined): Sent {
  return reply?.rpc?.data as Sent;
}

test("a retry returns the first seq: in the same frame, from another connection, after a restart", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  const token = client.connected?.data.token ?? "";
  await client.subscribe(room);
  const copies = Array.from({ length: 5 }, () =>
    client.command("rpc", { method: "message.send", data: { room, id: id(1), data: { n: 1 } } }),
  );
  client.send(copies.map(({ text }) => text).join("\n"));
  const replies = await Promise.all(copies.map(({ reply }) => reply));
  const first = sentOf(replies[0]);
  expect(first).toMatchObject({ seq: 1, id: id(1) });
  for (const reply of replies) expect(sentOf(reply)).toEqual(first);

  const second = await send(client, 2);
  await using other = await connectRaw(node, { token });
  // Two connections at once, of which neither knows of the other.
  const both = await Promise.all([send(client, 3), send(other, 3), send(other, 1), send(other, 2)]);
  expect(both[0]).toEqual(both[1]);
  expect(both.slice(2)).toEqual([first, second]);
  expect(await other.rpc<Sent>("message.send", { room, id: id(1).toUpperCase(), data: { n: 1 } })).toEqual(first);

  await node.restart();
  await using later = await connectRaw(node, { token });
  expect(await send(later, 1)).toEqual(first);
  expect(await send(later, 4)).toMatchObject({ seq: 4 });
  await node.stop();
  expect((await rowsOf(node.data, room)).rows.map((row) => row.id)).toEqual([id(1), id(2), id(3), id(4)]);
});

test("the same id with other words is id_conflict, on the way and later; somebody else's id is their own", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  await client.subscribe(room);
  await client.subscribe("open:other");
  const pair = [{ a: 1 }, { a: 2 }].map((data) =>
    client.command("rpc", { method: "message.send", data: { room, id: id(1), data } }),
  );
  client.send(pair.map(({ text }) => text).join("\n"));
  const [one, two] = await Promise.all(pair.map(({ reply }) => reply));
  expect(sentOf(one).seq).toBe(1);
  expect(two?.error).toMatchObject({ code: 409 });
  expect(two?.error?.temporary).toBeUndefined();
  const later = { method: "message.send", data: { room, id: id(1), data: { a: 3 } } };
  expect(await client.refusal("rpc", later)).toMatchObject({ code: 409 });
  // Whitespace is no other words.
  const spaced = `{"method":"message.send","data":{"room":"${room}","id":"${id(1)}","data": { "a" :1 } }}`;
  expect(sentOf(await client.requestText("rpc", spaced)).seq).toBe(1);
  expect(await client.rpc<Sent>("message.send", { room: "open:other", id: id(1), data: {} })).toMatchObject({ seq: 1 });
  await using other = await connectRaw(node);
  expect(await send(other, 1)).toMatchObject({ seq: 2 });
});

test("a kill between commit and acknowledgement: the retry finds what was stored", async () => {
  const fast = ["--messages-burst", "20000", "--messages-per-second", "20000"];
  await using node = await startNode({ args: ["--open", ...fast] });
  await using first = await connectRaw(node);
  const token = first.connected?.data.token ?? "";
  await first.subscribe(room);
  await send(first, 0);
  let stored = 0;
  let n = 0;
  for (let round = 0; round < 5; round++) {
    await using client = await connectRaw(node, { token });
    await using witness = await connectRaw(node);
    await witness.subscribe(room);
    const sent = Array.from({ length: 2_000 }, () => ++n);
    const commands = sent.map(
      (one) => client.command("rpc", { method: "message.send", data: { room, id: id(one), data: { n: one } } }).text,
    );
    for (let at = 0; at < commands.length; at += 50) client.send(commands.slice(at, at + 50).join("\n"));
    // Somebody has seen some of it, so that is stored; whatever was acknowledged is not listened to.
    await witness.until(() => witness.log(room).length > 0, "a first message");
    await node.kill();
    const before = new Map((await rowsOf(node.data, room)).rows.map((row) => [row.id, row.seq]));
    await node.restart();
    await using back = await connectRaw(node, { token });
    const again = await Promise.all(sent.map((one) => send(back, one)));
    for (const [at, one] of sent.entries()) {
      const seq = before.get(id(one));
      if (seq === undefined) continue;
      expect(again[at]?.seq).toBe(seq);
      stored++;
    }
  }
  console.log(`figure: over 5 kills ${stored} of ${n} messages were stored without an ack, and found by their retry`);
  expect(stored).toBeGreaterThan(0);
  await node.stop();
  const { rows } = await rowsOf(node.data, room);
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => at + 1));
  expect(new Set(rows.map((row) => row.id)).size).toBe(n + 1);
  expect(rows.length).toBe(n + 1);
});

test("who has left learns that the first try was stored, and stores nothing new", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  const { id: hall } = await client.rpc<{ id: string }>("room.create", { name: "Hall" });
  const sent = await client.rpc<Sent>("message.send", { room: hall, id: id(1), data: { n: 1 } });
  await client.rpc("room.leave", { room: hall });
  expect(await client.rpc<Sent>("message.send", { room: hall, id: id(1), data: { n: 1 } })).toEqual(sent);
  const fresh = { method: "message.send", data: { room: hall, id: id(2), data: {} } };
  expect(await client.refusal("rpc", fresh)).toMatchObject({ code: 102 });
});
