/** What people are to each other when they are on several nodes: read marks, who is here, who is invisible. */

import { expect, test } from "bun:test";
import { uuidv7 } from "../../src/lib/ids.ts";
import type { ListedRoom } from "../../src/protocol/room-operations.ts";
import { eventually, type RawClient } from "../client.ts";
import { again, arrive, roomOf } from "../room-people.ts";
import { nodeOf, startCluster } from "./nodes.ts";

async function entry(client: RawClient, room: string): Promise<ListedRoom | undefined> {
  return (await client.rpc<{ rooms: ListedRoom[] }>("room.list", { rooms: [room] })).rooms[0];
}

async function present(client: RawClient, room: string): Promise<unknown[]> {
  const list = await client.rpc<{ users: { id: string }[]; count: number }>("presence.list", { room });
  const { presence } = await client.request("presence", { channel: room });
  const { presence_stats } = await client.request("presence_stats", { channel: room });
  const listed = new Set(Object.values(presence?.presence ?? {}).map(({ user }) => user));
  return [list.users.map(({ id }) => id).toSorted(), list.count, presence_stats?.num_users, [...listed].toSorted()];
}

async function statusOf(client: RawClient, user: string): Promise<string | undefined> {
  const { people } = await client.rpc<{ people: { status: string }[] }>("status.get", { ids: [user] });
  return people[0]?.status;
}

test("a read mark reaches a device at another node, which then counts the same", async () => {
  await using cluster = await startCluster({ count: 2 });
  const [one, two] = [nodeOf(cluster, 0), nodeOf(cluster, 1)];
  await using ada = await arrive(one);
  await using bob = await arrive(one);
  await using tablet = await again(two, bob, { data: { rooms: true } });
  const room = await roomOf(ada, [bob]);
  await tablet.nextPush("subscribe", room);
  for (let n = 0; n < 5; n++) await ada.rpc("message.send", { room, id: uuidv7(), data: { text: `${n}` } });
  expect(await entry(tablet, room)).toMatchObject({ unread: 5, last_message: { text: "4" } });
  await bob.rpc("read.mark", { room, seq: 5 });
  const line = `user:${bob.user}`;
  await tablet.next(
    ({ push, text }) => push?.channel === line && text.includes('"seq":5'),
    "the mark at the other node",
  );
  expect(await entry(tablet, room)).toMatchObject({ unread: 2, read_seq: 5 });
  // Typing crosses over as well.
  await using watcher = await again(two, ada, { data: { rooms: true } });
  await watcher.settled();
  bob.send(JSON.stringify({ send: { data: { type: "typing", room } } }));
  await watcher.next(
    ({ push, text }) => push?.message !== undefined && text.includes(bob.user),
    "typing at the other node",
  );
}, 60_000);

test("who is invisible is so at every node, who is here is so at every node, and a room's change is told there", async () => {
  await using cluster = await startCluster({ count: 2 });
  const [one, two] = [nodeOf(cluster, 0), nodeOf(cluster, 1)];
  await using ada = await arrive(one);
  await using bob = await arrive(one);
  await using phone = await again(two, bob, { data: { rooms: true } });
  await using cat = await arrive(two);
  const room = await roomOf(ada, [bob, cat]);
  const all = [ada.user, bob.user, cat.user].toSorted();
  for (const client of [ada, cat]) {
    await eventually(
      async () => Bun.deepEquals(await present(client, room), [all, 3, 3, all]),
      "three at each node",
      8_000,
    );
    for (const { user } of [ada, bob, cat])
      await eventually(async () => (await statusOf(client, user)) === "online", "each is here for each", 8_000);
  }
  await phone.rpc("status.set", { status: "invisible" });
  const others = [ada.user, cat.user].toSorted();
  for (const client of [ada, cat]) {
    await eventually(
      async () => Bun.deepEquals(await present(client, room), [others, 2, 2, others]),
      "two at each",
      8_000,
    );
    expect(await statusOf(client, bob.user)).toBe("offline");
    await client.next(({ push }) => push?.leave?.info.user === bob.user, "the leave");
  }
  // Another device of theirs, at either node, is not seen for a moment.
  for (const node of [one, two]) {
    await using tablet = await again(node, bob, { data: { rooms: true } });
    await tablet.settled();
    for (const client of [ada, cat]) expect(await present(client, room)).toEqual([others, 2, 2, others]);
  }
  await bob.rpc("status.set", { status: "away" });
  for (const client of [ada, cat]) {
    await client.next(({ push }) => push?.join?.info.user === bob.user, "the join of who is back");
    await eventually(async () => Bun.deepEquals(await present(client, room), [all, 3, 3, all]), "three again", 8_000);
    await eventually(async () => (await statusOf(client, bob.user)) === "away", "away at each node", 8_000);
  }
  // A client that has the line only, at the other node.
  await using line = await again(two, cat);
  await line.subscribe(`user:${cat.user}`);
  await ada.rpc("room.update", { room, name: "Other" });
  await line.next(
    ({ push, text }) => push?.channel === `user:${cat.user}` && text.includes('"type":"room"'),
    "the change",
  );
}, 90_000);
