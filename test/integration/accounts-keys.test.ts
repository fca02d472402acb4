/** Bots, and the keys with which programs come in. */

import { expect, test } from "bun:test";
import { Browser, ownerToken } from "../accounts.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, openRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { post } from "../http-client.ts";

interface Key {
  readonly id: string;
  readonly key: string;
}

test("a bot writes with a key that is good for writing, and for nothing else", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = new Browser(node);
  await ada.signUp("ada", { invite: await ownerToken(node) });
  const room = await ada.ask<{ id: string }>("room.create", { name: "Alarms", kind: "public" });
  const bot = await ada.ask<{ id: string }>("bot.create", { name: "Alarm", username: "alarm" });
  const made = { name: "writes", scopes: ["write"], bot: bot.id };
  const { key } = await ada.ask<Key>("api_key.create", made);
  const all = await ada.ask<Key>("api_key.create", { ...made, name: "all", scopes: ["read", "write"] });
  expect(key).toStartWith("key_");
  const call = async (operation: string, body: object, token = key): Promise<number> =>
    (await post(node, operation, { token, body })).status;
  expect(await call("room.join", { room: room.id })).toBe(200);
  const message = (): object => ({ room: room.id, id: Bun.randomUUIDv7(), data: { text: "smoke" } });
  expect(await call("message.send", message())).toBe(200);
  expect(await call("message.list", { room: room.id })).toBe(403);
  expect(await call("api_key.create", { name: "more", scopes: ["read"] })).toBe(403);
  expect(await call("user.list", {})).toBe(403);
  expect(await call("message.list", { room: room.id }, all.key)).toBe(200);

  await using socket = await connectRaw(node, { token: key });
  expect(socket.user).toBe(bot.id);
  expect(await socket.refusal("subscribe", { channel: room.id })).toMatchObject({ code: 103 });
  expect(await socket.refusal("history", { channel: room.id, limit: 1 })).toMatchObject({ code: 103 });
  expect((await socket.request("publish", { channel: room.id, data: { text: "fire" } })).error).toBeUndefined();
  await using reader = await connectRaw(node, { token: all.key });
  expect((await reader.request("subscribe", { channel: room.id })).error).toBeUndefined();
  const rows = await withDatabase(node.data, (db) => db.execute("SELECT * FROM api_keys"));
  expect(JSON.stringify(rows.rows)).not.toContain(key);
});

test("a revoked key closes what it was used for, and is refused", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [ada, bob] = [new Browser(node), new Browser(node)];
  await ada.signUp("ada");
  await bob.signUp("bob");
  const { key, id } = await ada.ask<Key>("api_key.create", { name: "mine", scopes: ["read", "administer"] });
  expect((await bob.call("api_key.revoke", { id })).status).toBe(400);
  await using socket = await connectRaw(node, { token: key });
  await using page = await ada.connect();
  // A key makes no better key than it is.
  expect((await post(node, "api_key.create", { token: key, body: { name: "w", scopes: ["write"] } })).status).toBe(403);
  expect((await post(node, "session.end", { token: key, body: {} })).status).toBe(501);
  await ada.ask("api_key.revoke", { id });
  expect(await within(socket.closed, () => "the key's end", 1_000)).toMatchObject({ code: 3503 });
  expect((await post(node, "account.get", { token: key, body: {} })).status).toBe(401);
  await using again = await openRaw(node);
  expect(await again.refusal("connect", { token: key })).toMatchObject({ code: 101 });
  expect((await page.request("ping", {})).error).toBeUndefined();
  expect(await ada.ask("api_key.list")).toEqual({ keys: [] });
});

test("whoever is not let in has no bots that are; let in again, each bot is for somebody to enable", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const [olga, ada] = [new Browser(node), new Browser(node)];
  await olga.signUp("olga", { invite: await ownerToken(node) });
  await ada.signUp("ada");
  const { id } = await ada.ask<{ id: string }>("account.get");
  await olga.ask("user.role", { user: id, role: "administrator" });
  const bot = await ada.ask<{ id: string }>("bot.create", { name: "Alarm" });
  const { key } = await ada.ask<Key>("api_key.create", { name: "rings", scopes: ["read", "write"], bot: bot.id });
  const status = async (): Promise<number> => (await post(node, "account.get", { token: key, body: {} })).status;
  await using socket = await connectRaw(node, { token: key });
  expect(await status()).toBe(200);
  await olga.ask("user.disable", { user: id });
  expect(await within(socket.closed, () => "the bot's end", 1_000)).toMatchObject({ code: 3503 });
  // What has just been asked is remembered, and known to have ended.
  expect([401, 403]).toContain(await status());
  await using again = await openRaw(node);
  expect(await again.refusal("connect", { token: key })).toMatchObject({ code: 103 });
  await olga.ask("user.enable", { user: id });
  expect([401, 403]).toContain(await status());
  await olga.ask("user.enable", { user: bot.id });
  expect(await status()).toBe(200);
});

test("a key ends when it was made to end, and guests get none", async () => {
  await using node = await startNode({ args: ["--sign-up", "open", "--open"] });
  const ada = new Browser(node);
  await ada.signUp("ada");
  const past = await ada.call("api_key.create", { name: "k", scopes: ["read"], expires_at: Date.now() - 1 });
  expect(past.status).toBe(400);
  const short = { name: "k", scopes: ["read"], expires_at: Date.now() + 2_500 };
  const { key } = await ada.ask<Key>("api_key.create", short);
  await using socket = await connectRaw(node, { token: key });
  expect(await within(socket.closed, () => "the key's end", 5_000)).toMatchObject({ code: 3503 });
  expect((await post(node, "account.get", { token: key, body: {} })).status).toBe(401);
  await using guest = await connectRaw(node);
  expect(await guest.refusal("rpc", { method: "api_key.create", data: { name: "k", scopes: ["read"] } })).toMatchObject(
    {
      code: 103,
    },
  );
  expect(await guest.refusal("rpc", { method: "bot.create", data: { name: "k" } })).toMatchObject({ code: 103 });
  expect(await guest.rpc<object>("account.get", {})).toMatchObject({ role: "guest", kind: "guest", username: null });
});
