import { expect, test } from "bun:test";
import { rowsOf } from "../checker.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";

const messages = 10_000;

test("what one connection sends to a room gets its seqs in the order sent, over 10,000 messages in mixed rooms", async () => {
  await using node = await startNode({
    args: ["--open", "--messages-burst", "20000", "--messages-per-second", "20000"],
  });
  const token = await (async () => {
    await using maker = await connectRaw(node);
    for (let n = 0; n < 4; n++) await maker.rpc("room.create", { name: `Room ${n}` });
    for (let n = 0; n < 4; n++) await maker.subscribe(`open:room-${n}`);
    for (let n = 0; n < 4; n++) await maker.request("publish", { channel: `open:room-${n}`, data: "first" });
    return maker.connected?.data.token ?? "";
  })();
  // After a restart no room is known to the server: the first sends have to be looked up, the later ones need not.
  await node.restart();
  await using client = await connectRaw(node, { token });
  const listed = await client.rpc<{ rooms: { id: string }[] }>("room.list", {});
  await node.restart();
  await using sender = await connectRaw(node, { token });
  const rooms = [...listed.rooms.map(({ id }) => id), ...[0, 1, 2, 3].map((n) => `open:room-${n}`)];
  const start_ms = performance.now();
  const replies: Promise<{ error?: unknown }>[] = [];
  for (let n = 0; n < messages;) {
    const frame: string[] = [];
    // Frames of different sizes, messages by both ways, and rooms in a pattern that repeats late.
    for (let left = 1 + ((n * 7919) % 400); left > 0 && n < messages; left--, n++) {
      const room = rooms[(n * n + (n >> 3)) % rooms.length] ?? "";
      const id = `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;
      const command =
        n % 3 === 0
          ? sender.command("publish", { channel: room, data: { n } })
          : sender.command("rpc", { method: "message.send", data: { room, id, data: { n } } });
      frame.push(command.text);
      replies.push(command.reply);
    }
    sender.send(frame.join("\n"));
  }
  for (const reply of replies) expect((await reply).error).toBeUndefined();
  const took_s = (performance.now() - start_ms) / 1000;
  console.log(`figure: one connection, ${messages} sends in ${rooms.length} rooms, ${Math.round(messages / took_s)}/s`);
  await node.stop();
  const { rows } = await rowsOf(node.data);
  const last = new Map<string, number>();
  let count = 0;
  for (const { room, data } of rows) {
    const { n } = JSON.parse(data) as { n?: number };
    if (n === undefined) continue;
    count++;
    expect(n).toBeGreaterThan(last.get(room) ?? -1);
    last.set(room, n);
  }
  expect(count).toBe(messages);
});
