/** Users of a host who come again are not looked up again: what was changed of them meanwhile counts all the same. */

import { expect, test } from "bun:test";
import { Browser, ownerToken } from "../accounts.ts";
import { connectRaw, openRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { jwtSecret, signed } from "../tokens.ts";

async function startWithOwner(): Promise<{ node: ChatNode; owner: Browser } & AsyncDisposable> {
  const node = await startNode({ args: ["--sign-up", "open"], env: { CONFAB_JWT_SECRET: jwtSecret } });
  const owner = new Browser(node);
  await owner.signUp("olga", { invite: await ownerToken(node) });
  return { node, owner, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

/** Comes and goes; their id and name. */
async function visit(node: ChatNode, token: string): Promise<{ id: string; name: string }> {
  await using client = await connectRaw(node, { token });
  return client.connected?.data.user ?? { id: "", name: "" };
}

test("who was disabled while away is refused, and let in again when enabled", async () => {
  await using server = await startWithOwner();
  const { node, owner } = server;
  const token = await signed({ sub: "ada" });
  const { id } = await visit(node, token);
  expect(await visit(node, token)).toMatchObject({ id });
  await owner.ask("user.disable", { user: id });
  {
    await using client = await openRaw(node);
    expect(await client.refusal("connect", { token })).toMatchObject({ code: 103 });
  }
  await owner.ask("user.enable", { user: id });
  expect(await visit(node, token)).toMatchObject({ id });
});

test("a role that was given while away counts at the next sign-in", async () => {
  await using server = await startWithOwner();
  const { node, owner } = server;
  const token = await signed({ sub: "ada" });
  const { id } = await visit(node, token);
  await owner.ask("user.role", { user: id, role: "administrator" });
  await using client = await connectRaw(node, { token });
  expect((await client.rpc<{ users: unknown[] }>("user.list", {})).users.length).toBeGreaterThan(1);
});

test("the name of the last token that named them is theirs", async () => {
  await using server = await startWithOwner();
  const { node } = server;
  const nameless = await signed({ sub: "ada" });
  const { id } = await visit(node, nameless);
  expect(await visit(node, await signed({ sub: "ada", info: { name: "Ada" } }))).toEqual({ id, name: "Ada" });
  expect(await visit(node, await signed({ sub: "ada", info: { name: "Lovelace" } }))).toEqual({ id, name: "Lovelace" });
  expect(await visit(node, nameless)).toEqual({ id, name: "Lovelace" });
});
