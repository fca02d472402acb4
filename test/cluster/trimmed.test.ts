/** What retention took before a node had heard of it. */

import { expect, test } from "bun:test";
import { createClient } from "@libsql/client";
import { uuidv7 } from "../../src/lib/ids.ts";
import { trimRoom } from "../../src/store/trim.ts";
import { connectRaw } from "../client.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const written = 30;
const kept_from = 20;

test("who misses events that were trimmed meanwhile is sent back, told so, and goes on", async () => {
  await using cluster = await startCluster({ count: 2, withoutRedis: true });
  const [behind, ahead] = [nodeOf(cluster, 0), nodeOf(cluster, 1)];
  const channel = "open:trimmed";
  const writer = await connectRaw(ahead);
  await writer.subscribe(channel);
  const send = async (): Promise<number> => {
    const sent = { room: channel, id: uuidv7(), data: { text: "words" } };
    return (await writer.rpc<{ seq: number }>("message.send", sent)).seq;
  };
  const reader = await connectRaw(behind);
  await reader.subscribe(channel);
  await send();
  const { epoch = "" } = await writer.rpc<{ epoch?: string }>("message.list", { room: channel });
  await reader.untilSeq(channel, 1);
  process.kill(behind.pid, "SIGSTOP");
  for (let n = 1; n < written; n++) await send();
  const client = createClient({ url: cluster.sqld.url });
  const { rows } = await client.execute({ sql: "SELECT n FROM rooms WHERE id = ?", args: [channel] });
  await trimRoom(client, { room: Number(rows[0]?.["n"]), first: kept_from });
  client.close();
  process.kill(behind.pid, "SIGCONT");
  expect((await reader.closed).code).toBe(3010);
  expect(reader.seqs(channel)).toEqual([1]);

  await using back = await connectRaw(behind);
  const again = await back.subscribe(channel, { recover: true, epoch, offset: 1 });
  expect(again).toMatchObject({ recovered: false, offset: written });
  const last = await send();
  await back.untilSeq(channel, last);
  expect(back.seqs(channel)).toEqual([last]);
  await writer.close();
}, 60_000);
