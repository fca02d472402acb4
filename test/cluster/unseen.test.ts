/** What another node wrote comes with one's own next batch: without the broker, and before what was sent. */

import { describe, expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import { connectRaw, percentile, type RawClient } from "../client.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const rounds = 30;

async function enter(address: Parameters<typeof connectRaw>[0], channel: string): Promise<RawClient> {
  const client = await connectRaw(address);
  await client.subscribe(channel);
  return client;
}

async function send(client: RawClient, room: string, text: string): Promise<number> {
  const { seq } = await client.rpc<{ seq: number }>("message.send", { room, id: uuidv7(), data: { text } });
  return seq;
}

describe("while Redis is silent", () => {
  for (const gateways of [1, 2]) {
    test(`a message of another node is there with the acknowledgement of the next send, by ${gateways} gateway(s)`, async () => {
      await using cluster = await startCluster({ count: 2, args: ["--gateways", String(gateways)] });
      const channel = "open:unseen";
      const here = await enter(nodeOf(cluster, 0), channel);
      const there = await enter(nodeOf(cluster, 1), channel);
      cluster.redis.signal("SIGSTOP");
      const took: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const first = await send(here, channel, `here ${round}`);
        const start = performance.now();
        const second = await send(there, channel, `there ${round}`);
        took.push(performance.now() - start);
        expect(second).toBe(first + 1);
        // Nothing is waited for: what was acknowledged was published, and what came before it as well.
        expect(there.seqs(channel)).toEqual(Array.from({ length: second }, (_, at) => at + 1));
        expect(there.log(channel).slice(-2)).toMatchObject([
          { data: `{"text":"here ${round}"}` },
          { data: `{"text":"there ${round}"}` },
        ]);
      }
      console.log(
        `figure: another node's message without Redis, ${gateways} gateway(s): there with the next send, after ${percentile(took, 0.5).toFixed(1)} ms`,
      );
      cluster.redis.signal("SIGCONT");
      // What the broker brings now is known already.
      const last = await send(here, channel, "the last");
      for (const client of [here, there]) {
        await client.untilSeq(channel, last);
        await client.settled();
        expect(client.seqs(channel)).toEqual(Array.from({ length: last }, (_, at) => at + 1));
        await client.close();
      }
    });
  }

  test("who has left by another node gets nothing that is sent behind it", async () => {
    await using cluster = await startCluster({ count: 2 });
    const owner = await connectRaw(nodeOf(cluster, 1), { data: { rooms: true } });
    const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "unseen" });
    const here = await connectRaw(nodeOf(cluster, 0), { data: { rooms: true } });
    await here.rpc("room.join", { room });
    const there = await connectRaw(nodeOf(cluster, 1), {
      data: { rooms: true },
      token: here.connected?.data.token ?? "",
    });
    await owner.untilSeq(room, 2);
    cluster.redis.signal("SIGSTOP");
    await here.rpc("room.leave", { room });
    const seq = await send(owner, room, "without them");
    await there.settled();
    expect(there.waiting.filter(({ push }) => push?.unsubscribe !== undefined && push.channel === room)).toHaveLength(
      1,
    );
    expect(owner.seqs(room).slice(-3)).toEqual([2, 3, 4]);
    expect(seq).toBe(4);
    expect(there.seqs(room)).not.toContain(4);
    cluster.redis.signal("SIGCONT");
    for (const client of [owner, here, there]) await client.close();
  });
});
