import { expect, test } from "bun:test";
import { Checker, kept } from "../checker.ts";
import { connectRaw, percentile } from "../client.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { publishMany, publishSteadily, unlimited } from "../writing.ts";

const room = "open:lobby";
const readers = 8;
const reconnects = 25;

test("200 reconnects while a room gets 500 messages a second: each reader gets every seq exactly once", async () => {
  // A ring that is too small for those who stay away longest, so that they are read for from the database.
  await using node = await startNode({ args: ["--open", "--ring-bytes-max", "1MiB", ...unlimited] });
  const checker = new Checker();
  await using writer = await connectRaw(node);
  const { epoch } = await writer.subscribe(room);
  await publishMany(writer, room, { count: 4_000, data: (n) => ({ n, text: "x".repeat(300) }) });
  const writing = publishSteadily(writer, room, { perSecond: 500, data: (n) => ({ n, text: "x".repeat(300) }) });
  const catchUps_ms: number[] = [];
  const random = randomOf(printedSeed());

  const read = async (name: string): Promise<void> => {
    checker.reader(name, room, 0);
    for (let round = 0; round < reconnects; round++) {
      await using client = await connectRaw(node);
      const offset = checker.position(name);
      const start_ms = performance.now();
      const result = await client.subscribe(room, { recover: true, epoch, offset });
      expect(result.recovered).toBe(true);
      const target = writer.log(room).at(-1)?.seq ?? 0;
      if (target > offset) await client.untilSeq(room, target);
      catchUps_ms.push(performance.now() - start_ms);
      // It reads a while on, and breaks off in the middle of something.
      await client.untilSeq(room, Math.max(target, offset) + 1 + Math.floor(random() * 80));
      client.terminate();
      await client.closed;
      for (const { seq, id } of client.log(room)) checker.read(name, seq, id);
    }
  };
  await Promise.all(Array.from({ length: readers }, (_, at) => read(`reader ${at}`)));
  const live = await writing.stop();
  for (let at = 0; at < readers; at++) {
    const name = `reader ${at}`;
    await using client = await connectRaw(node);
    await client.subscribe(room, { recover: true, epoch, offset: checker.position(name) });
    if (checker.position(name) < 4_000 + live) await client.untilSeq(room, 4_000 + live);
    for (const { seq, id } of client.log(room)) checker.read(name, seq, id);
  }
  await node.stop();
  expect(await checker.verify(node)).toEqual(kept);
  const p50 = percentile(catchUps_ms, 0.5).toFixed(0);
  const p99 = percentile(catchUps_ms, 0.99).toFixed(0);
  console.log(
    `figure: ${readers * reconnects} reconnects during ${live} live messages: caught up in ${p50} ms (p50), ${p99} ms (p99), every seq once`,
  );
}, 60_000);
