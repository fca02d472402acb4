/** An update: nodes of two versions side by side, on a database that the newer one has changed. */

import { expect, test } from "bun:test";
import { Checker, kept, withDatabase } from "../checker.ts";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { Crowd } from "../crowd.ts";
import type { LogLine } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { temporaryFolder } from "../temporary.ts";
import { startHaproxy } from "./balancers.ts";
import { makeNextVersion } from "./next-version.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const rooms = ["open:one", "open:two"];
const quiet = "open:quiet";

async function present(client: RawClient): Promise<number> {
  return (await client.rpc<{ count: number }>("presence.list", { room: quiet })).count;
}

async function enter(address: { ws: string }): Promise<RawClient> {
  const client = await connectRaw(address);
  await client.subscribe(quiet);
  return client;
}

test("a rolling update to a version that adds to tables and to letters: nobody misses a message", async () => {
  using folder = temporaryFolder();
  const main = makeNextVersion(folder.path);
  await using cluster = await startCluster({ count: 3 });
  const { nodes, sqld } = cluster;
  await using balancer = await startHaproxy(nodes);
  await using first = await connectRaw(balancer);
  for (const room of rooms) await first.subscribe(room);
  const checker = new Checker();
  const random = randomOf(printedSeed());
  const epoch = first.connected?.data.epoch ?? "";
  const crowd = new Crowd({ node: balancer, checker, rooms, epoch, senders: 6, inFlight: 5, readers: 12, random });
  await eventually(() => checker.acks > 300, "traffic");
  let older: readonly LogLine[] = [];
  for (const [at, node] of nodes.entries()) {
    expect(await node.stop()).toBe(0);
    older = [...node.logs];
    await node.restart(main);
    const before = checker.acks;
    await eventually(() => checker.acks > before + 300, "traffic after a restart");
    if (at === nodes.length - 1) continue;
    // Each side sees the people of the other.
    await using newer = await enter(node);
    await using elder = await enter(nodeOf(cluster, nodes.length - 1));
    for (const client of [newer, elder]) {
      await eventually(async () => (await present(client)) === 2, "two people at a node of either version", 10_000);
    }
    await newer.close();
    await elder.close();
    await using witness = await enter(node);
    await eventually(async () => (await present(witness)) === 1, "nobody else there any more", 15_000);
  }
  await crowd.finish();

  const mood = "SELECT count(*), sum(mood = 'fine') FROM messages";
  const { rows } = await withDatabase(sqld.url, (client) => client.execute(mood));
  expect(rows[0]?.[0]).toBe(rows[0]?.[1]);
  // The last of the older ones met letters that it did not know, and said so once.
  const passedOver = older.filter(({ event }) => event === "letter_not_understood");
  expect(passedOver.map((line) => String(line["start"]).slice(0, 5))).toEqual(["mood "]);
  const logs = nodes.flatMap((node) => node.logs);
  const complaints = nodes.map((node) => node.complaints).join("");
  expect(await checker.verify({ data: sqld.url, logs, complaints })).toEqual(kept);
  console.log(
    `figure: rolling update of three nodes to a version that migrates: ${checker.acks} messages, ${crowd.retries} sends tried again, nothing missing at 12 readers`,
  );

  // There is no way back without a word.
  const oldest = nodeOf(cluster, 0);
  expect(await oldest.restart().then(String, String)).toContain("made by a newer confab");
}, 120_000);
