/** Accounts on two nodes of one libSQL server: what is changed on one counts on the other. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Browser, ownerToken, password, programSignIn } from "../accounts.ts";
import { connectRaw, eventually, openRaw, within } from "../client.ts";
import { post } from "../http-client.ts";
import { nodeOf, startCluster, type TestCluster } from "./nodes.ts";

let cluster: TestCluster;
let olga: Browser;
beforeAll(async () => {
  cluster = await startCluster({ count: 2, args: ["--sign-up", "open"] });
  olga = new Browser(nodeOf(cluster, 0));
  // The second node to start has replaced the first one's link.
  await olga.signUp("olga", { invite: await ownerToken(nodeOf(cluster, 1)) });
});
afterAll(() => cluster[Symbol.asyncDispose]());

const at = (place: number) => nodeOf(cluster, place);

test("an account made on one node signs in on the other, with the same second factor secret and cookie", async () => {
  const ada = new Browser(at(0));
  await ada.signUp("ada");
  const there = new Browser(at(1));
  expect((await there.signIn("ada")).status).toBe(200);
  const carried = new Browser(at(1));
  for (const [name, value] of ada.cookies) carried.cookies.set(name, value);
  expect((await carried.call("account.get")).status).toBe(200);
  // What better-auth itself reads from the cookie is signed with a secret that both have.
  const changed = await carried.post("change-password", { currentPassword: password, newPassword: `${password}!` });
  expect(changed.status).toBe(200);
});

test("who signs out, is disabled or loses a role on one node is out, or may no more, on the other within a second", async () => {
  const bob = new Browser(at(0));
  await bob.signUp("bob");
  const { id } = await bob.ask<{ id: string }>("account.get");
  const tokens = await Promise.all([programSignIn(at(0), "bob"), programSignIn(at(1), "bob")]);
  await using here = await connectRaw(at(0), { token: tokens[0] });
  await using there = await connectRaw(at(1), { token: tokens[0] });
  await using other = await connectRaw(at(1), { token: tokens[1] });

  await olga.ask("user.role", { user: id, role: "administrator" });
  const may = async (): Promise<boolean> =>
    (await other.request("rpc", { method: "user.list", data: { limit: 1 } })).error === undefined;
  await eventually(may, "the role on the other node", 1_000);
  await olga.ask("user.role", { user: id, role: "member" });
  await eventually(async () => !(await may()), "its loss on the other node", 1_000);

  await post(at(0), "session.end", { token: tokens[0], body: {} });
  for (const ended of [here, there])
    expect(await within(ended.closed, () => "the end of a sign-in", 1_000)).toMatchObject({ code: 3503 });
  expect((await other.request("ping", {})).error).toBeUndefined();

  await olga.ask("user.disable", { user: id });
  expect(await within(other.closed, () => "the end of an account", 1_000)).toMatchObject({ code: 3503 });
  for (const place of [0, 1]) {
    await using again = await openRaw(at(place));
    expect(await again.refusal("connect", { token: tokens[1] })).toMatchObject({ code: 101 });
  }
});

test("a revoked key is out on the other node within a second", async () => {
  const { id, key } = await olga.ask<{ id: string; key: string }>("api_key.create", { name: "k", scopes: ["read"] });
  await using there = await connectRaw(at(1), { token: key });
  await olga.ask("api_key.revoke", { id });
  expect(await within(there.closed, () => "the end of a key", 1_000)).toMatchObject({ code: 3503 });
});
