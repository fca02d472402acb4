/** A node without a member of a busy room has nothing to do with it. */

import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { publishSteadily } from "../writing.ts";
import { nodeOf, startCluster } from "./nodes.ts";

/** Time on a core that a process has used, in milliseconds. */
function cpu_ms(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks_per_second = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticks_per_second;
}

const span_ms = 5_000;

async function used(pid: number): Promise<number> {
  const before = cpu_ms(pid);
  await Bun.sleep(span_ms);
  return ((cpu_ms(pid) - before) / span_ms) * 100;
}

test("the CPU of a node without a member of a busy room is that of an idle one", async () => {
  await using cluster = await startCluster({ count: 2 });
  const channel = "open:busy";
  const sender = await connectRaw(nodeOf(cluster, 0));
  await sender.subscribe(channel);
  const elsewhere = await connectRaw(nodeOf(cluster, 1));
  await elsewhere.subscribe("open:quiet");
  await Bun.sleep(2_000);
  const { pid } = nodeOf(cluster, 1);
  const idle = await used(pid);
  const stream = publishSteadily(sender, channel, { perSecond: 1_000, data: (n) => ({ text: `busy ${n}` }) });
  const busy = await used(pid);
  const sending = await used(nodeOf(cluster, 0).pid);
  const count = await stream.stop();
  console.log(
    `figure: CPU of a node without a member of a room at 1,000 messages/s: ${busy.toFixed(1)} %, idle ${idle.toFixed(1)} %, the node that sends ${sending.toFixed(1)} %`,
  );
  expect(count).toBeGreaterThan(5_000);
  expect(busy).toBeLessThan(idle + 2);
  await sender.close();
  await elsewhere.close();
}, 60_000);
