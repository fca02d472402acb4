/** The SDK's core against a real server that is killed, restarted and replaced under it. */

import { afterEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { ChatClient, type ChatClientOptions } from "../../src/sdk/chat-client.ts";
import type { ChatRoom, EnterOptions } from "../../src/sdk/chat-room.ts";
import type { RoomEvent } from "../../src/sdk/room-event.ts";
import type { Gap } from "../../src/sdk/room-stream.ts";
import { memoryStore } from "../../src/sdk/store.ts";
import { startNode, type ChatNode } from "../harness.ts";

const lobby = "open:lobby";
const fast = ["--open", "--messages-per-second", "1000000", "--messages-burst", "1000000"];
const clients: ChatClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

function clientOf(node: ChatNode, options: Partial<ChatClientOptions> = {}): ChatClient {
  const client = new ChatClient({ url: node.url, reconnect_ms: 30, ...options });
  clients.push(client);
  client.connect();
  return client;
}

/** All that an application gets of a room, and a way to wait for it. */
class Reader {
  readonly events: RoomEvent[] = [];
  readonly gaps: Gap[] = [];
  readonly ended = Promise.withResolvers<Error>();
  readonly #waiting: { readonly seq: number; readonly resolve: () => void }[] = [];

  async enter(room: ChatRoom, options: EnterOptions = {}): Promise<this> {
    await room.enter(
      {
        event: (event) => {
          this.events.push(event);
          for (const { seq, resolve } of this.#waiting) if (event.seq >= seq) resolve();
        },
        gap: (gap) => this.gaps.push(gap),
        ended: (error) => this.ended.resolve(error),
      },
      options,
    );
    return this;
  }

  get seqs(): number[] {
    return this.events.map(({ seq }) => seq);
  }

  async until(seq: number): Promise<void> {
    if ((this.events.at(-1)?.seq ?? 0) >= seq) return;
    await new Promise<void>((resolve) => this.#waiting.push({ seq, resolve }));
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function connected(client: ChatClient): Promise<void> {
  if (client.state.status === "connected") return;
  await new Promise<void>((resolve) => client.states.add(({ status }) => status === "connected" && resolve()));
}

test("every send resolves and every event comes once and in order, although the server is killed in the middle", async () => {
  await using node = await startNode({ args: fast });
  const [ada, bob] = [clientOf(node, { name: "Ada" }), clientOf(node, { name: "Bob" })];
  const readers = await Promise.all([ada, bob].map((client) => new Reader().enter(client.room(lobby))));
  const sends: Promise<{ seq: number; id: string }>[] = [];
  const write = (from: number, to: number): void => {
    for (const n of range(from, to)) {
      sends.push(ada.room(lobby).send({ text: `Ada ${n}` }), bob.room(lobby).send({ text: `Bob ${n}` }));
    }
  };
  for (const round of [0, 1, 2]) {
    write(round * 100 + 1, round * 100 + 60);
    await sends[round * 200 + 40];
    await node.kill();
    write(round * 100 + 61, round * 100 + 100);
    await node.restart();
  }
  const sent = await Promise.all(sends);
  expect(sent.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(range(1, 600));
  await Promise.all(readers.map((reader) => reader.until(600)));
  for (const { events, seqs } of readers) {
    expect(seqs).toEqual(range(1, 600));
    for (const name of ["Ada", "Bob"]) {
      const texts = events.map(({ data }) => (data as { text: string }).text).filter((text) => text.startsWith(name));
      expect(texts).toEqual(range(1, 300).map((n) => `${name} ${n}`));
    }
  }
  expect(readers[0]?.events.map(({ id }) => id)).toEqual(readers[1]?.events.map(({ id }) => id) ?? []);
});

test("a reload goes on after the last event that was handled, as the same guest", async () => {
  await using node = await startNode({ args: fast });
  const store = memoryStore();
  const writer = clientOf(node, { name: "Ada" });
  const before = clientOf(node, { name: "Bob", store });
  const reader = await new Reader().enter(before.room(lobby));
  for (const n of range(1, 5)) await writer.room(lobby).send({ text: `${n}` });
  await reader.until(5);
  const me = before.me;
  await before.close();

  for (const n of range(6, 400)) await writer.room(lobby).send({ text: `${n}` });
  const after = clientOf(node, { store });
  const again = await new Reader().enter(after.room(lobby));
  await again.until(400);
  expect([...reader.seqs, ...again.seqs]).toEqual(range(1, 400));
  expect(again.gaps).toEqual([]);
  expect(after.me).toEqual(me);
});

test("rooms that the server subscribes go on after a reload too", async () => {
  await using node = await startNode({ args: fast });
  const store = memoryStore();
  const ada = clientOf(node, { name: "Ada" });
  const bob = clientOf(node, { name: "Bob", store });
  const { id } = await ada.createRoom("Team");
  await bob.joinRoom(id);
  const reader = await new Reader().enter(bob.room(id));
  await ada.room(id).send({ text: "one" });
  await reader.until(3);
  await bob.close();
  for (const n of range(1, 50)) await ada.room(id).send({ text: `while away ${n}` });

  const back = clientOf(node, { store });
  const again = await new Reader().enter(back.room(id));
  await again.until(53);
  await ada.room(id).send({ text: "live" });
  await again.until(54);
  expect(again.seqs).toEqual(range(4, 54));
  await back.leaveRoom(id);
  expect(await again.ended.promise).toMatchObject({ code: "room_not_found" });
  const refused: unknown = await new Reader().enter(clientOf(node).room(id)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "room_not_found" });
});

test("what was written while the server was down is sent after a reload", async () => {
  await using node = await startNode({ args: fast });
  const store = memoryStore();
  const before = clientOf(node, { name: "Ada", store });
  await new Reader().enter(before.room(lobby));
  await node.kill();
  const lost = Promise.allSettled([
    before.room(lobby).send({ text: "first" }),
    before.room(lobby).send({ text: "second" }),
  ]);
  await before.close();
  expect((await lost).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await node.restart();

  const reader = await new Reader().enter(clientOf(node, { name: "Bob" }).room(lobby));
  const after = clientOf(node, { store });
  await reader.until(2);
  expect(reader.events.map(({ data }) => data)).toEqual([{ text: "first" }, { text: "second" }]);
  expect(reader.events.map(({ user }) => user)).toEqual([after.me?.id ?? "", after.me?.id ?? ""]);
});

test("who is further behind than the server recovers gets every event in pages", async () => {
  await using node = await startNode({ args: fast });
  const store = memoryStore();
  const before = clientOf(node, { store });
  const first = await new Reader().enter(before.room(lobby));
  await before.room(lobby).send({ text: "1" });
  await first.until(1);
  await before.close();

  const writers = range(1, 100).map((n) => ({ client: clientOf(node, { name: `Writer ${n % 4}` }), n }));
  await Promise.all(
    writers.map(async ({ client, n }) => {
      await connected(client);
      for (const at of range(1, 101)) await client.room(lobby).send({ text: `${n}/${at}` });
    }),
  );
  const top = 1 + 100 * 101;
  const after = clientOf(node, { store });
  const start = performance.now();
  const reader = await new Reader().enter(after.room(lobby));
  const live = writers[0]?.client.room(lobby).send({ text: "live, in the middle of it" });
  await reader.until(top + 1);
  console.log(`figure: ${top} events behind, read in pages in ${Math.round(performance.now() - start)} ms`);
  expect((await live)?.seq).toBe(top + 1);
  expect(reader.gaps).toEqual([{ reason: "far_behind", missed: top - 1 }]);
  expect(reader.seqs).toEqual(range(2, top + 1));
});

test("a database that was replaced is told, and the stream goes on in the new log", async () => {
  await using node = await startNode({ args: fast });
  const client = clientOf(node, { name: "Ada", store: memoryStore() });
  const reader = await new Reader().enter(client.room(lobby));
  for (const n of range(1, 3)) await client.room(lobby).send({ text: `${n}` });
  await reader.until(3);
  const epoch = client.room(lobby).position?.epoch;
  await node.kill();
  rmSync(node.data, { recursive: true });
  const sent = client.room(lobby).send({ text: "into the new log" });
  await node.restart();
  expect((await sent).seq).toBe(1);
  await reader.until(1);
  const gap = reader.gaps[0];
  expect(gap).toMatchObject({ reason: "another_log" });
  expect(client.room(lobby).position?.epoch).not.toBe(epoch as string);
  await client.room(lobby).send({ text: "live" });
  while (client.room(lobby).position?.seq !== 2) await connected(client).then(() => new Promise(setImmediate));
  expect(client.me?.name).toBe("Ada");
});

test("what the server refuses for good rejects with its code, and the next message goes out", async () => {
  await using node = await startNode({ args: fast });
  const client = clientOf(node);
  await new Reader().enter(client.room(lobby));
  const sends = [{ text: 5 }, { text: "fine" }, { text: "x".repeat(17_000) }, "x".repeat(70_000), { text: "last" }];
  const results = await Promise.allSettled(sends.map((data) => client.room(lobby).send(data)));
  expect(results).toMatchObject([
    { reason: { code: "bad_request" } },
    { value: { seq: 1 } },
    { reason: { code: "bad_request" } },
    { reason: { code: "too_large" } },
    { value: { seq: 2 } },
  ]);
});
