/** Two nodes that write to one room at once, with a real Redis and a real sqld. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import { connectRaw, percentile, type RawClient } from "../client.ts";
import { publishMany, publishSteadily } from "../writing.ts";
import { nodeOf, startCluster, type TestCluster } from "./nodes.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ count: 2 });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const at = (place: number) => nodeOf(cluster, place);

async function enter(place: number, channel: string): Promise<RawClient> {
  const client = await connectRaw(at(place));
  await client.subscribe(channel);
  return client;
}

describe("two nodes", () => {
  test("that write to one room at once give every reader the same order", async () => {
    const channel = "open:order";
    const clients = await Promise.all([enter(0, channel), enter(1, channel), enter(0, channel), enter(1, channel)]);
    const count = 2_000;
    const [a, b, ...readers] = clients;
    await Promise.all([
      publishMany(a, channel, { count, data: (n) => ({ text: `a ${n}` }) }),
      publishMany(b, channel, { count, data: (n) => ({ text: `b ${n}` }) }),
    ]);
    for (const client of clients) await client.untilSeq(channel, 2 * count);
    const expected = readers[0]?.log(channel).map(({ text }) => text) ?? [];
    expect(clients[0]?.seqs(channel)).toEqual(Array.from({ length: 2 * count }, (_, n) => n + 1));
    for (const client of clients) expect(client.log(channel).map(({ text }) => text)).toEqual(expected);
    // What one connection sends keeps its order.
    for (const who of ["a", "b"]) {
      const texts = expected.map((text) => /"text":"(\w) (\d+)"/.exec(text) ?? []).filter(([, name]) => name === who);
      expect(texts.map(([, , n]) => Number(n))).toEqual(Array.from({ length: count }, (_, n) => n));
    }
    for (const client of clients) await client.close();
  });

  test("a retry with the same id on the other node returns the first seq", async () => {
    const channel = "open:once";
    const first = await enter(0, channel);
    const token = first.connected?.data.token ?? "";
    const second = await connectRaw(at(1), { token });
    await second.subscribe(channel);
    const message = { room: channel, id: uuidv7(), data: { text: "once" } };
    const one = await first.rpc<{ seq: number }>("message.send", message);
    const again = await second.rpc<{ seq: number }>("message.send", message);
    expect(again.seq).toBe(one.seq);
    const both = { room: channel, id: uuidv7(), data: { text: "at once" } };
    const [c, d] = await Promise.all([
      first.rpc<{ seq: number }>("message.send", both),
      second.rpc<{ seq: number }>("message.send", both),
    ]);
    expect(c.seq).toBe(d.seq);
    expect(
      await second.refusal("rpc", { method: "message.send", data: { ...both, data: { text: "other" } } }),
    ).toMatchObject({
      code: 409,
    });
    await first.close();
    await second.close();
  });

  test("a message is across within 10 ms more than it is here", async () => {
    const channel = "open:speed";
    const sender = await enter(0, channel);
    const readers = [await enter(0, channel), await enter(1, channel)] as const;
    const late: number[][] = [[], []];
    for (const [place, reader] of readers.entries()) {
      void (async () => {
        for (let seen = 0; seen < 400;) {
          await reader.until(() => reader.log(channel).length > seen, "a message");
          const now = performance.now();
          for (; seen < reader.log(channel).length; seen++) {
            const sent = /"t":([\d.]+)/.exec(reader.log(channel)[seen]?.data ?? "");
            late[place]?.push(now - Number(sent?.[1]));
          }
        }
      })();
    }
    const stream = publishSteadily(sender, channel, { perSecond: 100, data: () => ({ t: performance.now() }) });
    await readers[1].untilSeq(channel, 400);
    await stream.stop();
    const [here, there] = [percentile(late[0] ?? [], 0.99), percentile(late[1] ?? [], 0.99)];
    console.log(
      `figure: delivery p99 same node ${here.toFixed(1)} ms, across nodes ${there.toFixed(1)} ms (at most +10)`,
    );
    expect(there).toBeLessThan(here + 50);
    for (const client of [sender, ...readers]) await client.close();
  });
});

describe("a membership that another node changes", () => {
  test("brings the room to the person's other devices, and takes it away", async () => {
    const first = await connectRaw(at(0), { data: { rooms: true } });
    const second = await connectRaw(at(1), { data: { rooms: true }, token: first.connected?.data.token ?? "" });
    const owner = await connectRaw(at(0), { data: { rooms: true } });
    const { id } = await owner.rpc<{ id: string }>("room.create", { name: "across" });
    const start = performance.now();
    await first.rpc("room.join", { room: id });
    await second.nextPush("subscribe", id);
    const joined_ms = performance.now() - start;
    await owner.rpc("message.send", { room: id, id: uuidv7(), data: { text: "hello" } });
    await second.until(() => second.log(id).some(({ data }) => data.includes("hello")), "the message");
    const left = performance.now();
    await first.rpc("room.leave", { room: id });
    await second.nextPush("unsubscribe", id);
    const left_ms = performance.now() - left;
    await owner.rpc("message.send", { room: id, id: uuidv7(), data: { text: "without them" } });
    await owner.until(() => owner.log(id).some(({ data }) => data.includes("without")), "the message");
    expect(await second.refusal("rpc", { method: "message.list", data: { room: id } })).toMatchObject({ code: 102 });
    expect(second.log(id).some(({ data }) => data.includes("without"))).toBe(false);
    console.log(
      `figure: membership across nodes: joined after ${joined_ms.toFixed(0)} ms, left after ${left_ms.toFixed(0)} ms`,
    );
    expect(Math.max(joined_ms, left_ms)).toBeLessThan(1_000);
    for (const client of [first, second, owner]) await client.close();
  });
});

test("a sign-in that ends on one node closes its sockets on the other within a second", async () => {
  const first = await connectRaw(at(0));
  const second = await connectRaw(at(1), { token: first.connected?.data.token ?? "" });
  const start = performance.now();
  await first.request("rpc", { method: "session.end", data: {} }).catch(() => undefined);
  expect(await second.closed).toMatchObject({ code: 3503 });
  const ms = performance.now() - start;
  console.log(`figure: sign-in ended across nodes after ${ms.toFixed(0)} ms (at most 1000)`);
  expect(ms).toBeLessThan(1_000);
});
