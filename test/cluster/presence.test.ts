/** Who is in a room, when its people are on several nodes. */

import { expect, test } from "bun:test";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { nodeOf, startCluster } from "./nodes.ts";

const channel = "open:here";

async function enter(address: { ws: string }, token?: string): Promise<RawClient> {
  const client = await connectRaw(address, token === undefined ? {} : { token });
  await client.subscribe(channel, { join_leave: true });
  return client;
}

interface Listed {
  readonly users: readonly { id: string; name: string }[];
  readonly count: number;
  readonly connections: number;
}

const list = (client: RawClient): Promise<Listed> => client.rpc<Listed>("presence.list", { room: channel });

test("everybody sees everybody, joins and leaves are told once, and a change of node is no news", async () => {
  await using cluster = await startCluster({ count: 3 });
  const a = await enter(nodeOf(cluster, 0));
  const b = await enter(nodeOf(cluster, 1));
  const watcher = await enter(nodeOf(cluster, 2));
  for (const client of [a, b, watcher])
    await eventually(async () => (await list(client)).count === 3, "three people at each node", 5_000);
  const listed = await list(watcher);
  expect(listed.connections).toBe(3);
  expect(listed.users.map(({ id }) => id).sort()).toEqual([a.user, b.user, watcher.user].sort());
  const reply = await a.request("presence", { channel });
  expect(
    Object.values(reply.presence?.presence ?? {})
      .map(({ user }) => user)
      .sort(),
  ).toEqual([a.user, b.user, watcher.user].sort());
  const { presence_stats } = await b.request("presence_stats", { channel });
  expect(presence_stats).toEqual({ num_clients: 3, num_users: 3 });
  // One of them is lost and comes back by another node.
  const token = a.connected?.data.token ?? "";
  const { user } = a;
  a.terminate();
  const again = await enter(nodeOf(cluster, 1), token);
  await eventually(async () => (await list(watcher)).connections === 3, "the change seen", 5_000);
  const c = await enter(nodeOf(cluster, 0));
  await watcher.next(({ push }) => push?.join?.info.user === c.user, "a join");
  // Meant to go: told to the others once it is certain that they did not only change the node.
  await c.close();
  await watcher.next(({ push }) => push?.leave?.info.user === c.user, "a leave");
  expect(watcher.waiting.filter(({ push }) => push?.leave?.info.user === user)).toEqual([]);
  expect((await list(watcher)).count).toBe(3);
  await eventually(async () => (await list(again)).count === 3, "the leave at the other node", 3_000);
  for (const client of [again, b, watcher]) await client.close();
});

test("the people of a node that dies are gone within 35 seconds, those of one that leaves at once", async () => {
  await using cluster = await startCluster({ count: 3 });
  const [a, b, c] = await Promise.all([0, 1, 2].map((at) => enter(nodeOf(cluster, at))));
  await eventually(async () => (await list(a as RawClient)).count === 3, "three people", 5_000);
  await nodeOf(cluster, 1).stop();
  const left_ms = performance.now();
  await eventually(async () => (await list(a as RawClient)).count === 2, "the people of the node that left", 8_000);
  const leaves_ms = performance.now() - left_ms;
  await nodeOf(cluster, 2).kill();
  const killed_ms = performance.now();
  await eventually(async () => (await list(a as RawClient)).count === 1, "the people of the node that died", 40_000);
  const dies_ms = performance.now() - killed_ms;
  console.log(
    `figure: presence of a node that left is gone after ${leaves_ms.toFixed(0)} ms, of one that died after ${dies_ms.toFixed(0)} ms (at most 35000)`,
  );
  expect(dies_ms).toBeLessThan(36_000);
  expect((await b?.closed)?.code).toBe(3001);
  await c?.closed;
  await a?.close();
}, 90_000);

test("who breaks off on a node is listed there until their leave is told, and no longer", async () => {
  await using cluster = await startCluster({ count: 1 });
  const watcher = await enter(nodeOf(cluster, 0));
  const lost = await enter(nodeOf(cluster, 0));
  expect((await list(watcher)).count).toBe(2);
  lost.terminate();
  await watcher.next(({ push }) => push?.leave?.info.user === lost.user, "a leave");
  expect(await list(watcher)).toMatchObject({ count: 1, users: [{ id: watcher.user }] });
  await watcher.close();
});
