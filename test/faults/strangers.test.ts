/** PROMISES.md T11 and the payload table: sockets that never sign in. */

import { expect, test } from "bun:test";
import { frame_bytes_max, strangers_max } from "../../src/protocol/limits.ts";
import { connectRaw, eventually, percentile, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { inMiB, residentBytes, watchMemory } from "../process-memory.ts";
import { frame, opcodes, openRude, type RudeSocket } from "../rude-socket.ts";

const MiB = 1024 * 1024;

async function openMany(node: { readonly ws: string }, count: number): Promise<RudeSocket[]> {
  const sockets: RudeSocket[] = [];
  for (let n = 0; n < count; n += 50) {
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => openRude(node)))));
  }
  return sockets;
}

test("1,000 sockets that say nothing are closed, and meanwhile an honest login takes its usual time", async () => {
  await using node = await startNode({ args: ["--open"] });
  const sockets = await openMany(node, 1_000);
  const start_ms = performance.now();
  let open = sockets.length;
  for (const socket of sockets) void socket.closed.then(() => open--);
  const logins: number[] = [];
  while (open > 0) {
    const begin_ms = performance.now();
    await using honest = await connectRaw(node);
    await honest.subscribe("open:lobby");
    logins.push(performance.now() - begin_ms);
    await new Promise((resume) => setTimeout(resume, 100));
    if (performance.now() - start_ms > 20_000) break;
  }
  const took_s = (performance.now() - start_ms) / 1000;
  const codes = await Promise.all(
    sockets.map(({ closed }) => within(closed, () => "the end of a silent socket", 1_000)),
  );
  const patient = codes.filter((code) => code === 3502).length;
  const login_ms = percentile(logins, 0.99);
  console.log(
    `figure: T11 1,000 silent sockets: all closed after ${took_s.toFixed(1)} s, honest logins p99 ${login_ms.toFixed(0)} ms`,
  );
  expect(took_s).toBeLessThan(12);
  expect(login_ms).toBeLessThan(200);
  // As many as may take their time are told that it is over; of the crowd, each may come back.
  expect(patient).toBeLessThanOrEqual(strangers_max);
  expect(codes.every((code) => code === 3502 || code === 3013)).toBe(true);
}, 60_000);

test("unfinished frames of sockets that have not signed in are dropped within 6 s, but for 32 of them", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using honest = await connectRaw(node);
  const rss = residentBytes(node.pid);
  const memory = watchMemory(node.pid);
  const sockets = await openMany(node, 200);
  const piece = frame(opcodes.text, "x".repeat(frame_bytes_max - 1_000), { claims: frame_bytes_max });
  for (const socket of sockets) socket.write(piece);
  let open = sockets.length;
  for (const socket of sockets) void socket.closed.then(() => open--);
  const start_ms = performance.now();
  await eventually(() => open <= strangers_max, "a crowd that is sent away");
  const took_s = (performance.now() - start_ms) / 1000;
  const peak = memory.stop() - rss;
  await honest.settled();
  console.log(
    `figure: unfinished frames of 200 strangers, ${inMiB(200 * frame_bytes_max)} in all: ` +
      `RSS +${inMiB(peak)} for ${took_s.toFixed(1)} s, then ${open} of them left`,
  );
  expect(open).toBeLessThanOrEqual(strangers_max);
  expect(took_s).toBeLessThan(6);
  expect(peak).toBeLessThan(300 * MiB);
  for (const socket of sockets) socket[Symbol.dispose]();
}, 60_000);
