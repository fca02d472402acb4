/** How much goes through two nodes on one database. */

import { expect, test } from "bun:test";
import { createClient } from "@libsql/client";
import { systemClock } from "../../src/lib/clock.ts";
import { uuidv7 } from "../../src/lib/ids.ts";
import { openRemote } from "../../src/store/remote.ts";
import { connectRaw, percentile } from "../client.ts";
import { publishMany } from "../writing.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const per_writer = 5_000;
const writers = 8;
const batch_drafts = 200;

test("two nodes write as much as one database takes", async () => {
  await using cluster = await startCluster({ count: 2 });
  const clients = [];
  for (let at = 0; at < writers; at++) {
    const client = await connectRaw(nodeOf(cluster, at % 2));
    await client.subscribe(`open:fast${at}`);
    clients.push(client);
  }
  const start = performance.now();
  const data = (n: number): object => ({ text: `message ${n}` });
  await Promise.all(clients.map((client, at) => publishMany(client, `open:fast${at}`, { count: per_writer, data })));
  const rate = (writers * per_writer * 1_000) / (performance.now() - start);
  console.log(`figure: two nodes on one sqld: ${rate.toFixed(0)} durable messages/s with ${writers} writers`);
  expect(rate).toBeGreaterThan(2_000);

  const { committer } = await openRemote({ url: cluster.sqld.url, token: undefined, clock: systemClock });
  const client = createClient({ url: cluster.sqld.url });
  const { rows } = await client.execute("SELECT n FROM rooms WHERE id = 'open:fast0'");
  const room = Number(rows[0]?.[0]);
  const took: number[] = [];
  let top = per_writer;
  for (let round = 0; round < 40; round++) {
    const drafts = Array.from({ length: batch_drafts }, () => ({
      kind: "message" as const,
      room,
      actor: 1,
      by: "",
      id: uuidv7(),
      data: '{"text":"batch"}',
    }));
    const before = performance.now();
    // As a node asks that has the room open.
    const { outcomes } = await committer.commit(drafts, new Map([[room, top]]));
    took.push(performance.now() - before);
    top = outcomes.at(-1)?.seq ?? 0;
  }
  client.close();
  const median = percentile(took, 0.5);
  console.log(`figure: a batch of ${batch_drafts} on sqld takes ${median.toFixed(1)} ms (at most 5)`);
  expect(median).toBeLessThan(50);
}, 60_000);
