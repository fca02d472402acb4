/** PROMISES.md T4: sockets that never read, in a room where much is written. */

import { expect, test } from "bun:test";
import { backpressure_bytes_max } from "../../src/protocol/limits.ts";
import { connectRaw, eventually, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { inMiB, residentBytes, watchMemory } from "../process-memory.ts";
import { p99, quiet, startPulse } from "../pulse.ts";
import { enterRude } from "../rude-socket.ts";
import { publishSteadily, unlimited } from "../writing.ts";

const room = "open:busy";
const slow_sockets = 20;
const text = "x".repeat(8_000);
const perSecond = 200;
/** What the kernel takes from the server for a socket that reads nothing, before the server's own buffer fills. */
const kernel_bytes = 8 * 1024 * 1024;

test("20 sockets that never read are closed, cost their limit at most, and hold up nobody", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited, "--ring-bytes-max", "1MiB"] });
  await using writer = await connectRaw(node);
  const { epoch } = await writer.subscribe(room);
  await using pulse = await startPulse(node);
  const writing = publishSteadily(writer, room, { perSecond, data: () => ({ text }) });
  await quiet(3_000);
  const usual = watchMemory(node.pid);
  const before = await pulse.during(() => quiet(4_000));
  const rss = usual.stop();

  const slow = await Promise.all(Array.from({ length: slow_sockets }, () => enterRude(node, room)));
  const offset = writer.log(room).length;
  for (const socket of slow) socket.stopReading();
  const memory = watchMemory(node.pid);
  const start_ms = performance.now();
  const ended = (): number =>
    node.logs.filter(({ event, kind }) => event === "connection_ended" && kind === "slow").length;
  const during = await pulse.during(() => eventually(() => ended() === slow_sockets, "20 closed as slow", 30_000));
  const took_s = (performance.now() - start_ms) / 1000;
  const growth = memory.stop() - rss;
  // The limit, what the kernel took before, and the 5 s in which a slow one is to be closed.
  const due_s = (backpressure_bytes_max + kernel_bytes) / (perSecond * text.length) + 5;
  console.log(
    `figure: T4 ${slow_sockets} sockets that never read: closed after ${took_s.toFixed(1)} s, ` +
      `RSS +${inMiB(growth)} (limit ${inMiB(slow_sockets * backpressure_bytes_max * 1.25)}), ` +
      `p99 of the others ${p99(before).toFixed(1)} → ${p99(during).toFixed(1)} ms`,
  );
  expect(took_s).toBeLessThan(due_s);
  expect(growth).toBeLessThan(slow_sockets * backpressure_bytes_max * 1.25);
  expect(p99(during)).toBeLessThan(p99(before) + 10);

  const live = await writing.stop();
  expect(live).toBeGreaterThan(0);
  const top = writer.log(room).length;
  await Promise.all(
    slow.map(async (socket) => {
      socket[Symbol.dispose]();
      await within(socket.closed, () => "the end of the slow socket");
      await using back = await connectRaw(node);
      expect(await back.subscribe(room, { recover: true, epoch, offset })).toMatchObject({ recovered: true });
      await back.untilSeq(room, top);
      expect(back.log(room).map((one) => one.text)).toEqual(
        writer
          .log(room)
          .slice(offset)
          .map((one) => one.text),
      );
    }),
  );
}, 120_000);

test("who asks and asks and never reads the answers is closed too", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  await writer.subscribe(room);
  for (let n = 0; n < 40; n++) await writer.request("publish", { channel: room, data: { text } });
  const memory = watchMemory(node.pid);
  const rss = residentBytes(node.pid);
  using deaf = await enterRude(node, room);
  deaf.stopReading();
  for (let n = 0; n < 100; n++) deaf.say(`{"id":${n + 10},"history":{"channel":"${room}","limit":30}}`);
  await eventually(
    () => node.logs.some(({ event, kind }) => event === "connection_ended" && (kind === "slow" || kind === "lost")),
    "the end of the deaf socket",
  );
  expect(memory.stop() - rss).toBeLessThan(64 * 1024 * 1024);
}, 60_000);
