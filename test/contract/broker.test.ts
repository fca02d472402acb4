/** What every broker owes, by the contract of `src/broker/contract.ts`, each with the real thing behind it. */

import { describe, expect, test } from "bun:test";
import { outgoing_bytes_max, type Broker } from "../../src/broker/contract.ts";
import { MemoryBroker, MemoryHub } from "../../src/broker/memory.ts";
import { BrokerHub, ThreadBroker, type FromBroker, type ToBroker } from "../../src/broker/threads.ts";
import { RedisBroker } from "../../src/broker/redis.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { shortId } from "../../src/lib/ids.ts";
import { eventually } from "../client.ts";
import { startRedis, type RedisServer } from "../redis.ts";
import { keptLog } from "../storage.ts";

interface Party extends AsyncDisposable {
  join(): Promise<Listener>;
}

interface Listener {
  readonly broker: Broker;
  readonly heard: string[];
  restored: number;
}

async function listenerOf(broker: Broker): Promise<Listener> {
  const listener: Listener = { broker, heard: [], restored: 0 };
  broker.listen({
    message: (channel, text) => void listener.heard.push(`${channel} ${text}`),
    restored: () => void listener.restored++,
  });
  await eventually(() => broker.connected, "a connected broker");
  return listener;
}

/** Gateways of one process, each at its end of a real channel. */
function threadParty(upstream: Broker): Party {
  const hub = new BrokerHub(upstream);
  const channels: MessageChannel[] = [];
  return {
    async join() {
      const channel = new MessageChannel();
      channels.push(channel);
      const { port1: main, port2: gateway } = channel;
      const take = hub.join((message) => main.postMessage(message));
      main.onmessage = ({ data }: { data: unknown }) => take(data as ToBroker);
      const broker = new ThreadBroker({ clock: systemClock, post: (message) => gateway.postMessage(message) });
      gateway.onmessage = ({ data }: { data: unknown }) => broker.receive(data as FromBroker);
      return await listenerOf(broker);
    },
    async [Symbol.asyncDispose]() {
      await hub.close();
      for (const { port1, port2 } of channels) {
        port1.close();
        port2.close();
      }
    },
  };
}

function redisParty(server: RedisServer): Party {
  const brokers: Broker[] = [];
  return {
    async join() {
      const broker = new RedisBroker({ url: server.url, password: undefined, clock: systemClock, log: keptLog().log });
      brokers.push(broker);
      return await listenerOf(broker);
    },
    async [Symbol.asyncDispose]() {
      for (const broker of brokers) await broker.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const parties: readonly (readonly [name: string, start: () => Promise<Party>])[] = [
  [
    "memory",
    async () => {
      const hub = new MemoryHub();
      return {
        join: () => listenerOf(new MemoryBroker({ hub, clock: systemClock })),
        async [Symbol.asyncDispose]() {},
      };
    },
  ],
  ["threads", async () => threadParty(new MemoryBroker({ hub: new MemoryHub(), clock: systemClock }))],
  ["Redis", async () => redisParty(await startRedis())],
  ["Redis behind a Sentinel", async () => redisParty(await startRedis({ kind: "sentinel" }))],
  ["Redis Cluster", async () => redisParty(await startRedis({ kind: "cluster" }))],
];

for (const [name, start] of parties) {
  describe(name, () => {
    test("brings what is published after the confirmation, in order, to everybody and to the publisher", async () => {
      await using party = await start();
      const [a, b] = [await party.join(), await party.join()];
      const channel = shortId();
      expect(await a.broker.subscribe(channel)).toBe(true);
      expect(await b.broker.subscribe(channel)).toBe(true);
      const expected = Array.from({ length: 2_000 }, (_, at) => `${channel} ${at} ü\n"x"`);
      for (let at = 0; at < expected.length; at++) a.broker.publish(channel, `${at} ü\n"x"`);
      await eventually(() => a.heard.length >= 2_000 && b.heard.length >= 2_000, "all messages");
      expect(a.heard).toEqual(expected);
      expect(b.heard).toEqual(expected);
    });

    test("brings nothing of other channels, and nothing after the end of a subscription", async () => {
      await using party = await start();
      const [a, b] = [await party.join(), await party.join()];
      const [one, other, last] = [shortId(), shortId(), shortId()];
      await b.broker.subscribe(one);
      await b.broker.subscribe(last);
      a.broker.publish(other, "not for b");
      a.broker.publish(one, "for b");
      await eventually(() => b.heard.length > 0, "the message");
      b.broker.unsubscribe(one);
      await b.broker.subscribe(other);
      a.broker.publish(one, "too late");
      a.broker.publish(last, "end");
      await eventually(() => b.heard.includes(`${last} end`), "the last message");
      expect(b.heard).toEqual([`${one} for b`, `${last} end`]);
    });

    test("drops what does not fit into its queue, and counts it", async () => {
      await using party = await start();
      const a = await party.join();
      const text = "x".repeat(1024 * 1024);
      const count = outgoing_bytes_max / text.length;
      for (let at = 0; at < count + 5; at++) a.broker.publish(shortId(), text);
      expect(a.broker.dropped).toBe(5);
      const channel = shortId();
      await a.broker.subscribe(channel);
      await eventually(() => {
        a.broker.publish(channel, "small");
        return a.heard.length > 0;
      }, "room in the queue again");
    });
  });
}

for (const kind of ["single", "cluster"] as const) {
  describe(`Redis (${kind}) that goes away`, () => {
    test("is no error for anybody: nothing waits, subscriptions come back, and the end is told", async () => {
      await using server = await startRedis({ kind });
      const url = server.url;
      const { log, lines } = keptLog();
      const broker = new RedisBroker({ url, password: undefined, clock: systemClock, log });
      const { heard, ...listener } = await listenerOf(broker);
      const told = { restored: 0 };
      broker.listen({ message: (_, text) => void heard.push(text), restored: () => void told.restored++ });
      expect(listener.restored).toBe(0);
      const [before, meanwhile] = [shortId(), shortId()];
      await broker.subscribe(before);
      await server.kill();
      await eventually(() => !broker.connected, "the loss noticed", 5_000);
      expect(await broker.subscribe(meanwhile)).toBe(false);
      broker.publish(before, "lost");
      expect(broker.dropped).toBe(1);
      await server.restart();
      await eventually(() => broker.connected && told.restored > 0, "the connection", 10_000);
      await eventually(() => {
        broker.publish(before, "one");
        broker.publish(meanwhile, "two");
        return heard.includes("one") && (kind === "cluster" || heard.includes("two"));
      }, "both subscriptions");
      expect(lines.filter((line) => line.includes("broker_lost")).length).toBe(1);
      await broker.close();
    });
  });
}

test("a Redis that comes after the broker is told as one that is back: what was published before is lost", async () => {
  await using server = await startRedis();
  await server.kill();
  const { log, lines } = keptLog();
  const broker = new RedisBroker({ url: server.url, password: undefined, clock: systemClock, log });
  const told = { restored: 0 };
  broker.listen({ message: () => {}, restored: () => void told.restored++ });
  await eventually(() => lines.some((line) => line.includes("broker_lost")), "the loss noticed");
  broker.publish(shortId(), "lost");
  await server.restart();
  await eventually(() => broker.connected, "the connection");
  expect(told.restored).toBe(1);
  await broker.close();
});

test("a Redis that hangs is let go within its deadline, and found again", async () => {
  await using server = await startRedis();
  const broker = new RedisBroker({ url: server.url, password: undefined, clock: systemClock, log: keptLog().log });
  const { heard } = await listenerOf(broker);
  const channel = shortId();
  await broker.subscribe(channel);
  server.signal("SIGSTOP");
  const start = performance.now();
  expect(await broker.subscribe(shortId())).toBe(false);
  expect(performance.now() - start).toBeLessThan(1_500);
  await eventually(() => !broker.connected, "the silence noticed", 5_000);
  server.signal("SIGCONT");
  await eventually(
    () => {
      broker.publish(channel, "again");
      return heard.includes(`${channel} again`);
    },
    "the channel again",
    10_000,
  );
  await broker.close();
});
