/** Networks that nobody may come from, behind a proxy that says where people come from. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { connectRaw, eventually, RawClient } from "../client.ts";
import { post } from "../http-client.ts";
import { actsOf, startOwnedNode, type OwnedNode } from "../owned-node.ts";
import { connectPlain, refusedStatus } from "../plain-client.ts";
import { told } from "../room-people.ts";

let owned: OwnedNode;
beforeAll(async () => {
  owned = await startOwnedNode({ args: ["--open", "--trusted-proxies", "127.0.0.1,10.7.0.0/16"] });
});
afterAll(() => owned[Symbol.asyncDispose]());

type Bans = OutputOf<"address_ban.list">;
const listed = async (): Promise<Bans["bans"]> => (await owned.root.rpc<Bans>("address_ban.list", {})).bans;
beforeEach(async () => {
  for (const { id } of await listed()) await owned.root.rpc("address_ban.delete", { id });
});

const from = (address: string): Record<string, string> => ({ "x-forwarded-for": address });
const ban = (network: string, more: object = {}): Promise<OutputOf<"address_ban.create">> =>
  owned.root.rpc("address_ban.create", { network, ...more });

async function arriveFrom(address: string): Promise<RawClient> {
  const client = new RawClient(owned.node, { headers: from(address) });
  await client.opened;
  await client.connect();
  return client;
}

test("whoever comes from a banned network is refused at every door, with a clear answer", async () => {
  const { node } = owned;
  await ban("198.51.100.0/24", { reason: "spam" });
  await ban("2001:db8:1::/48");
  for (const address of ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8:1:ffff::5"]) {
    expect(await refusedStatus(`${node.url}/connection/websocket`, from(address))).toBe(403);
    expect(await refusedStatus(`${node.url}/`, from(address))).toBe(403);
    const answer = await post(node, "room.list", { headers: from(address), token: owned.token });
    expect([answer.status, (answer.json as { error: { code: string } }).error.code]).toEqual([403, "address_banned"]);
    const page = await fetch(node.url, { headers: from(address) });
    expect([page.status, await page.text()]).toEqual([403, "this server takes nothing from your address\n"]);
  }
  for (const address of ["198.51.101.7", "2001:db8:2::5"]) {
    await using client = await arriveFrom(address);
    expect(client.user).not.toBe("");
  }
  // What somebody claims left of the proxy's own word counts for nothing.
  expect((await fetch(node.url, { headers: from("198.51.100.7, 203.0.113.9") })).status).toBe(200);
  expect((await fetch(node.url, { headers: from("203.0.113.9, 198.51.100.7") })).status).toBe(403);
});

test("who is connected from there is sent away within a second, for good; nobody else is", async () => {
  await using one = await arriveFrom("203.0.113.4");
  await using other = await arriveFrom("203.0.114.4");
  await using plain = await connectPlain(`${owned.node.url}/?room=bans`, from("203.0.113.5"));
  const start_ms = performance.now();
  const { id, network } = await ban("203.0.113.77/24", { reason: "a flood" });
  expect(network).toBe("203.0.113.0/24");
  expect(await one.closed).toEqual({ code: 3510, reason: "this server takes nothing from your address" });
  expect((await plain.closed).code).toBe(3510);
  const took_ms = performance.now() - start_ms;
  console.log(`figure: a ban of a network closes its connections in ${took_ms.toFixed(0)} ms`);
  expect(took_ms).toBeLessThan(1_000);
  await other.settled();
  expect(await listed()).toMatchObject([{ id, reason: "a flood", created_by: { id: owned.root.user } }]);
  await owned.root.rpc("address_ban.delete", { id });
  await using back = await arriveFrom("203.0.113.4");
  expect(back.user).not.toBe("");
  expect((await actsOf(owned.root, 2)).map(({ action, target }) => [action, target])).toEqual([
    ["address_ban.delete", `address_ban:${id}`],
    ["address_ban.create", `address_ban:${id}`],
  ]);
});

test("a ban ends at its time", async () => {
  await ban("192.0.2.0/24", { expires_at: Date.now() + 500 });
  expect(await refusedStatus(`${owned.node.url}/`, from("192.0.2.1"))).toBe(403);
  await eventually(
    async () => (await fetch(owned.node.url, { headers: from("192.0.2.1") })).status === 200,
    "the end of the ban",
  );
  expect(await listed()).toEqual([]);
});

test("neither this machine, nor a trusted proxy, nor the one who bans can be banned", async () => {
  for (const network of [
    "127.0.0.1",
    "127.0.0.0/8",
    "0.0.0.0/0",
    "::/0",
    "::1",
    "10.7.3.0/24",
    "10.0.0.0/8",
    "nowhere",
  ])
    expect([network, await told(owned.root, "address_ban.create", { network })]).toEqual([network, "bad_request"]);
  const past = { network: "192.0.2.0/24", expires_at: 1 };
  expect(await told(owned.root, "address_ban.create", past)).toBe("bad_request");
  expect(await told(owned.root, "address_ban.delete", { id: "absent" })).toBe("not_found");
  await using away = new RawClient(owned.node, { headers: from("192.0.2.9") });
  await away.opened;
  await away.connect({ token: owned.token });
  expect(await told(away, "address_ban.create", { network: "192.0.2.0/28" })).toBe("bad_request");
  expect(await listed()).toEqual([]);
});

test("a network is banned once; the second time changes the ban, and it lives through a restart", async () => {
  const { node, root } = owned;
  const first = await ban("192.0.2.0/24", { reason: "one" });
  const second = await ban("192.0.2.128/24", { reason: "two" });
  expect([second.id, second.reason]).toEqual([first.id, "two"]);
  expect(await listed()).toHaveLength(1);
  await root.close();
  await node.stop();
  await node.restart();
  Object.assign(owned, { root: await connectRaw(node, { token: owned.token }) });
  expect(await refusedStatus(`${node.url}/`, from("192.0.2.1"))).toBe(403);
});
