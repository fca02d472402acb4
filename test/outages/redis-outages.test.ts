/** T6 in its full length: 500 people on three nodes, 500 messages a second, and Redis away for up to a minute. */

import { expect, test } from "bun:test";
import { nodeOf, startCluster, type TestCluster } from "../cluster/nodes.ts";
import { Traffic } from "../cluster/traffic.ts";

const late_ms_max = 3_000;
const send_ms_max = 1_000;
const rooms = 20;
const readers_per_node = 8;
const per_second = 500;

interface Outage {
  readonly name: string;
  readonly ms: number;
  begin(redis: TestCluster["redis"]): Promise<void>;
  end(redis: TestCluster["redis"]): Promise<void>;
}

async function killed(redis: TestCluster["redis"]): Promise<void> {
  await redis.kill();
}

const outages: readonly Outage[] = [
  { name: "killed for 5 s", ms: 5_000, begin: killed, end: (redis) => redis.restart() },
  {
    name: "stopped for 10 s",
    ms: 10_000,
    begin: async (redis) => redis.signal("SIGSTOP"),
    end: async (redis) => redis.signal("SIGCONT"),
  },
  { name: "killed for 60 s", ms: 60_000, begin: killed, end: (redis) => redis.restart() },
];

for (const outage of outages) {
  test(`Redis ${outage.name}: nothing is missing at 480 readers, and nobody who sends waits`, async () => {
    await using cluster = await startCluster({ count: 3 });
    const { nodes, redis, sqld } = cluster;
    await using all = new AsyncDisposableStack();
    const traffics: Traffic[] = [];
    for (let at = 0; at < rooms; at++) {
      const of = { channel: `open:t6-${at}`, readers: readers_per_node, senders: 1 };
      traffics.push(all.use(await Traffic.start(nodes, of)));
    }
    const start_ms = performance.now();
    for (const traffic of traffics) traffic.send(per_second / rooms);
    await Bun.sleep(2_000);
    await outage.begin(redis);
    await Bun.sleep(outage.ms / 2);
    // Half of the rooms say their last word while Redis is away: no later one shows the hole.
    const quiet = traffics.slice(0, rooms / 2);
    await Promise.all(quiet.map((traffic) => traffic.stop()));
    await Promise.all(quiet.map((traffic) => traffic.caughtUp(late_ms_max + 1_000)));
    await Bun.sleep(outage.ms / 2);
    await outage.end(redis);
    await Bun.sleep(3_000);
    await Promise.all(traffics.map((traffic) => traffic.stop()));
    await Promise.all(traffics.map((traffic) => traffic.caughtUp(late_ms_max + 1_000)));
    const answers = traffics.flatMap((traffic) => traffic.answers);
    const late_ms = Math.max(...traffics.map((traffic) => traffic.latest(start_ms, Infinity)));
    const slowest_ms = answers.reduce((slowest, { took_ms }) => Math.max(slowest, took_ms), 0);
    const readers = traffics.reduce((sum, traffic) => sum + traffic.readers.length, 0);
    console.log(
      `figure: Redis ${outage.name}: ${answers.length} messages at ${readers} readers of 3 nodes, late by ${late_ms.toFixed(0)} ms at most (${late_ms_max}), slowest send ${slowest_ms.toFixed(0)} ms (${send_ms_max})`,
    );
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
    for (const traffic of traffics) expect(await traffic.wrong(sqld.url)).toEqual([]);
    expect(late_ms).toBeLessThan(late_ms_max);
    expect(slowest_ms).toBeLessThan(send_ms_max);
    const events = nodeOf(cluster, 0).logs.map(({ event }) => event);
    expect(events).toContain("broker_lost");
  }, 180_000);
}
