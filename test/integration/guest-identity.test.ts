import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw, openRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";

test("a guest's token keeps the identity across connections and a restart of the server", async () => {
  await using node = await startNode({ args: ["--open"] });
  using first = await connectSdk(node, { data: { name: "Ada" } });
  const { user, token } = first.data;
  expect(user.name).toBe("Ada");
  expect(token).toStartWith("guest_");
  first.client.disconnect();

  await using again = await connectRaw(node, { token: token ?? "" });
  expect(again.connected?.data).toEqual({ user, epoch: first.data.epoch, token: token ?? "" });
  await node.restart();
  await using later = await connectRaw(node, { token: token ?? "", data: { name: "Ada Lovelace" } });
  expect(later.connected?.data.user).toEqual({ id: user.id, name: "Ada Lovelace" });
  expect(later.connected?.data.epoch).toBe(first.data.epoch);

  await using stranger = await connectRaw(node);
  expect(stranger.user).not.toBe(user.id);
});

test("the SDK comes back by itself after a restart, with the same connection object", async () => {
  await using node = await startNode({ args: ["--open"] });
  using guest = await connectSdk(node, { data: {} });
  guest.client.setToken(guest.data.token ?? "");
  const back = new Promise<string>((resolve) =>
    guest.client.once("connected", ({ data }) => resolve((data as { user: { id: string } }).user.id)),
  );
  await node.restart();
  expect(await within(back, () => "a reconnect")).toBe(guest.data.user.id);
});

test("a guest token that is not known here is told 101, and the socket may connect without one", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await openRaw(node);
  expect(await client.refusal("connect", { token: "guest_of_another_server" })).toMatchObject({ code: 101 });
  const { data } = await client.connect();
  expect(data.token).toStartWith("guest_");
});

test("without --open there are no guests", async () => {
  await using node = await startNode();
  await using client = await openRaw(node);
  expect(await client.refusal("connect", {})).toMatchObject({ code: 101 });
});

test("names are trimmed and composed, and those with hidden characters are refused", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node, { data: { name: "  Zoe\u0308  " } });
  expect(client.connected?.data.user.name).toBe("Zoë");
  for (const name of ["a\u0000b", "a\u202Eb", "\ud800", "  ", "x".repeat(61)]) {
    await using other = await openRaw(node);
    expect(await other.refusal("connect", { data: { name } })).toMatchObject({ code: 107 });
  }
});
