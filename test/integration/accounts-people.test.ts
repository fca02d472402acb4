/** Roles on the server, administrators' acts, and how they reach whoever is connected. */

import { expect, test } from "bun:test";
import { Browser, ownerToken, programSignIn } from "../accounts.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually, openRaw, within } from "../client.ts";
import { runConfab } from "../command.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";

interface Somebody {
  readonly browser: Browser;
  readonly id: string;
}

async function person(node: ChatNode, username: string, more: object = {}): Promise<Somebody> {
  const browser = new Browser(node);
  await browser.signUp(username, more);
  const { id } = await browser.ask<{ id: string }>("account.get");
  return { browser, id };
}

async function ownerOf(node: ChatNode): Promise<Somebody> {
  return await person(node, "olga", { invite: await ownerToken(node) });
}

test("whoever acts on somebody stands above them", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const olga = await ownerOf(node);
  const [ada, abe, bob] = [await person(node, "ada"), await person(node, "abe"), await person(node, "bob")];
  for (const { id } of [ada, abe]) await olga.browser.ask("user.role", { user: id, role: "administrator" });
  const status = async (who: Somebody, operation: string, body: object): Promise<number> =>
    (await who.browser.call(operation, body)).status;
  const acts = [
    ["user.disable", {}],
    ["user.sign_out", {}],
    ["user.reset_password", {}],
    ["user.role", { role: "member" }],
  ] as const;
  for (const [operation, body] of acts) {
    for (const target of [olga, abe, ada]) {
      const told = await status(ada, operation, { user: target.id, ...body });
      expect({ operation, target: target.id === ada.id, told }).toEqual({
        operation,
        target: target.id === ada.id,
        told: 403,
      });
    }
    expect(await status(bob, operation, { user: ada.id, ...body })).toBe(403);
  }
  expect(await status(ada, "user.role", { user: bob.id, role: "administrator" })).toBe(403);
  expect(await status(ada, "user.role", { user: bob.id, role: "owner" })).toBe(403);
  expect(await status(bob, "user.list", {})).toBe(403);
  expect(await status(ada, "user.sign_out", { user: bob.id })).toBe(200);
  expect(await status(olga, "user.role", { user: bob.id, role: "owner" })).toBe(200);
  const { users } = await olga.browser.ask<{ users: { username: string; role: string }[] }>("user.list");
  expect(users.map(({ username, role }) => `${username} ${role}`)).toEqual(
    "olga owner,ada administrator,abe administrator,bob owner".split(","),
  );
});

test("who has a new name is called so by every door, and at once", async () => {
  await using node = await startNode();
  const { browser } = await ownerOf(node);
  await using socket = await browser.connect({ data: { rooms: true } });
  const { id: room } = await browser.ask<{ id: string }>("room.create", { name: "Hall", kind: "public" });
  await socket.nextPush("subscribe", room);
  await browser.ask("account.update", { name: "Olga the First" });
  expect(await browser.ask("account.get")).toMatchObject({ name: "Olga the First" });
  expect(await socket.rpc("account.get", {})).toMatchObject({ name: "Olga the First" });
  const { users } = await browser.ask<{ users: { name: string }[] }>("presence.list", { room });
  expect(users.map(({ name }) => name)).toEqual(["Olga the First"]);
});

test("a user name that is another person's id leads to nobody else", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const olga = await ownerOf(node);
  const ada = await person(node, "ada");
  const eve = await person(node, ada.id);
  await olga.browser.ask("user.role", { user: ada.id, role: "administrator" });
  expect(await ada.browser.ask("account.get")).toMatchObject({ role: "administrator" });
  expect(await eve.browser.ask("account.get")).toMatchObject({ role: "member", username: ada.id });
});

test("a lost role counts on the connections that are there, within a second", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const olga = await ownerOf(node);
  const ada = await person(node, "ada");
  await using connected = await ada.browser.connect();
  expect(await connected.refusal("rpc", { method: "user.list", data: {} })).toMatchObject({ code: 103 });
  await olga.browser.ask("user.role", { user: ada.id, role: "administrator" });
  expect((await connected.rpc<{ users: unknown[] }>("user.list", {})).users).toHaveLength(2);
  await ada.browser.ask("user.list");
  await olga.browser.ask("user.role", { user: ada.id, role: "member" });
  expect(await connected.refusal("rpc", { method: "user.list", data: {} })).toMatchObject({ code: 103 });
  // What HTTP remembers of a token for a moment gives nothing back.
  expect((await ada.browser.call("user.list")).status).toBe(403);
  expect(await connected.refusal("rpc", { method: "user.list", data: {} })).toMatchObject({ code: 103 });
});

for (const gateways of ["1", "2"]) {
  test(`who is disabled is out at once, and in again when enabled, with ${gateways} gateway threads`, async () => {
    await using node = await startNode({ args: ["--sign-up", "open", "--gateways", gateways] });
    const olga = await ownerOf(node);
    const ada = await person(node, "ada");
    const token = await programSignIn(node, "ada");
    const sockets = await Promise.all(Array.from({ length: 6 }, () => connectRaw(node, { token })));
    const began = performance.now();
    await olga.browser.ask("user.disable", { user: ada.id });
    for (const socket of sockets)
      expect(await within(socket.closed, () => "the end", 2_000)).toMatchObject({ code: 3503 });
    expect(performance.now() - began).toBeLessThan(1_000);
    await using again = await openRaw(node);
    expect(await again.refusal("connect", { token })).toMatchObject({ code: 101 });
    expect((await post(node, "account.get", { token, body: {} })).status).toBe(401);
    expect((await new Browser(node).signIn("ada")).status).toBe(403);
    const enabled = await runConfab(["user", "enable", "--user", "ada", "--data", node.data]);
    expect(enabled).toMatchObject({ code: 0, output: "ada is enabled.\n" });
    expect((await new Browser(node).signIn("ada")).status).toBe(200);
    // The ended sign-ins stay ended.
    expect((await post(node, "account.get", { token, body: {} })).status).toBe(401);
  });

  test(`the command line reaches the connections of a running server, with ${gateways} gateway threads`, async () => {
    await using node = await startNode({ args: ["--sign-up", "open", "--gateways", gateways] });
    const ada = await person(node, "ada");
    const confab = (...args: string[]) => runConfab(["user", ...args, "--data", node.data]);
    const sockets = await Promise.all(Array.from({ length: 4 }, () => ada.browser.connect()));
    expect(await confab("role", "--user", "ada", "--role", "administrator")).toMatchObject({ code: 0, complaint: "" });
    for (const socket of sockets) {
      const may = async (): Promise<boolean> =>
        (await socket.request("rpc", { method: "user.list", data: {} })).error === undefined;
      await eventually(may, "the new role", 1_000);
    }
    expect(await confab("sign-out", "--user", "ada")).toMatchObject({ code: 0, output: "ada: 1 sign-ins ended.\n" });
    for (const socket of sockets)
      expect(await within(socket.closed, () => "the end", 2_000)).toMatchObject({ code: 3503 });
    const listed = await confab("list");
    expect(listed.output).toMatch(/ada\s+ada\s+administrator\s+local\s+enabled/);
  });
}

test("the command line makes accounts on a stopped server, and says what is wrong in a sentence", async () => {
  await using node = await startNode();
  await node.stop();
  const confab = (...args: string[]) => runConfab(["user", ...args, "--data", node.data]);
  const added = await confab("add", "--user", "Ada", "--name", "Ada L.", "--role", "owner");
  expect(added).toMatchObject({ code: 0, complaint: "" });
  expect(await confab("add", "--user", "ada")).toMatchObject({
    code: 1,
    complaint: "confab: the user name ada is taken.\n",
  });
  expect((await confab("role", "--user", "nobody", "--role", "member")).complaint).toContain("there is no person");
  expect(await confab("role", "--user", "ada", "--role", "king")).toMatchObject({ code: 2 });
  expect(await confab("lst")).toMatchObject({ code: 2 });
  expect((await confab("lst")).complaint).toContain("Did you mean list?");
  expect(await confab("add")).toMatchObject({ code: 2 });
  await node.restart();
  const token = added.output.trim().split("#reset=")[1] ?? "";
  const ada = new Browser(node);
  expect((await ada.post("reset-password", { token, newPassword: "correct horse battery" })).status).toBe(200);
  await ada.signIn("ada");
  expect(await ada.ask("account.get")).toMatchObject({ role: "owner", name: "Ada L." });
  const nowhere = await runConfab(["user", "list", "--data", `${node.data}-missing`]);
  expect(nowhere.complaint).toContain("There is no database in");
});

test("every administrative act is noted: who, what, whom, and where from", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const olga = await ownerOf(node);
  const ada = await person(node, "ada");
  const user = ada.id;
  await olga.browser.ask("user.role", { user, role: "administrator" });
  for (const act of ["user.disable", "user.enable", "user.sign_out", "user.reset_password"])
    await olga.browser.ask(act, { user });
  const bot = await olga.browser.ask("bot.create", { name: "Alarm" });
  const key = await olga.browser.ask("api_key.create", { name: "k", scopes: ["read"], bot: bot["id"] });
  await olga.browser.ask("api_key.revoke", { id: key["id"] });
  await runConfab(["user", "disable", "--user", "ada", "--data", node.data]);
  const rows = await withDatabase(node.data, async (db) => {
    const { rows: found } = await db.execute("SELECT actor, action, target, address FROM audit ORDER BY n");
    return found.map(({ actor, action, target, address }) => [actor, action, target, address]);
  });
  const here = "127.0.0.1";
  expect(rows).toEqual([
    [olga.id, "server.owner", `user:${olga.id}`, here],
    ...["user.role", "user.disable", "user.enable", "user.sign_out", "user.reset_password"].map((action) => {
      return [olga.id, action, `user:${user}`, here];
    }),
    ...["bot.create", "api_key.create", "api_key.revoke"].map((action) => {
      return [olga.id, action, `user:${String(bot["id"])}`, here];
    }),
    ["$cli", "user.disable", `user:${user}`, null],
  ]);
});

test("a sign-in that has come to its end closes its sockets within a second", async () => {
  await using node = await startNode({ args: ["--sign-up", "open"] });
  const ada = await person(node, "ada");
  await node.stop();
  const ends_ms = Date.now() + 6_000;
  await withDatabase(node.data, (db) =>
    db.execute({ sql: "UPDATE account_sessions SET expires_at = ?", args: [ends_ms] }),
  );
  await node.restart();
  await using connected = await ada.browser.connect();
  expect(connected.connected?.ttl).toBeUndefined();
  expect(await within(connected.closed, () => "the end", 10_000)).toMatchObject({ code: 3503 });
  expect(Date.now() - ends_ms).toBeLessThan(1_500);
  expect((await ada.browser.call("account.get")).status).toBe(401);
});
