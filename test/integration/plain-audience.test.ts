/** Who hears what at the naive door. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { connectPlain } from "../plain-client.ts";

let node: ChatNode;

beforeAll(async () => {
  node = await startNode({ args: ["--open", "--listen", "0,0"] });
});

afterAll(() => node[Symbol.asyncDispose]());

describe("the naive door", () => {
  test("brings a text to everybody in the lobby, its sender too, as Swoole and Workerman do", async () => {
    await using first = await connectPlain(node.url);
    await using second = await connectPlain(`${node.url}/`);
    first.say("hello world");
    expect(await second.hear(1)).toEqual(["hello world"]);
    second.say("hello yourself");
    expect(await first.hear(2)).toEqual(["hello world", "hello yourself"]);
    expect(await second.hear(2)).toEqual(["hello world", "hello yourself"]);
  });

  test("brings a text to everybody but its sender with echo=0, as Ratchet does, in one order for all", async () => {
    await using first = await connectPlain(`${node.url}/?room=ratchet&echo=0`);
    await using second = await connectPlain(`${node.url}/?room=ratchet&echo=0`);
    await using witness = await connectPlain(`${node.url}/?room=ratchet`);
    for (let n = 0; n < 50; n++) {
      first.say(`first ${n}`);
      second.say(`second ${n}`);
    }
    const all = await witness.hear(100);
    expect(await first.hear(50)).toEqual(all.filter((text) => text.startsWith("second")));
    expect(await second.hear(50)).toEqual(all.filter((text) => text.startsWith("first")));
  });

  test("leaves out the sender only, not another connection of the same name", async () => {
    await using first = await connectPlain(`${node.url}/?room=namesakes&echo=0&name=Kim`);
    await using second = await connectPlain(`${node.url}/?room=namesakes&echo=0&name=Kim`);
    first.say("is that me?");
    expect(await second.hear(1)).toEqual(["is that me?"]);
    second.say("no");
    expect(await first.hear(1)).toEqual(["no"]);
  });

  test("keeps rooms apart", async () => {
    await using here = await connectPlain(`${node.url}/?room=here`);
    await using there = await connectPlain(`${node.url}/?room=there`);
    here.say("in here");
    there.say("over there");
    expect(await here.hear(1)).toEqual(["in here"]);
    expect(await there.hear(1)).toEqual(["over there"]);
  });

  test("escapes what a page would take for markup, unless raw=1", async () => {
    await using escaped = await connectPlain(`${node.url}/?room=markup`);
    await using raw = await connectPlain(`${node.url}/?room=markup&raw=1`);
    const text = `<img src=x onerror="alert(1)"> &lt; 'quoted' 日本 🎈`;
    raw.say(text);
    expect(await raw.hear(1)).toEqual([text]);
    expect(await escaped.hear(1)).toEqual([`&lt;img src=x onerror="alert(1)"&gt; &amp;lt; 'quoted' 日本 🎈`]);
  });

  test("hears what comes by every port, and every port hears it", async () => {
    const started = node.logs.find(({ event }) => event === "listening");
    const ports = (started?.["ports"] ?? []) as number[];
    const [first, second, third] = ports.map((port) => `http://127.0.0.1:${port}`);
    await using one = await connectPlain(`${first}/?room=ports`);
    await using two = await connectPlain(`${second}/?room=ports&echo=0`);
    await using three = await connectPlain(`${third}/?room=ports`);
    two.say("by the second");
    one.say("by the first");
    const texts = await three.hear(2);
    expect([...texts].sort()).toEqual(["by the first", "by the second"]);
    expect(await one.hear(2)).toEqual(texts);
    expect(await two.hear(1)).toEqual(["by the first"]);
  });
});

describe("a room with both kinds of clients", () => {
  test("has the same messages in the same order for both, stored and numbered", async () => {
    await using naive = await connectPlain(`${node.url}/?room=both&name=Nell`);
    await using client = await connectRaw(node);
    const start = await client.subscribe("open:both");
    naive.say("from a naive one");
    await client.untilSeq("open:both", (start.offset ?? 0) + 1);
    await client.request("publish", { channel: "open:both", data: { text: "from a <good> one", mood: "fine" } });
    await client.request("publish", { channel: "open:both", data: { moved: [1, 2] } });
    await client.request("publish", { channel: "open:both", data: "text alone is no chat message" });
    naive.say("the last");
    expect(await naive.hear(3)).toEqual(["from a naive one", "from a &lt;good&gt; one", "the last"]);
    const listed = await client.rpc<{
      events: { data: unknown; info: { user: string } }[];
      users: { id: string; name: string }[];
    }>("message.list", { room: "open:both" });
    expect(listed.events.map(({ data }) => data)).toEqual([
      { text: "from a naive one" },
      { text: "from a <good> one", mood: "fine" },
      { moved: [1, 2] },
      "text alone is no chat message",
      { text: "the last" },
    ]);
    const author = listed.users.find(({ id }) => id === listed.events[0]?.info.user);
    expect(author?.name).toBe("Nell");
    expect(client.seqs("open:both")).toEqual([1, 2, 3, 4, 5]);
  });

  test("keeps a room that only naive clients are in, and its messages after they have gone", async () => {
    {
      await using alone = await connectPlain(`${node.url}/?room=kept`);
      alone.say("remember me");
      await alone.hear(1);
    }
    await using client = await connectRaw(node);
    const { offset } = await client.subscribe("open:kept");
    expect(offset).toBe(1);
  });
});

test("what a program says and hangs up at once is stored, in a room that nobody else is in", async () => {
  await using own = await startNode({ args: ["--open"] });
  for (let n = 0; n < 10; n++) {
    const client = await connectPlain(`${own.url}/?room=brief-${n}`);
    client.say("hello world");
    client.hangUp();
    await client.closed;
  }
  await using reader = await connectRaw(own);
  for (let n = 0; n < 10; n++) {
    await reader.subscribe(`open:brief-${n}`, { recover: true, offset: 0 });
    await reader.untilSeq(`open:brief-${n}`, 1);
  }
});

test("messages of naive clients are there after a crash", async () => {
  await using own = await startNode({ args: ["--open"] });
  await using naive = await connectPlain(own.url);
  for (let n = 0; n < 20; n++) naive.say(`line ${n}`);
  await naive.hear(20);
  await own.restart();
  await using client = await connectRaw(own);
  const { events } = await client.rpc<{ events: { data: { text: string } }[] }>("message.list", { room: "open:lobby" });
  expect(events.map(({ data }) => data.text)).toEqual(Array.from({ length: 20 }, (_, n) => `line ${n}`));
});
