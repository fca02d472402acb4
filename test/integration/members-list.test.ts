/** Lists of members: who is here, who is more than a member, who is called so; cheap in a room of 100,000. */

import { expect, test } from "bun:test";
import { withDatabase } from "../checker.ts";
import { connectRaw, eventually, percentile, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { arrive, roomOf } from "../room-people.ts";
import { unlimited } from "../writing.ts";

interface Member {
  readonly user: { readonly id: string; readonly name: string };
  readonly role: string;
  readonly online: boolean;
}
interface Page {
  readonly members: readonly Member[];
  readonly count: number;
  readonly next: string | null;
}

const list = (client: RawClient, room: string, asked: object = {}): Promise<Page> =>
  client.rpc<Page>("member.list", { room, ...asked });

async function all(client: RawClient, room: string, asked: object): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  for (let [after, pages] = [undefined as string | undefined, 1]; ; pages++) {
    const page = await list(client, room, { ...asked, ...(after === undefined ? {} : { after }) });
    names.push(...page.members.map(({ user }) => user.name));
    if (page.next === null) return { names, pages };
    after = page.next;
  }
}

test("members are listed with who is here, by whatever room, and by role and name", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using ada = await arrive(node, { data: { name: "Ada", rooms: true } });
  // Bob's connection is not in the room; he is here all the same.
  await using bob = await connectRaw(node, { data: { name: "Bob" } });
  const cat = await arrive(node, { data: { name: "Çağla", rooms: true } });
  const room = await roomOf(ada, [bob, cat]);
  await ada.rpc("member.role", { room, user: cat.user, role: "moderator" });
  const shown = async (asked: object = {}): Promise<[string, boolean][]> =>
    (await list(bob, room, asked)).members.map(({ user, online }) => [user.name, online]);
  expect(await shown()).toEqual([
    ["Ada", true],
    ["Bob", true],
    ["Çağla", true],
  ]);
  expect(await shown({ role: "moderator" })).toEqual([["Çağla", true]]);
  expect(await shown({ role: "owner" })).toEqual([["Ada", true]]);
  expect(await shown({ role: "member" })).toEqual([["Bob", true]]);
  expect(await shown({ query: "ÇAĞ" })).toEqual([["Çağla", true]]);
  expect(await shown({ query: "b" })).toEqual([["Bob", true]]);
  expect(await shown({ query: "%" })).toEqual([]);
  await cat.close();
  await eventually(async () => (await shown({ query: "çağ" }))[0]?.[1] === false, "the one who left is not here");
  const { names, pages } = await all(bob, room, { limit: 1 });
  expect({ names, pages }).toEqual({ names: ["Ada", "Bob", "Çağla"], pages: 3 });
});

test("a page of a room of 100,000 members is quick, whoever is looked for", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const ada = await connectRaw(node, { data: { name: "Ada" } });
  const room = await roomOf(ada);
  await ada.close();
  await node.stop();
  const count = 100_000;
  await withDatabase(node.data, (client) =>
    client.executeMultiple(`
      WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < ${count})
      INSERT INTO users (id, issuer, subject, name, created_at, role)
        SELECT 'seeded' || n, 'jwt seed', 'seeded' || n, 'Person ' || n, 1, 'member' FROM k;
      INSERT INTO members (room, user, role, state, visible_from, joined_seq)
        SELECT r.n, u.n, CASE u.id WHEN 'seeded77777' THEN 'moderator' ELSE 'member' END, 'joined', 1, 1
        FROM rooms r JOIN users u ON u.issuer = 'jwt seed' WHERE r.id = '${room}';
      UPDATE rooms SET members = ${count} + 1 WHERE id = '${room}';`),
  );
  await node.restart();
  await using again = await connectRaw(node, { token: ada.connected?.data.token ?? "" });
  const figures: string[] = [];
  const quick = async (what: string, asked: object, length: number): Promise<void> => {
    const took: number[] = [];
    for (let n = 0; n < 9; n++) {
      const start = performance.now();
      const page = await list(again, room, asked);
      took.push(performance.now() - start);
      expect({ what, length: page.members.length, count: page.count }).toEqual({ what, length, count: count + 1 });
    }
    const median = percentile(took, 0.5);
    figures.push(`${what} ${median.toFixed(1)} ms`);
    expect(median).toBeLessThan(50);
  };
  await quick("the first page", {}, 100);
  await quick("a page in the middle", { after: "seeded50000" }, 100);
  await quick("moderators", { role: "moderator" }, 1);
  await quick("one page of a search for nobody", { query: "nobody" }, 0);
  console.log(`figure: a room of ${count} members: ${figures.join(", ")} (p50, at most 50)`);
  const { names, pages } = await all(again, room, { query: "person 9999", limit: 500 });
  expect(names.length).toBe(11);
  expect(pages).toBeGreaterThan(10);
}, 60_000);
