/** Finding rooms that anybody may join, and people who are no guests. */

import { expect, test } from "bun:test";
import type { ListedRoom } from "../../src/protocol/room-operations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, percentile, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { jwtSecret, signed } from "../tokens.ts";
import { unlimited } from "../writing.ts";

interface Page {
  readonly rooms: readonly ListedRoom[];
  readonly next: string | null;
}

async function found(client: RawClient, asked: object = {}): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const question = { scope: "public", ...asked, ...(after === undefined ? {} : { after }) };
    const page: Page = await client.rpc<Page>("room.list", question);
    names.push(...page.rooms.map(({ name }) => name));
    if (page.next === null) return names;
    after = page.next;
  }
}

test("public rooms are found by a part of their name or topic, the largest first", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node);
  await using bob = await connectRaw(node);
  const make = async (name: string, more: object = {}): Promise<string> =>
    (await ada.rpc<{ id: string }>("room.create", { name, ...more })).id;
  const tea = await make("Tea & cake");
  await make("100% tea", { topic: "An_other" });
  await make("Übergrößen", { topic: "Kleider für jeden" });
  await make("CAFÉ".normalize("NFD"));
  await make("News", { kind: "broadcast", topic: "of the tea house" });
  await make("Secret tea", { kind: "private" });
  const closed = await make("Closed tea");
  await ada.rpc("room.close", { room: closed });
  const gone = await make("Gone tea");
  await ada.rpc("room.delete", { room: gone });
  await bob.rpc("room.join", { room: tea });
  const all = await found(bob);
  expect(all[0]).toBe("Tea & cake");
  expect(all.toSorted()).toEqual(["100% tea", "CAFÉ", "News", "Tea & cake", "Übergrößen"].toSorted());
  expect((await found(bob, { query: "TEA", limit: 1 })).toSorted()).toEqual(["100% tea", "News", "Tea & cake"]);
  expect(await found(bob, { query: "%" })).toEqual(["100% tea"]);
  expect(await found(bob, { query: "_" })).toEqual(["100% tea"]);
  expect(await found(bob, { query: "\\" })).toEqual([]);
  expect(await found(bob, { query: "übERgrö" })).toEqual(["Übergrößen"]);
  expect(await found(bob, { query: "FÜR J" })).toEqual(["Übergrößen"]);
  expect(await found(bob, { query: "café" })).toEqual(["CAFÉ"]);
  expect(await found(bob, { query: "xber" })).toEqual([]);
  const { rooms } = await bob.rpc<Page>("room.list", { scope: "public", query: "cake" });
  expect(rooms).toMatchObject([{ id: tea, role: "member", members: 2, unread: 0, last_message: null }]);
  // Whoever is banned does not find it.
  await ada.rpc("member.ban", { room: tea, user: bob.user });
  expect(await found(bob, { query: "cake" })).toEqual([]);
  const odd = [{ query: "x" }, { scope: "public", rooms: [tea] }, { scope: "public", after: "1" }, { after: tea }];
  for (const data of odd) expect(await bob.refusal("rpc", { method: "room.list", data })).toMatchObject({ code: 107 });
});

test("rooms that one was asked into are listed until one has answered", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await connectRaw(node);
  await using bob = await connectRaw(node);
  const ids: string[] = [];
  for (const name of ["one", "two", "three", "four", "five"]) {
    const { id } = await ada.rpc<{ id: string }>("room.create", { name, kind: "private" });
    await ada.rpc("member.invite", { room: id, user: bob.user });
    ids.push(id);
  }
  const [one = "", two = "", three = ""] = ids;
  expect((await found(bob, { scope: "invited", limit: 2 })).toSorted()).toEqual([
    "five",
    "four",
    "one",
    "three",
    "two",
  ]);
  expect(await found(ada, { scope: "invited" })).toEqual([]);
  await bob.rpc("room.join", { room: one });
  await bob.rpc("room.leave", { room: two });
  await ada.rpc("member.remove", { room: three, user: bob.user });
  expect((await found(bob, { scope: "invited" })).toSorted()).toEqual(["five", "four"]);
  const { rooms } = await bob.rpc<Page>("room.list", { scope: "invited" });
  expect(rooms[0]).toMatchObject({ role: null, visible_from: null, last_message: null, unread: 0 });
});

test("a page of 10,000 public rooms is quick, searched or not", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await node.stop();
  await withDatabase(node.data, (client) =>
    client.executeMultiple(`
      WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < 10000)
      INSERT INTO rooms (id, kind, name, topic, last_seq, last_at, created_at, members)
        SELECT substr('00000000000000000000' || n, -20), 'public', 'Room ' || n, 'topic of ' || n, 1, n, 1, n % 777 FROM k;`),
  );
  await node.restart();
  await using client = await connectRaw(node);
  const took: number[] = [];
  for (let n = 0; n < 20; n++) {
    const start = performance.now();
    const page = await client.rpc<Page>("room.list", { scope: "public", ...(n % 2 === 0 ? {} : { query: "ROOM 99" }) });
    took.push(performance.now() - start);
    expect(page.rooms).toHaveLength(100);
  }
  console.log(`figure: a page of 10,000 public rooms: ${percentile(took, 0.5).toFixed(1)} ms (p50)`);
  const seen = new Set(await found(client, { limit: 500 }));
  expect(seen.size).toBe(10_000);
});

const subjectOf = (name: string): string => `sub-${name}`;

async function connectAs(node: ChatNode, name: string): Promise<void> {
  await (await connectRaw(node, { token: await signed({ sub: subjectOf(name) }) })).close();
}

test("people are found by how their name begins, guests are not, and guests do not look", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited], env: { CONFAB_JWT_SECRET: jwtSecret } });
  await using guest = await connectRaw(node, { data: { name: "Anna Guest" } });
  const names = ["Anna", "annabel", "Özgür", "Bob", "An%"];
  const token = await signed({ sub: "caller" });
  for (const name of names) await connectAs(node, name);
  await (await connectRaw(node, { token })).close();
  await node.stop();
  // A host's users have the names that the host gives; how it does is not what this is about.
  await withDatabase(node.data, async (client) => {
    for (const name of names)
      await client.execute({ sql: "UPDATE users SET name = ? WHERE subject = ?", args: [name, subjectOf(name)] });
    await client.execute("UPDATE users SET username = 'robert' WHERE name = 'Bob'");
  });
  await node.restart();
  const find = async (query: string): Promise<string[]> => {
    const { json } = await post(node, "user.find", { token, body: { query } });
    return (json as { users: { name: string }[] }).users.map(({ name }) => name);
  };
  expect(await find("an")).toEqual(["An%", "Anna", "annabel"]);
  expect(await find("ANNA")).toEqual(["Anna", "annabel"]);
  expect(await find("öz")).toEqual(["Özgür"]);
  expect(await find("an%")).toEqual(["An%"]);
  expect(await find("ROB")).toEqual(["Bob"]);
  expect(await find("nna")).toEqual([]);
  // The server's own users, with which it looks after itself, are nobody's company.
  expect(await find("canary")).toEqual([]);
  const refused = await post(node, "user.find", { token: guest.connected?.data.token ?? "", body: { query: "an" } });
  expect(refused.status).toBe(403);
});
