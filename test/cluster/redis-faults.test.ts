/** Redis dies, hangs, and is not there: messages come late, none is lost, and nobody who sends waits for it. */

import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { nodeOf, startCluster } from "./nodes.ts";
import { Traffic } from "./traffic.ts";

const late_ms_max = 3_000;
const send_ms_max = 1_000;
const per_second = 300;

test("Redis killed for half a second, then stopped: nothing is missing, the last message included", async () => {
  await using cluster = await startCluster({ count: 3 });
  const { nodes, redis, sqld } = cluster;
  await using traffic = await Traffic.start(nodes, { channel: "open:t6", readers: 8, senders: 2 });
  traffic.send(per_second);
  await Bun.sleep(1_000);
  const killed_ms = performance.now();
  await redis.kill();
  await Bun.sleep(500);
  await redis.restart();
  await Bun.sleep(2_500);
  const stopped_ms = performance.now();
  redis.signal("SIGSTOP");
  await Bun.sleep(4_000);
  redis.signal("SIGCONT");
  await Bun.sleep(2_000);
  const end_ms = performance.now();
  // The end of everything falls into an outage: no later message shows the hole.
  redis.signal("SIGSTOP");
  await Bun.sleep(200);
  await traffic.stop();
  await traffic.caughtUp(late_ms_max + 1_000);
  redis.signal("SIGCONT");
  const slowest_ms = Math.max(...traffic.answers.map(({ took_ms }) => took_ms));
  const late = [
    traffic.latest(killed_ms - 50, stopped_ms - 50),
    traffic.latest(stopped_ms - 50, end_ms - 50),
    traffic.latest(end_ms - 50, Infinity),
  ];
  const [killed = 0, stopped = 0, last = 0] = late;
  const text = `killed 0.5 s: late by ${killed.toFixed(0)} ms at most, stopped 4 s: ${stopped.toFixed(0)} ms, the last ones: ${last.toFixed(0)} ms`;
  console.log(
    `figure: Redis ${text} (at most ${late_ms_max}); slowest send ${slowest_ms.toFixed(0)} ms of ${traffic.answers.length}`,
  );
  expect(traffic.answers.filter(({ code }) => code !== undefined)).toEqual([]);
  expect(await traffic.wrong(sqld.url)).toEqual([]);
  expect(Math.max(...late)).toBeLessThan(late_ms_max);
  expect(slowest_ms).toBeLessThan(send_ms_max);
});

test("without any Redis nodes hear of each other by the database, within three seconds", async () => {
  await using cluster = await startCluster({ count: 2, withoutRedis: true });
  await using traffic = await Traffic.start(cluster.nodes, { channel: "open:alone", readers: 2, senders: 1 });
  const start_ms = performance.now();
  traffic.send(50);
  await Bun.sleep(3_000);
  await traffic.stop();
  await traffic.caughtUp(late_ms_max + 1_000);
  const late = traffic.latest(start_ms, Infinity);
  console.log(`figure: without Redis late by ${late.toFixed(0)} ms at most (${late_ms_max})`);
  expect(late).toBeLessThan(late_ms_max);
  expect(await traffic.wrong(cluster.sqld.url)).toEqual([]);
  // Ended sign-ins and memberships as well.
  const here = await connectRaw(nodeOf(cluster, 0), { data: { rooms: true } });
  const there = await connectRaw(nodeOf(cluster, 1), {
    data: { rooms: true },
    token: here.connected?.data.token ?? "",
  });
  const asked_ms = performance.now();
  const { id } = await here.rpc<{ id: string }>("room.create", { name: "without Redis" });
  await there.nextPush("subscribe", id);
  const joined_ms = performance.now() - asked_ms;
  const ended_ms = performance.now();
  await here.request("rpc", { method: "session.end", data: {} });
  expect(await there.closed).toMatchObject({ code: 3503 });
  const closed_ms = performance.now() - ended_ms;
  console.log(
    `figure: without Redis a membership comes after ${joined_ms.toFixed(0)} ms, the end of a sign-in after ${closed_ms.toFixed(0)} ms (${late_ms_max})`,
  );
  expect(Math.max(joined_ms, closed_ms)).toBeLessThan(late_ms_max);
});
