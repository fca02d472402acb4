import { expect, test } from "bun:test";
import { connectSdk, enterRoom } from "../centrifuge.ts";
import { connectRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";

const lobby = "open:lobby";

test("presence lists connections, its counts tell connections from persons", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using ada = await connectRaw(node);
  const token = ada.connected?.data.token ?? "";
  await using phone = await connectRaw(node, { token });
  await using bob = await connectRaw(node);
  for (const client of [ada, phone, bob]) await client.subscribe(lobby);
  const { presence } = await bob.request("presence", { channel: lobby });
  const expected = [ada, phone, bob].map(({ user, connected }) => [String(connected?.client), user]);
  expect(Object.values(presence?.presence ?? {}).map(({ client, user }) => [client, user])).toEqual(expected);
  expect(Object.keys(presence?.presence ?? {})).toEqual(expected.map(([client]) => String(client)));
  const { presence_stats } = await bob.request("presence_stats", { channel: lobby });
  expect(presence_stats).toEqual({ num_clients: 3, num_users: 2 });
  await phone.close();
  const after = await bob.request("presence_stats", { channel: lobby });
  expect(after.presence_stats).toEqual({ num_clients: 2, num_users: 2 });
  const list = await bob.rpc<{ users: { id: string }[] }>("presence.list", { room: lobby });
  expect(list).toMatchObject({ count: 2, connections: 2 });
  expect(list.users.map(({ id }) => id)).toEqual([ada.user, bob.user]);
});

test("who comes and who goes is news to those who asked for it", async () => {
  await using node = await startNode({ args: ["--open"] });
  using sdk = await connectSdk(node, { data: {} });
  await using guest = await connectRaw(node);
  await using deaf = await connectRaw(node);
  await deaf.subscribe(lobby);
  const { subscription } = await enterRoom(sdk.client, lobby, { joinLeave: true });
  const joins: string[] = [];
  const { promise: joined, resolve } = Promise.withResolvers<void>();
  subscription.on("join", ({ info }) => {
    joins.push(info.user);
    if (joins.includes(guest.user)) resolve();
  });
  const left = new Promise<string>((tell) => subscription.once("leave", ({ info }) => tell(info.user)));
  await guest.subscribe(lobby);
  await within(joined, () => "the guest's join");
  await guest.request("unsubscribe", { channel: lobby });
  expect(await within(left, () => "a leave")).toBe(guest.user);
  await deaf.settled();
  expect(deaf.waiting).toEqual([]);
});

test("a reconnect within five seconds is no news, and who stays away has left", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using watcher = await connectRaw(node);
  await watcher.subscribe(lobby, { join_leave: true });
  await watcher.next(({ push }) => push?.join?.info.user === watcher.user, "one's own join");
  await using guest = await connectRaw(node);
  const token = guest.connected?.data.token ?? "";
  await guest.subscribe(lobby);
  await watcher.next(({ push }) => push?.join?.info.user === guest.user, "the guest's join");
  guest.terminate();
  await guest.closed;
  await using back = await connectRaw(node, { token });
  await back.subscribe(lobby);
  back.terminate();
  await back.closed;
  const broke_ms = performance.now();
  await watcher.next(({ push }) => push?.leave?.info.user === guest.user, "the guest's leave");
  // The first break was taken back by the return: one leave comes, and not before the time of grace is over.
  expect(performance.now() - broke_ms).toBeGreaterThan(4_500);
  await watcher.settled();
  expect(watcher.waiting).toEqual([]);
});
