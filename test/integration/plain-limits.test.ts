/** What the naive door does not let pass. It has no errors: a close code tells. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Browser, ownerToken } from "../accounts.ts";
import { connectRaw, eventually, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { connectPlain, refusedStatus } from "../plain-client.ts";

let node: ChatNode;

beforeAll(async () => {
  node = await startNode({ args: ["--open", "--allowed-origins", "https://app.example"] });
});

afterAll(() => node[Symbol.asyncDispose]());

test("a text of 16 KiB passes; one byte more ends the connection with 1009", async () => {
  await using client = await connectPlain(`${node.url}/?room=sizes`);
  client.say("é".repeat(8 * 1024));
  expect((await client.hear(1))[0]?.length).toBe(8 * 1024);
  client.say(`${"é".repeat(8 * 1024)}x`);
  expect((await client.closed).code).toBe(1009);
});

test("a binary frame ends the connection with 3501, and nothing of it is stored", async () => {
  await using client = await connectPlain(`${node.url}/?room=binary`);
  client.say(new Uint8Array([104, 105]));
  expect((await client.closed).code).toBe(3501);
});

test("who sends faster than allowed is told by 3013, and what went before is stored", async () => {
  await using client = await connectPlain(`${node.url}/?room=fast`);
  for (let n = 0; n < 400; n++) client.say(`${n}`);
  expect((await client.closed).code).toBe(3013);
  await using reader = await connectRaw(node);
  const { events } = await reader.rpc<{ events: { data: { text: string } }[] }>("message.list", {
    room: "open:fast",
    limit: 1000,
  });
  expect(events.length).toBeGreaterThanOrEqual(100);
  expect(events.map(({ data }) => data.text)).toEqual(events.map((_, n) => `${n}`));
});

test("only pages of this host, of a listed origin or from a disk come in, and programs", async () => {
  const { host } = new URL(node.url);
  // As the tutorials have it: the page from a web server on the same host, the socket on another port.
  const neighbours = ["http://127.0.0.1", "http://127.0.0.1:3000", "http://localhost:8080", "http://[::1]"];
  for (const origin of [`http://${host}`, "null", "https://app.example", ...neighbours]) {
    await using client = await connectPlain(`${node.url}/?room=origins`, { origin });
    client.say(origin);
    expect((await client.hear(1)).length).toBe(1);
  }
  for (const origin of [
    "https://evil.example",
    `http://${host}.evil.example`,
    `http://evil.example/${host}`,
    "https://app.example.evil.example",
    "https://notapp.example",
    "http://app.example",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1@evil.example",
    "http://localhost:8080/",
    "file://localhost",
    "localhost",
    "",
  ]) {
    expect(await refusedStatus(`${node.url}/`, { origin })).toBe(403);
  }
});

test("behind a public URL the pages of its host come in, and the Host that a client names does not count", async () => {
  await using proxied = await startNode({ args: ["--open", "--public-url", "https://chat.example"] });
  const status = (origin: string, host: string): Promise<number> => refusedStatus(`${proxied.url}/`, { origin, host });
  expect(await status("https://chat.example", "127.0.0.1")).toBe(101);
  expect(await status("http://chat.example:8080", "127.0.0.1")).toBe(101);
  expect(await status("https://evil.example", "evil.example")).toBe(403);
  expect(await status("http://localhost", "localhost")).toBe(403);
});

test("names of rooms and persons that are none are refused at the handshake", async () => {
  for (const query of ["room=", "room=a/b", `room=${"a".repeat(65)}`, "room=%00", "name=", `name=${"a".repeat(61)}`]) {
    expect(await refusedStatus(`${node.url}/?${query}`)).toBe(400);
  }
  expect(await refusedStatus(`${node.url}/?name=%E2%80%AEevil`)).toBe(400);
});

test("an address has no more connections than it may, however many come at once into a room that is new", async () => {
  await using small = await startNode({ args: ["--open", "--connections-per-address-max", "5"] });
  const coming = Array.from({ length: 40 }, () => connectPlain(`${small.url}/?room=new`));
  const come = (await Promise.allSettled(coming)).flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(come.length).toBe(5);
  await come[0]?.[Symbol.asyncDispose]();
  await eventually(async () => (await refusedStatus(`${small.url}/?room=new`)) === 101, "room for another one");
});

test("a name that an administrator has disabled says nothing more, and comes in no more", async () => {
  await using own = await startNode({ args: ["--open"] });
  const owner = new Browser(own);
  await owner.signUp("olga", { invite: await ownerToken(own) });
  await using bob = await connectPlain(`${own.url}/?name=bob`);
  await using ada = await connectPlain(`${own.url}/?name=ada`);
  bob.say("one");
  await ada.hear(1);
  const { users } = await owner.ask<{ users: { id: string; name: string }[] }>("user.list");
  const user = users.find(({ name }) => name === "bob")?.id ?? "";
  await owner.ask("user.disable", { user });
  bob.say("two");
  expect((await within(bob.closed, () => "the end of the connection", 2_000)).code).toBe(3503);
  expect(await refusedStatus(`${own.url}/?name=bob`)).toBe(403);
  ada.say("three");
  expect(await ada.hear(2)).toEqual(["one", "three"]);
  await owner.ask("user.enable", { user });
  expect(await refusedStatus(`${own.url}/?name=bob`)).toBe(101);
});

test("each kind of end is a line of the log", async () => {
  const kinds = (): Set<unknown> =>
    new Set(
      node.logs
        .filter(({ event, door }) => event === "connection_ended" && door === "plain")
        .map((line) => line["kind"]),
    );
  {
    await using gone = await connectPlain(`${node.url}/?room=ends`);
    gone.say("bye");
    await gone.hear(1);
  }
  await eventually(
    () => ["too_large", "bad_request", "too_many_requests", "lost"].every((kind) => kinds().has(kind)),
    "a line for each kind of end",
  );
});
