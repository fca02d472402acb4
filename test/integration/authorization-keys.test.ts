/** A key is good for what its scopes say and no more, however it comes in. (T13) */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Browser, ownerToken } from "../accounts.ts";
import { connectRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { codeOf, told } from "../room-people.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
let root: Browser;
beforeAll(async () => {
  node = await startNode({ args: ["--open", "--sign-up", "open", ...unlimited] });
  root = new Browser(node);
  await root.signUp("root", { invite: await ownerToken(node) });
});
afterAll(() => node[Symbol.asyncDispose]());

async function keyOf(browser: Browser, ...scopes: string[]): Promise<string> {
  return (await browser.ask<{ key: string }>("api_key.create", { name: scopes.join(), scopes })).key;
}

test("a key that is good for writing only hears nothing, also of its person's rooms and line", async () => {
  const ada = new Browser(node);
  await ada.signUp("ada");
  const { id: room } = await ada.ask<{ id: string }>("room.create", { name: "Hall" });
  const token = await keyOf(ada, "write");
  await using page = await ada.connect({ data: { rooms: true } });
  await page.request("publish", { channel: room, data: { text: "a secret" } });
  await using writer = await connectRaw(node, { token, data: { rooms: true, positions: { [room]: 0 } } });
  expect(writer.connected?.subs).toEqual({});
  for (const channel of [room, `user:${writer.user}`])
    expect([channel, codeOf((await writer.request("subscribe", { channel })).error)]).toEqual([
      channel,
      "permission_denied",
    ]);
  const made = await writer.rpc<{ id: string }>("room.create", { name: "Another" });
  for (const channel of [room, made.id]) await page.request("publish", { channel, data: { text: "another" } });
  await page.untilSeq(made.id, 2);
  await writer.settled();
  expect(writer.waiting).toEqual([]);
  for (const channel of [room, made.id]) expect(writer.seqs(channel)).toEqual([]);
});

test("an administrator's key acts for the server only where it is good for that", async () => {
  await using owner = await connectRaw(node);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall", kind: "private" });
  const { seq } = await owner.rpc<{ seq: number }>("message.send", {
    room,
    id: Bun.randomUUIDv7(),
    data: { text: "x" },
  });
  await using modest = await connectRaw(node, { token: await keyOf(root, "read", "write", "moderate") });
  await using able = await connectRaw(node, { token: await keyOf(root, "read", "write", "moderate", "administer") });
  const asks: [string, object][] = [
    ["room.get", {}],
    ["room.update", { name: "x" }],
    ["member.mute", { user: owner.user, until: Date.now() + 60_000 }],
    ["invite.create", {}],
    ["message.delete", { seq }],
  ];
  for (const [method, data] of asks) {
    expect([method, await told(modest, method, { room, ...data })]).toEqual([method, "room_not_found"]);
    expect([method, await told(able, method, { room, ...data })]).toEqual([method, "ok"]);
  }
});
