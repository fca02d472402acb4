import { expect, test } from "bun:test";
import { connectSdk, enterRoom } from "../centrifuge.ts";
import { connectRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";

const lobby = "open:lobby";

test("two applications with the unmodified SDK write to each other", async () => {
  await using node = await startNode({ args: ["--open"] });
  using ada = await connectSdk(node, { data: { name: "Ada" } });
  using bob = await connectSdk(node, { data: { name: "Bob" } });
  const adas = await enterRoom(ada.client, lobby);
  const bobs = await enterRoom(bob.client, lobby);
  await adas.subscription.publish({ text: "hello" });
  await bobs.subscription.publish({ text: "hello Ada" });
  await bob.client.publish(lobby, ["anything", { that: "is JSON" }]);
  await using witness = await connectRaw(node);
  await witness.subscribe(lobby, { recover: true, offset: 0 });
  const expected = witness.log(lobby).map(({ data, seq }) => ({ data: JSON.parse(data) as unknown, offset: seq }));
  expect(expected.map(({ data }) => data)).toEqual([
    { text: "hello" },
    { text: "hello Ada" },
    ["anything", { that: "is JSON" }],
  ]);
  for (const { publications } of [adas, bobs]) {
    expect(publications.map(({ data, offset }) => ({ data: data as unknown, offset: offset ?? 0 }))).toEqual(expected);
  }
  const [first] = bobs.publications;
  expect(first?.info?.user).toBe(ada.data.user.id);
  expect(first?.tags?.["id"]).toMatch(/^[0-9a-f-]{36}$/);
  expect(Number(first?.tags?.["at"])).toBeGreaterThan(1_700_000_000_000);
});

test("who has unsubscribed gets nothing more, and may come again", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node);
  await using reader = await connectRaw(node);
  await writer.subscribe(lobby);
  await reader.subscribe(lobby);
  await writer.request("publish", { channel: lobby, data: 1 });
  await reader.untilSeq(lobby, 1);
  expect((await reader.request("unsubscribe", { channel: lobby })).unsubscribe).toEqual({});
  await writer.request("publish", { channel: lobby, data: 2 });
  await reader.settled();
  expect(reader.seqs(lobby)).toEqual([1]);
  expect(await reader.subscribe(lobby)).toMatchObject({ offset: 2 });
  await writer.request("publish", { channel: lobby, data: 3 });
  await reader.untilSeq(lobby, 3);
  expect(reader.seqs(lobby)).toEqual([1, 3]);
  // Unsubscribing from what one has not is no error: it may have been taken a moment ago.
  expect((await reader.request("unsubscribe", { channel: "open:nowhere" })).unsubscribe).toEqual({});
});

test("subscribing to what the connection has is told 105, whoever subscribed it and however fast it comes", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node, { data: { rooms: true } });
  const room = await client.rpc<{ id: string }>("room.create", { name: "Mine" });
  await client.nextPush("subscribe", room.id);
  expect(await client.refusal("subscribe", { channel: room.id })).toMatchObject({ code: 105 });
  expect(await client.refusal("subscribe", { channel: `user:${client.user}` })).toMatchObject({ code: 105 });
  const twice = [client.command("subscribe", { channel: lobby }), client.command("subscribe", { channel: lobby })];
  client.send(twice.map(({ text }) => text).join("\n"));
  const replies = await Promise.all(twice.map(({ reply }) => reply));
  expect(replies.map(({ error }) => error?.code)).toEqual([undefined, 105]);
  expect(await client.refusal("subscribe", { channel: lobby })).toMatchObject({ code: 105 });
});

test("a person's own line is theirs alone", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using ada = await connectRaw(node);
  await using bob = await connectRaw(node);
  expect((await ada.request("subscribe", { channel: `user:${ada.user}` })).subscribe).toEqual({});
  expect(await ada.refusal("subscribe", { channel: `user:${bob.user}` })).toMatchObject({ code: 102 });
});

test("an unsubscribe in the frame of its subscribe wins", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node);
  await using client = await connectRaw(node);
  await writer.subscribe(lobby);
  const both = [client.command("subscribe", { channel: lobby }), client.command("unsubscribe", { channel: lobby })];
  client.send(both.map(({ text }) => text).join("\n"));
  await Promise.all(both.map(({ reply }) => reply));
  await writer.request("publish", { channel: lobby, data: 1 });
  await client.settled();
  expect(client.seqs(lobby)).toEqual([]);
  expect(await writer.request("presence_stats", { channel: lobby })).toMatchObject({
    presence_stats: { num_clients: 1, num_users: 1 },
  });
});

test("an application that subscribes, unsubscribes and subscribes in one go ends up subscribed, without a hole", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using writer = await connectRaw(node);
  await writer.subscribe(lobby);
  const raw = await connectRaw(node);
  const frame = ["subscribe", "unsubscribe", "subscribe"].map((method) => raw.command(method, { channel: lobby }));
  raw.send(frame.map(({ text }) => text).join("\n"));
  const [first, , last] = await Promise.all(frame.map(({ reply }) => reply));
  expect(last?.subscribe?.offset).toBe(0);
  // The first one's answer may be an error, but none that ends the subscription that came after it.
  if (first?.error !== undefined) expect(first.error.temporary).toBe(true);
  await writer.request("publish", { channel: lobby, data: 1 });
  await raw.untilSeq(lobby, 1);

  // As React's strict mode does with every component.
  using sdk = await connectSdk(node, { data: {} });
  const subscription = sdk.client.newSubscription(lobby);
  const seen: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  subscription.on("publication", ({ data }) => {
    seen.push(data);
    resolve();
  });
  subscription.subscribe();
  subscription.unsubscribe();
  subscription.subscribe();
  await subscription.ready(5_000);
  await writer.request("publish", { channel: lobby, data: 2 });
  await within(promise, () => "a publication");
  expect(seen).toEqual([2]);
});

test("names of open rooms are bounded in their letters and in number", async () => {
  await using node = await startNode({ args: ["--open", "--open-rooms-per-address-max", "3"] });
  await using client = await connectRaw(node);
  for (const channel of ["open:", "open: x", "open:a/b", "open:a\u202Eb", `open:${"x".repeat(65)}`, "open:e\u0301"]) {
    const { error } = await client.request("subscribe", { channel });
    expect([channel, error?.code]).toEqual([channel, 102]);
  }
  for (const channel of ["open:Zoë", "open:部屋", "open:a-b_c.d"]) await client.subscribe(channel);
  expect(await client.refusal("subscribe", { channel: "open:fourth" })).toMatchObject({ code: 106 });
  await using other = await connectRaw(node);
  await other.subscribe("open:部屋");
});

test("without --open there are no open rooms", async () => {
  const { jwtSecret, signed } = await import("../tokens.ts");
  await using node = await startNode({ env: { CONFAB_JWT_SECRET: jwtSecret } });
  await using client = await connectRaw(node, { token: await signed({ sub: "a" }) });
  for (const method of ["subscribe", "presence", "history"]) {
    expect(await client.refusal(method, { channel: lobby })).toMatchObject({ code: 102 });
  }
  expect(await client.refusal("publish", { channel: lobby, data: 1 })).toMatchObject({ code: 102 });
});
