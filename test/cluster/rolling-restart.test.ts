/** All nodes are restarted, one after another, under load and behind a load balancer: no client misses a message. */

import { expect, test } from "bun:test";
import { Checker, kept } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { Crowd } from "../crowd.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { startHaproxy, startNginx, type Balancer } from "./balancers.ts";
import { startCluster, type TestCluster } from "./nodes.ts";

async function restartAll({ nodes, sqld }: TestCluster, balancer: Balancer, name: string): Promise<void> {
  const first = await connectRaw(balancer);
  const rooms = ["open:one", "open:two"];
  for (const room of rooms) await first.subscribe(room);
  const checker = new Checker();
  const random = randomOf(printedSeed());
  const epoch = first.connected?.data.epoch ?? "";
  const crowd = new Crowd({ node: balancer, checker, rooms, epoch, senders: 6, inFlight: 5, readers: 12, random });
  await eventually(() => checker.acks > 500, "traffic");
  for (const node of nodes) {
    expect(await node.stop()).toBe(0);
    await node.restart();
    const before = checker.acks;
    await eventually(() => checker.acks > before + 300, "traffic after a restart");
  }
  await crowd.finish();
  first.terminate();
  const logs = nodes.flatMap((node) => node.logs);
  const complaints = nodes.map((node) => node.complaints).join("");
  console.log(
    `figure: rolling restart of three nodes behind ${name}: ${checker.acks} messages, ${crowd.retries} sends tried again, nothing missing at 12 readers`,
  );
  expect(await checker.verify({ data: sqld.url, logs, complaints })).toEqual(kept);
}

test("behind HAProxy", async () => {
  await using cluster = await startCluster({ count: 3 });
  await using balancer = await startHaproxy(cluster.nodes);
  await restartAll(cluster, balancer, "HAProxy");
});

test("behind nginx", async () => {
  await using cluster = await startCluster({ count: 3 });
  await using balancer = await startNginx(cluster.nodes);
  await restartAll(cluster, balancer, "nginx");
});
