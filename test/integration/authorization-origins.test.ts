/** Where a cookie signs in, the Origin says whose page it is: every operation, and the socket. (T13) */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { operationShapes, type OperationName } from "../../src/protocol/operations.ts";
import { Browser, ownerToken } from "../accounts.ts";
import { connectRaw, RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { connectPlain } from "../plain-client.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
let browser: Browser;
beforeAll(async () => {
  node = await startNode({ args: ["--sign-up", "open", ...unlimited] });
  browser = new Browser(node);
  await browser.signUp("ada", { invite: await ownerToken(node) });
});
afterAll(() => node[Symbol.asyncDispose]());

const names = Object.keys(operationShapes) as OperationName[];

/** What a page of somebody else would send, and what no page sends. */
function strangers(): Record<string, string | undefined> {
  const { host, port } = new URL(node.url);
  return {
    none: undefined,
    other: "https://evil.example",
    null: "null",
    empty: "",
    suffix: `${node.url}.evil.example`,
    prefix: `http://evil-${host}`,
    port: `http://127.0.0.1:${Number(port) + 1}`,
    scheme: node.url.replace("http:", "https:"),
    user: `http://${host}@evil.example`,
    path: `${node.url}/`,
    case: `HTTP://${host}`,
    two: `${node.url} https://evil.example`,
  };
}

test("a cookie from another page is nobody, whatever the operation", async () => {
  const cookie = browser.headers["cookie"] ?? "";
  const wrong: string[] = [];
  for (const [how, origin] of Object.entries(strangers())) {
    for (const name of names) {
      const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
      const { status, json } = await post(node, name, { body: {}, headers });
      const code = (json as { error?: { code: string } }).error?.code;
      if (status !== 401 || code !== "unauthorized") wrong.push(`${name} with ${how}: ${status} ${code}`);
    }
  }
  expect(wrong).toEqual([]);
  expect((await browser.call("account.get")).status).toBe(200);
});

test("a token needs no Origin, and a cookie beside it adds nothing", async () => {
  const guest = "guest_0123456789";
  const headers = { cookie: browser.headers["cookie"] ?? "", origin: node.url };
  expect((await post(node, "account.get", { token: guest, body: {}, headers })).status).toBe(401);
});

test("a socket from another page is not opened, and one without an Origin is nobody", async () => {
  const cookie = browser.headers["cookie"] ?? "";
  for (const [how, origin] of Object.entries(strangers())) {
    const socket = new RawClient(node, { headers: { cookie, ...(origin === undefined ? {} : { origin }) } });
    const opened = await socket.opened.then(
      () => true,
      () => false,
    );
    if (!opened) continue;
    const { error, connect } = await socket.request("connect", {});
    expect([how, connect, error?.code]).toEqual([how, undefined, 101]);
    await socket.close();
  }
  await using page = await browser.connect();
  expect(page.user).not.toBe("");
});

test("a session's token in the address is no sign-in", async () => {
  const [, token = ""] = /confab\.session_token=([^;.]+)/.exec(browser.headers["cookie"] ?? "") ?? [];
  expect(token.length).toBeGreaterThan(20);
  for (const query of [`token=${token}`, `access_token=${token}`, `session=${token}`]) {
    const { status } = await post(node, `account.get?${query}`, { body: {} });
    expect(status).toBe(401);
    const socket = new RawClient({ ws: `${node.ws}?${query}` });
    await socket.opened;
    expect((await socket.request("connect", {})).error?.code).toBe(101);
    await socket.close();
  }
});

test("the naive door leads into open rooms only, whatever room it is asked for", async () => {
  await using own = await startNode({ args: ["--open", ...unlimited] });
  await using owner = await connectRaw(own);
  const { id: room } = await owner.rpc<{ id: string }>("room.create", { name: "Hall", kind: "public" });
  await using plain = await connectPlain(`${own.url}/?room=${room}`);
  plain.say("from outside");
  await plain.hear(1);
  await owner.request("publish", { channel: room, data: { text: "from inside" } });
  const { events } = await owner.rpc<{ events: { data: unknown }[] }>("message.list", { room });
  expect(events.map(({ data }) => data)).toEqual([{ user: owner.user, role: "owner" }, { text: "from inside" }]);
  plain.say("again");
  expect(await plain.hear(2)).toEqual(["from outside", "again"]);
});
