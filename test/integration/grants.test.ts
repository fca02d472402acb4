import { expect, test } from "bun:test";
import { connectSdk, enterRoom } from "../centrifuge.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { jwtSecret, signed } from "../tokens.ts";

const env = { CONFAB_JWT_SECRET: jwtSecret };

test("a token's channels let its bearer read a private room and see who is there, not write or be a member", async () => {
  await using node = await startNode({ env });
  await using owner = await connectRaw(node, { token: await signed({ sub: "owner" }), data: { rooms: true } });
  const room = await owner.rpc<{ id: string }>("room.create", { name: "Board", kind: "private" });
  await owner.request("publish", { channel: room.id, data: { text: "before" } });

  const token = await signed({ sub: "auditor", channels: [room.id, "aaaaaaaaaaaaaaaaaaaa"] });
  await using granted = await connectRaw(node, { token });
  expect(Object.keys(granted.connected?.subs ?? {})).toEqual([room.id]);
  await owner.request("publish", { channel: room.id, data: { text: "live" } });
  await granted.untilSeq(room.id, 3);
  const { history } = await granted.request("history", { channel: room.id, limit: 10 });
  expect(history?.publications.map(({ offset }) => offset)).toEqual([1, 2, 3]);
  expect(await granted.refusal("publish", { channel: room.id, data: {} })).toMatchObject({ code: 102 });
  expect(await granted.rpc<{ role: unknown }>("room.get", { room: room.id })).toMatchObject({ role: null });
  const mine = await granted.rpc<{ rooms: unknown[] }>("room.list", {});
  expect(mine.rooms).toEqual([]);

  await using stranger = await connectRaw(node, { token: await signed({ sub: "stranger" }) });
  expect(await stranger.refusal("subscribe", { channel: room.id })).toMatchObject({ code: 102 });
});

test("a token's info is what others see in presence, as it was signed", async () => {
  await using node = await startNode({ env });
  const info = { name: "Ada", avatar: "https://example.com/a.png", deep: { list: [1, null, "ü"] } };
  await using owner = await connectRaw(node, { token: await signed({ sub: "ada", info }), data: { rooms: true } });
  const room = await owner.rpc<{ id: string }>("room.create", { name: "Hall" });
  using sdk = await connectSdk(node, { token: await signed({ sub: "bob" }) });
  await sdk.client.rpc("room.join", { room: room.id });
  const { subscription } = await enterRoom(sdk.client, room.id);
  const { clients } = await subscription.presence();
  const byUser = new Map(Object.values(clients).map((client) => [client.user, client]));
  expect(byUser.get(owner.user)).toMatchObject({ client: owner.connected?.client, connInfo: info });
  expect(byUser.get(sdk.data.user.id)).toMatchObject({ user: sdk.data.user.id });
  expect(byUser.size).toBe(2);
});
