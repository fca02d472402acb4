/** PROMISES.md T4: a client on a slow link that is far behind in a room in which the others write on. */

import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { slowLink } from "../slow-link.ts";
import { publishMany, publishSteadily, unlimited } from "../writing.ts";

const room = "open:lobby";
const MiB = 1024 * 1024;
/** Less than the 10,000 events that a recovery gives at most. */
const behind = 9_000;
const behind_bytes = 8 * MiB;
const text = "x".repeat(820);
const link_bytes_per_second = 64 * 1024;
const perSecond = 50;

test("a client 8 MiB behind on a slow link catches up in one connection while others write on", async () => {
  // With so small a ring what it has missed is read from the database, page by page.
  await using node = await startNode({ args: ["--open", "--ring-bytes-max", "1MiB", ...unlimited] });
  await using writer = await connectRaw(node);
  const { epoch } = await writer.subscribe(room);
  await publishMany(writer, room, { count: behind, data: () => ({ text }) });
  await writer.untilSeq(room, behind);
  const missed_bytes = writer.log(room).reduce((sum, one) => sum + one.text.length, 0);
  expect(missed_bytes).toBeGreaterThan(behind_bytes);
  await using link = await slowLink(node, link_bytes_per_second);
  await using reader = await connectRaw(link);
  let closes = 0;
  void reader.closed.then(() => closes++);
  const start_ms = performance.now();
  const seconds = (): number => (performance.now() - start_ms) / 1000;
  const writing = publishSteadily(writer, room, { perSecond, data: (n) => ({ live: n }) });
  const subscribed = await reader.subscribe(room, { recover: true, epoch, offset: 0 });
  expect(subscribed).toMatchObject({ recovered: true });
  const wait_ms_max = 3 * (behind_bytes / link_bytes_per_second) * 1000;
  await reader.untilSeq(room, behind, wait_ms_max);
  // What was written meanwhile is behind it; then it is as far as the others, within a second.
  const lag = (): number => (writer.log(room).at(-1)?.seq ?? 0) - (reader.log(room).at(-1)?.seq ?? 0);
  await reader.until(() => lag() < perSecond, "as far as the others", wait_ms_max);
  const took_s = seconds();
  const { bytes } = link;
  const live = await writing.stop();
  await reader.untilSeq(room, behind + live);
  expect(reader.seqs(room)).toEqual(Array.from({ length: behind + live }, (_, at) => at + 1));
  expect(reader.log(room).slice(-live)).toEqual(writer.log(room).slice(-live));
  expect(closes).toBe(0);
  console.log(
    `figure: T4 ${(missed_bytes / MiB).toFixed(1)} MiB (${behind} events) behind at ${link_bytes_per_second / 1024} KiB/s, ` +
      `${perSecond} messages/s: caught up in ${took_s.toFixed(0)} s (${Math.round(bytes / 1024 / took_s)} KiB/s), ` +
      `${live} live meanwhile, ${closes} closes`,
  );
}, 480_000);
