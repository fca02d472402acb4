/** Nodes whose wall clocks are hours apart. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { temporaryFolder } from "../temporary.ts";
import { wrongClock } from "../wrong-clock.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const channel = "open:clocks";
const hours_s = 5 * 3_600;

async function enter(address: { ws: string }): Promise<RawClient> {
  const client = await connectRaw(address);
  await client.subscribe(channel, { join_leave: true });
  return client;
}

async function users(client: RawClient): Promise<string[]> {
  const { users } = await client.rpc<{ users: { id: string }[] }>("presence.list", { room: channel });
  return users.map(({ id }) => id).sort();
}

test("two nodes with clocks five hours apart agree on who is there, tell joins and leaves, and keep one order", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "offset");
  const step = (seconds: number): void => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  step(hours_s);
  await using cluster = await startCluster({ count: 1 });
  const wrong = await cluster.add({ env: wrongClock(file) });
  const right = nodeOf(cluster, 0);
  const off_ms = Date.parse(String(wrong.logs[0]?.["time"])) - Date.now();
  expect(Math.abs(off_ms - hours_s * 1_000)).toBeLessThan(60_000);
  await using a = await enter(right);
  await using b = await enter(wrong);
  const told: string[] = [];
  // The clock is hours ahead, then steps to hours behind, while everybody stays.
  for (const offset of [hours_s, -hours_s]) {
    step(offset);
    for (const [there, here] of [[right, b] as const, [wrong, a] as const]) {
      const c = await enter(there);
      const all = [a.user, b.user, c.user].sort();
      await here.next(({ push }) => push?.join?.info.user === c.user, "a join");
      for (const client of [a, b, c])
        await eventually(async () => Bun.deepEquals(await users(client), all), "all three at each node", 5_000);
      for (let n = 0; n < 50; n++) {
        for (const client of [a, b, c]) {
          const data = { text: `${told.length}` };
          const { seq } = await client.rpc<{ seq: number }>("message.send", { room: channel, id: uuidv7(), data });
          told[seq - 1] = data.text;
        }
      }
      await c.close();
      await here.next(({ push }) => push?.leave?.info.user === c.user, "a leave");
      const left = [a.user, b.user].sort();
      for (const client of [a, b])
        await eventually(async () => Bun.deepEquals(await users(client), left), "two at each node", 5_000);
    }
  }
  for (const client of [a, b]) {
    // Whoever stayed was not said to have gone, nor to have come again.
    const others = client.waiting.filter(
      ({ push }) => push?.leave?.info.user === a.user || push?.leave?.info.user === b.user,
    );
    expect(others).toEqual([]);
    await client.untilSeq(channel, told.length);
    const log = client.log(channel);
    // The times are those of the one database: they do not go back.
    expect(log.every(({ at }, n) => n === 0 || at >= (log[n - 1]?.at ?? 0))).toBe(true);
    expect(log.map(({ data }) => /"text":"(\d+)"/.exec(data)?.[1] ?? "")).toEqual(told);
  }
  console.log(
    `figure: clocks ${hours_s / 3_600} hours apart, one way and then the other: ${told.length} messages in one order, joins and leaves seen on both`,
  );
}, 60_000);
