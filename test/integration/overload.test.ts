import { expect, test } from "bun:test";
import { rowsOf } from "../checker.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import type { Reply } from "../wire.ts";

const room = "open:lobby";
const senders = 24;
const each = 1_000;

test("a flood is answered: what was taken is stored, the rest is told 503 and temporary", async () => {
  const limit = "1000000";
  await using node = await startNode({ args: ["--open", "--messages-burst", limit, "--messages-per-second", limit] });
  const clients = await Promise.all(Array.from({ length: senders }, () => connectRaw(node)));
  await clients[0]?.subscribe(room);
  // The server stands still while the frames pile up in its sockets, so that they all come in one turn.
  process.kill(node.pid, "SIGSTOP");
  const replies: Promise<Reply>[] = [];
  try {
    for (const [at, client] of clients.entries()) {
      const commands = Array.from({ length: each }, (_, n) => {
        const id = `01890000-0000-7000-8000-${String(at * each + n).padStart(12, "0")}`;
        return client.command("rpc", { method: "message.send", data: { room, id, data: { n } } });
      });
      client.send(commands.map(({ text }) => text).join("\n"));
      replies.push(...commands.map(({ reply }) => reply));
    }
  } finally {
    process.kill(node.pid, "SIGCONT");
  }
  const acked = new Map<string, number>();
  let refused = 0;
  for (const reply of replies) {
    const { error, rpc } = await reply;
    if (error === undefined) {
      const { id, seq } = (rpc ?? { data: {} }).data as { id: string; seq: number };
      acked.set(id, seq);
    } else {
      expect(error).toMatchObject({ code: 503, temporary: true });
      refused++;
    }
  }
  console.log(`figure: a flood of ${replies.length} sends: ${acked.size} stored, ${refused} told to retry`);
  expect(refused).toBeGreaterThan(0);
  expect(acked.size).toBeGreaterThanOrEqual(10_000);
  for (const client of clients) await client.settled();
  // Afterwards the server takes messages again.
  const after = await clients[1]?.request("publish", { channel: room, data: "after" });
  expect(after?.publish).toEqual({});
  for (const client of clients) await client.close();
  await node.stop();
  const { rows } = await rowsOf(node.data, room);
  expect(rows.length).toBe(acked.size + 1);
  expect(
    rows
      .slice(0, -1)
      .map(({ id, seq }) => acked.get(id) === seq)
      .every(Boolean),
  ).toBe(true);
});
