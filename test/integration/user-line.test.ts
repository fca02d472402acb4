/** A person's own line: what concerns them, whichever rooms a connection is subscribed to. */

import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { unlimited } from "../writing.ts";

/** The next piece of news on the person's line. */
async function news(client: RawClient): Promise<unknown> {
  const channel = `user:${client.user}`;
  const { pub } = (await client.nextPush("pub", channel)) as { pub?: { data?: unknown; offset?: number } };
  expect(pub?.offset).toBeUndefined();
  return pub?.data;
}

test("it tells of one's own places: invited, joined, another role, muted, removed", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node);
  await using bob = await connectRaw(node);
  // Only the line, and no room.
  await bob.subscribe(`user:${bob.user}`);
  const { id: room } = await ada.rpc<{ id: string }>("room.create", { name: "Line", kind: "private" });
  await ada.rpc("member.invite", { room, user: bob.user });
  expect(await news(bob)).toEqual({ type: "invited", room });
  await bob.rpc("room.join", { room });
  expect(await news(bob)).toEqual({ type: "joined", room });
  await ada.rpc("member.role", { room, user: bob.user, role: "moderator" });
  expect(await news(bob)).toEqual({ type: "room", room });
  await ada.rpc("member.mute", { room, user: bob.user, until: Date.now() + 60_000 });
  expect(await news(bob)).toEqual({ type: "room", room });
  await ada.rpc("member.remove", { room, user: bob.user });
  expect(await news(bob)).toEqual({ type: "left", room });
  await ada.rpc("member.ban", { room, user: bob.user });
  expect(await news(bob)).toEqual({ type: "left", room });
  await ada.rpc("room.update", { room, name: "Without Bob" });
  await bob.settled();
  await bob.rpc("room.create", { name: "His own" });
  expect(await news(bob)).toMatchObject({ type: "joined" });
  expect(bob.waiting.filter(({ push }) => push?.channel === `user:${bob.user}`)).toEqual([]);
});

test("it tells members of a changed, closed and deleted room who have not subscribed to it, and nobody else", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node, { data: { rooms: true } });
  await using bob = await connectRaw(node);
  await using cat = await connectRaw(node);
  const { id: room } = await ada.rpc<{ id: string }>("room.create", { name: "Before" });
  await bob.rpc("room.join", { room });
  for (const client of [bob, cat]) await client.subscribe(`user:${client.user}`);
  await ada.rpc("room.update", { room, name: "After" });
  expect(await news(bob)).toEqual({ type: "room", room });
  expect(await bob.rpc("room.get", { room })).toMatchObject({ name: "After" });
  await ada.rpc("room.close", { room });
  expect(await news(bob)).toEqual({ type: "room", room });
  await ada.rpc("room.delete", { room });
  expect(await news(bob)).toEqual({ type: "room", room });
  expect(await bob.refusal("rpc", { method: "room.get", data: { room } })).toMatchObject({ code: 102 });
  await cat.settled();
  expect(cat.waiting).toEqual([]);
});

test("the unmodified SDK hands its news to the application, and typing as a message, and no position moves", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  using sdk = await connectSdk(node, { data: { rooms: true } });
  const { client } = sdk;
  const got: unknown[] = [];
  const told = Promise.withResolvers<unknown>();
  client.on("publication", ({ channel, data, offset }) => {
    if (channel.startsWith("user:")) got.push([data, offset]);
  });
  client.on("message", ({ data }) => told.resolve(data));
  await using bob = await connectRaw(node, { data: { rooms: true } });
  const room = ((await client.rpc("room.create", { name: "SDK" })).data as { id: string }).id;
  await bob.rpc("room.join", { room });
  bob.send(JSON.stringify({ send: { data: { type: "typing", room } } }));
  expect(await told.promise).toEqual({ type: "typing", room, users: [bob.user] });
  expect(got).toEqual([[{ type: "joined", room }, undefined]]);
  await client.send({ type: "typing", room });
  await bob.next(({ push }) => push?.message !== undefined, "the SDK's typing");
});
