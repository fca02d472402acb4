/** What people are shown as: several devices are one person, and who is invisible is not here. */

import { expect, test } from "bun:test";
import { connectRaw, eventually, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { again, arrive, roomOf } from "../room-people.ts";
import { unlimited } from "../writing.ts";

interface PersonStatus {
  readonly user: string;
  readonly status: string;
  readonly text: string;
  readonly last_seen: number | null;
}

async function statusOf(client: RawClient, user: string): Promise<Omit<PersonStatus, "user">> {
  const { people } = await client.rpc<{ people: PersonStatus[] }>("status.get", { ids: [user] });
  if (people[0] === undefined) throw new Error("Expected somebody");
  const { user: _, ...status } = people[0];
  return status;
}

async function present(client: RawClient, room: string) {
  const list = await client.rpc<{ users: { id: string }[]; count: number; connections: number }>("presence.list", {
    room,
  });
  const { presence } = await client.request("presence", { channel: room });
  const { presence_stats } = await client.request("presence_stats", { channel: room });
  return {
    users: list.users.map(({ id }) => id).toSorted(),
    counts: [list.count, presence_stats?.num_users],
    connections: [list.connections, presence_stats?.num_clients, Object.keys(presence?.presence ?? {}).length],
  };
}

test("here, away, busy, gone: with words, and when somebody was last here unless they hide it", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node);
  const bob = await connectRaw(node);
  const phone = await again(node, bob);
  expect(await statusOf(ada, bob.user)).toEqual({ status: "online", text: "", last_seen: null });
  const set = await bob.rpc("status.set", { status: "away", text: " at lunch " });
  expect(set).toEqual({ status: "away", text: "at lunch", hide_last_seen: false });
  expect(await statusOf(ada, bob.user)).toEqual({ status: "away", text: "at lunch", last_seen: null });
  await bob.rpc("status.set", { status: "busy" });
  expect(await statusOf(ada, bob.user)).toEqual({ status: "busy", text: "at lunch", last_seen: null });
  await bob.close();
  expect(await statusOf(ada, bob.user)).toMatchObject({ status: "busy" });
  const before = Date.now();
  await phone.close();
  await eventually(async () => (await statusOf(ada, bob.user)).status === "offline", "nobody's device is here");
  await eventually(async () => ((await statusOf(ada, bob.user)).last_seen ?? 0) >= before, "when they were last here");
  await using back = await again(node, bob);
  expect(await statusOf(ada, bob.user)).toMatchObject({ status: "busy", last_seen: null });
  await back.rpc("status.set", { status: "", text: "", hide_last_seen: true });
  await back.close();
  await eventually(async () => (await statusOf(ada, bob.user)).status === "offline", "gone again");
  expect(await statusOf(ada, bob.user)).toEqual({ status: "offline", text: "", last_seen: null });
  const odd = [{}, { status: "asleep" }, { status: "", text: "x".repeat(101) }, { status: "", text: "a\u202eb" }];
  for (const data of odd) expect(await ada.refusal("rpc", { method: "status.set", data })).toMatchObject({ code: 107 });
  expect(await ada.rpc<object>("status.get", { ids: ["nobody"] })).toEqual({ people: [] });
}, 40_000);

test("who becomes invisible leaves the lists, the counts and the news, on all devices, and comes back", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await arrive(node);
  await using bob = await arrive(node);
  await using phone = await again(node, bob, { data: { rooms: true } });
  const room = await roomOf(ada, [bob]);
  const both = [ada.user, bob.user].toSorted();
  expect(await present(ada, room)).toEqual({ users: both, counts: [2, 2], connections: [3, 3, 3] });
  await ada.next(({ push }) => push?.join?.info.user === bob.user, "the join");
  await bob.rpc("status.set", { status: "invisible", text: "hush" });
  const alone = { users: [ada.user], counts: [1, 1], connections: [1, 1, 1] };
  expect(await present(ada, room)).toEqual(alone);
  await ada.next(({ push }) => push?.leave?.info.user === bob.user, "the leave");
  expect(await statusOf(ada, bob.user)).toEqual({ status: "offline", text: "", last_seen: null });
  expect(await statusOf(bob, bob.user)).toEqual({ status: "invisible", text: "hush", last_seen: null });
  const { members } = await ada.rpc<{ members: { online: boolean }[] }>("member.list", { room });
  expect(members.map(({ online }) => online)).toEqual([true, false]);
  // Coming and going is no news either, and typing is none.
  await using tablet = await again(node, bob, { data: { rooms: true } });
  await tablet.close();
  bob.send(JSON.stringify({ send: { data: { type: "typing", room } } }));
  await bob.settled();
  expect(await present(ada, room)).toEqual(alone);
  await using cat = await arrive(node);
  await cat.rpc("room.join", { room });
  await ada.next(({ push }) => push?.join?.info.user === cat.user, "somebody else's join");
  const spoken = ada.waiting.filter(
    ({ push, text }) => (push?.join ?? push?.leave ?? push?.message) !== undefined && text.includes(bob.user),
  );
  expect(spoken).toEqual([]);
  await phone.rpc("status.set", { status: "" });
  await ada.next(({ push }) => push?.join?.info.user === bob.user, "the join of who is back");
  expect((await present(ada, room)).users).toEqual([...both, cat.user].toSorted());
});

test("who comes as an invisible one was never seen", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await arrive(node);
  const bob = await arrive(node);
  const room = await roomOf(ada, [bob]);
  await bob.rpc("status.set", { status: "invisible" });
  await bob.close();
  await node.restart();
  await using later = await arrive(node, { token: ada.connected?.data.token ?? "" });
  await using back = await arrive(node, { token: bob.connected?.data.token ?? "" });
  await back.settled();
  expect(await present(later, room)).toEqual({ users: [ada.user], counts: [1, 1], connections: [1, 1, 1] });
  await using cat = await arrive(node);
  await cat.rpc("room.join", { room });
  await later.next(({ push }) => push?.join?.info.user === cat.user, "somebody's join");
  expect(later.waiting.filter(({ push }) => push?.join?.info.user === bob.user)).toEqual([]);
});

test("another status is told to those who share a room, as a message and not in the log", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await arrive(node);
  await using bob = await arrive(node);
  await using stranger = await arrive(node);
  const room = await roomOf(ada, [bob]);
  const { last_seq } = await ada.rpc<{ last_seq: number }>("room.get", { room });
  await bob.rpc("status.set", { status: "busy", text: "writing" });
  const { text } = await ada.next(({ push }) => push?.message !== undefined, "the status");
  const news = { type: "status", room, user: bob.user, status: "busy", text: "writing" };
  expect(JSON.parse(text)).toEqual({ push: { message: { data: news } } });
  await bob.rpc("status.set", { status: "", text: "" });
  await ada.next(({ text: all }) => all.includes('"status":"online"'), "nothing in particular");
  expect(await ada.rpc("room.get", { room })).toMatchObject({ last_seq });
  await stranger.settled();
  expect(stranger.waiting.filter(({ push }) => push?.message !== undefined)).toEqual([]);
});
