/** Limits by address, behind a trusted proxy too. */

import { expect, test } from "bun:test";
import { connectRaw, openRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { connectPlain, refusedStatus } from "../plain-client.ts";
import { jwtSecret, signed } from "../tokens.ts";

const proxied = ["--open", "--trusted-proxies", "127.0.0.1"];

function upgrade(node: ChatNode, address: string): Promise<number> {
  return refusedStatus(`${node.url}/connection/websocket`, { "x-forwarded-for": address });
}

test("connections are counted by the client's address and not by the proxy's, over all doors", async () => {
  await using node = await startNode({ args: [...proxied, "--connections-per-address-max", "2"] });
  const headers = { "x-forwarded-for": "203.0.113.9, 198.51.100.7" };
  await using _socket = await openRaw(node, { headers });
  await using _naive = await connectPlain(node.url, headers);
  expect(await upgrade(node, "198.51.100.7")).toBe(429);
  expect(await refusedStatus(`${node.url}/`, headers)).toBe(429);
  await using _other = await openRaw(node, { headers: { "x-forwarded-for": "203.0.113.9" } });
  // Whoever has one address of an IPv6 network has all of its lower 64 bits.
  await using _one = await openRaw(node, { headers: { "x-forwarded-for": "2001:db8::1" } });
  await using _two = await openRaw(node, { headers: { "x-forwarded-for": "2001:db8::2:2" } });
  expect(await upgrade(node, "2001:db8::3:3:3")).toBe(429);
});

test("without a trusted proxy a client cannot choose its address", async () => {
  await using node = await startNode({ args: ["--open", "--connections-per-address-max", "1"] });
  await using _socket = await openRaw(node, { headers: { "x-forwarded-for": "198.51.100.7" } });
  expect(await upgrade(node, "203.0.113.9")).toBe(429);
});

test("an address makes so many new guests in an hour, and keeps those it has", async () => {
  await using node = await startNode({ args: [...proxied, "--guests-per-address-max", "2"] });
  const headers = { "x-forwarded-for": "198.51.100.7" };
  await using first = await openRaw(node, { headers });
  const { data } = await first.connect();
  await using second = await openRaw(node, { headers });
  await second.connect();
  await using third = await openRaw(node, { headers });
  expect(await third.refusal("connect", {})).toMatchObject({ code: 111, temporary: true });
  expect((await third.connect({ token: data.token ?? "" })).data.user.id).toBe(data.user.id);
  expect(await refusedStatus(`${node.url}/?name=newcomer`, headers)).toBe(429);
  await using elsewhere = await openRaw(node, { headers: { "x-forwarded-for": "203.0.113.9" } });
  await elsewhere.connect();
});

test("all users of an address share what it may send, over all doors", async () => {
  await using node = await startNode({
    args: [
      ...proxied,
      "--messages-per-second-per-address",
      "1",
      "--messages-per-second",
      "10",
      "--messages-burst",
      "200",
    ],
    env: { CONFAB_JWT_SECRET: jwtSecret },
  });
  const headers = { "x-forwarded-for": "198.51.100.7" };
  await using naive = await connectPlain(node.url, headers);
  const message = () => ({ room: "open:lobby", id: Bun.randomUUIDv7(), data: { text: "hi" } });
  const refused: number[] = [];
  for (const sub of ["ann", "ben"]) {
    const token = await signed({ sub });
    for (let n = 0; n < 16; n++) {
      const { status } = await post(node, "message.send", { token, body: message(), headers });
      if (status === 429) refused.push(n);
    }
  }
  expect(refused.length).toBeWithin(8, 13);
  for (let n = 0; n < 10; n++) naive.say("hi");
  expect((await naive.closed).code).toBe(3013);
  const elsewhere = {
    token: await signed({ sub: "ann" }),
    body: message(),
    headers: { "x-forwarded-for": "203.0.113.9" },
  };
  expect((await post(node, "message.send", elsewhere)).status).toBe(200);
});

test("an address that tries one bad token after another is not listened to for a while", async () => {
  await using node = await startNode({ args: proxied, env: { CONFAB_JWT_SECRET: jwtSecret } });
  const headers = { "x-forwarded-for": "198.51.100.7" };
  const forged = await signed({ sub: "ann" }, "another secret of more than 32 characters");
  const statuses: number[] = [];
  for (let n = 0; n < 200; n++) {
    statuses.push((await post(node, "room.list", { token: `${forged}${n}`, body: {}, headers })).status);
  }
  expect(statuses.slice(0, 100).every((status) => status === 401)).toBe(true);
  expect(statuses.at(-1)).toBe(429);
  const honest = await signed({ sub: "ann" });
  expect((await post(node, "room.list", { token: honest, body: {} })).status).toBe(200);
});

test("one user has so many connections, from wherever they come", async () => {
  await using node = await startNode({
    args: ["--connections-per-user-max", "2"],
    env: { CONFAB_JWT_SECRET: jwtSecret },
  });
  const token = await signed({ sub: "ann" });
  await using _first = await connectRaw(node, { token });
  await using _second = await connectRaw(node, { token });
  await using third = await openRaw(node);
  third.send(JSON.stringify({ id: 1, connect: { token } }));
  expect((await third.closed).code).toBe(3504);
  await using _other = await connectRaw(node, { token: await signed({ sub: "ben" }) });
});
