import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { slowLink } from "../slow-link.ts";
import { publishMany, publishSteadily, unlimited } from "../writing.ts";

const room = "open:lobby";
const behind = 9_000;
const link_bytes_per_second = 64 * 1024;

test("a client 9,000 events behind on a slow link catches up in one connection while others write on", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  const { epoch } = await writer.subscribe(room);
  await publishMany(writer, room, { count: behind, data: (n) => ({ n }) });
  await using link = await slowLink(node, link_bytes_per_second);
  await using reader = await connectRaw(link);
  let closes = 0;
  void reader.closed.then(() => closes++);
  const start_ms = performance.now();
  const writing = publishSteadily(writer, room, { perSecond: 50, data: (n) => ({ live: n }) });
  const subscribed = await reader.subscribe(room, { recover: true, epoch, offset: 0 });
  expect(subscribed).toMatchObject({ recovered: true });
  await reader.untilSeq(room, behind, 55_000);
  const took_s = (performance.now() - start_ms) / 1000;
  const live = await writing.stop();
  await reader.untilSeq(room, behind + live);
  const { bytes } = link;
  expect(reader.seqs(room)).toEqual(Array.from({ length: behind + live }, (_, at) => at + 1));
  expect(reader.log(room).slice(-live)).toEqual(writer.log(room).slice(-live));
  expect(closes).toBe(0);
  const rate = Math.round(bytes / 1024 / took_s);
  console.log(
    `figure: ${behind} events behind at ${link_bytes_per_second / 1024} KiB/s: caught up in ${took_s.toFixed(1)} s (${rate} KiB/s), ${live} live meanwhile, ${closes} closes`,
  );
}, 60_000);
