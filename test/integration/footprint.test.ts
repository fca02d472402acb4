import { expect, test } from "bun:test";
import { footprint } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { startNode } from "../harness.ts";
import { unlimited } from "../writing.ts";

const crowd = 200;
const rounds = 5;

test("connections that come and go leave no descriptors behind, and memory that does not grow with them", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using first = await connectRaw(node);
  const token = first.connected?.data.token ?? "";
  const wave = async (): Promise<void> => {
    const clients = await Promise.all(Array.from({ length: crowd }, () => connectRaw(node, { token })));
    await Promise.all(clients.map((client) => client.subscribe("open:lobby", { join_leave: true })));
    for (const client of clients) client.terminate();
    await Promise.all(clients.map((client) => client.closed));
  };
  const { descriptors } = footprint(node.pid);
  await wave();
  const settled = (): boolean => footprint(node.pid).descriptors <= descriptors * 1.1;
  await eventually(settled, "descriptors back at their number");
  const before = footprint(node.pid);
  for (let round = 0; round < rounds; round++) await wave();
  await eventually(settled, "descriptors back at their number");
  const after = footprint(node.pid);
  const MiB = 1024 * 1024;
  console.log(
    `figure: ${crowd * rounds} connections came and went: descriptors ${descriptors} before, ${after.descriptors} after; RSS ${Math.round(before.rss_bytes / MiB)} MiB, then ${Math.round(after.rss_bytes / MiB)} MiB`,
  );
  // A garbage collector is free to be late; what a leak of every connection would cost is more than this.
  expect(after.rss_bytes - before.rss_bytes).toBeLessThan(48 * MiB);
});
