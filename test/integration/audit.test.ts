/** Every administrative act leaves a row, and no row is ever changed. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createOperations } from "../../src/chat/operations.ts";
import type { OperationName, OutputOf } from "../../src/protocol/operations.ts";
import { withDatabase } from "../checker.ts";
import type { RawClient } from "../client.ts";
import { actsOf, startOwnedNode, type OwnedNode } from "../owned-node.ts";
import { arrive, messageId, roomOf, told } from "../room-people.ts";

let owned: OwnedNode;
let member: RawClient;
beforeAll(async () => {
  owned = await startOwnedNode({ args: ["--open", "--messages-burst", "100000"] });
  member = await arrive(owned.node);
});
afterAll(async () => {
  await member.close();
  await owned[Symbol.asyncDispose]();
});

/** What only looks. */
const readers: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(["rule.list", "rule.test", "report.list", "address_ban.list", "audit.list", "server.settings.get"] as const),
  ...(["invite.list", "user.list"] as const),
]);

/** What the table says is for those who keep order, and changes something. */
function administrative(): OperationName[] {
  const table = createOperations({} as Parameters<typeof createOperations>[0]);
  const names = Object.keys(table) as OperationName[];
  return names.filter((name) => {
    const { scope, who } = table[name];
    return (who === "administrator" || who === "owner" || scope === "moderate") && !readers.has(name);
  });
}

/** How each is called, on a scene of its own. */
type Scene = { readonly room: string; readonly user: string };
const root = (): RawClient => owned.root;
const made = async (method: string, data: object): Promise<string> =>
  (await root().rpc<{ id: string }>(method, data)).id;
const inputs: Readonly<Partial<Record<OperationName, (scene: Scene) => object | Promise<object>>>> = {
  "room.update": ({ room }) => ({ room, name: "Tidy" }),
  "room.close": ({ room }) => ({ room }),
  "room.reopen": async ({ room }) => {
    await root().rpc("room.close", { room });
    return { room };
  },
  "room.delete": ({ room }) => ({ room }),
  "member.add": async () => ({ room: await roomOf(member), user: root().user }),
  "member.remove": ({ room, user }) => ({ room, user }),
  "member.ban": ({ room, user }) => ({ room, user, reason: "why" }),
  "member.unban": async ({ room, user }) => {
    await root().rpc("member.ban", { room, user });
    return { room, user };
  },
  "member.mute": ({ room, user }) => ({ room, user, until: Date.now() + 60_000 }),
  "member.role": ({ room, user }) => ({ room, user, role: "moderator" }),
  "invite.create": ({ room }) => ({ room }),
  "invite.revoke": async ({ room }) => ({ id: await made("invite.create", { room }) }),
  "rule.create": () => ({ text: "unwanted" }),
  "rule.update": async () => ({ rule: await made("rule.create", { text: "first" }), action: "trial" }),
  "rule.delete": async () => ({ rule: await made("rule.create", { text: "second" }) }),
  "report.handle": async ({ room }) => {
    const sent = { room, id: messageId(Math.floor(Math.random() * 1e9)), data: { text: "x" } };
    const { seq } = await member.rpc<{ seq: number }>("message.send", sent);
    const { report } = await member.rpc<{ report: string }>("message.report", { room, seq });
    return { report, outcome: "keep" };
  },
  "address_ban.create": () => ({ network: "192.0.2.0/24" }),
  "address_ban.delete": async () => ({ id: await made("address_ban.create", { network: "198.51.100.0/24" }) }),
  "server.lockdown": () => ({ on: false }),
  "server.settings.set": () => ({ slow_seconds: 9 }),
};

/** Of accounts: their own tests look at the rows. */
const elsewhere = /^(user|account|key|bot|session)\./;

test("every act of those who keep order adds one row that names it, who did it, where from and to what", async () => {
  const names = administrative().filter((name) => !elsewhere.test(name));
  expect(names.length).toBeGreaterThan(15);
  const missing: string[] = [];
  for (const name of names) {
    const input = inputs[name];
    if (input === undefined) missing.push(name);
    else {
      const room = await roomOf(root(), [member]);
      const asked = await input({ room, user: member.user });
      const [before] = await actsOf(root(), 1);
      expect([name, await told(root(), name, asked)]).toEqual([name, "ok"]);
      const [act, last] = await actsOf(root(), 2);
      expect([name, act?.action, act?.actor, last?.n]).toEqual([name, name, root().user, before?.n]);
      expect([name, act?.address]).toEqual([name, "127.0.0.1"]);
      expect(act?.target).toMatch(/^(user|room|rule|address_ban|server)(:[a-z0-9]+)?$/);
    }
  }
  expect(missing).toEqual([]);
});

test("the acts come in pages, the newest first, by their target and their actor", async () => {
  const room = await roomOf(member);
  for (const topic of ["a", "b", "c"]) await member.rpc("room.update", { room, topic });
  type Page = OutputOf<"audit.list">;
  const first = await root().rpc<Page>("audit.list", { target: `room:${room}`, limit: 2 });
  const rest = await root().rpc<Page>("audit.list", { target: `room:${room}`, before: first.acts[1]?.n });
  expect([first.acts.length, first.more, rest.acts.length, rest.more]).toEqual([2, true, 1, false]);
  const ns = [...first.acts, ...rest.acts].map(({ n }) => n);
  expect(ns).toEqual([...ns].sort((a, b) => b - a));
  const own = await root().rpc<Page>("audit.list", { actor: member.user });
  expect(own.acts.map(({ actor }) => actor)).toEqual([member.user, member.user, member.user]);
  expect(own.acts[0]).toMatchObject({ action: "room.update", detail: { right: "room", fields: ["topic"] } });
  expect(await told(member, "audit.list", {})).toBe("permission_denied");
});

test("no row is changed or removed, by whoever has the database", async () => {
  const { node } = owned;
  await root().rpc("rule.create", { text: "lasting" });
  await node.stop();
  await withDatabase(node.data, async (client) => {
    const before = await client.execute("SELECT count(*) FROM audit");
    for (const sql of ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "UPDATE audit SET at = 0 WHERE n = 1"])
      expect(await refusalOf(client.execute(sql))).toContain("audit log are never");
    expect((await client.execute("SELECT count(*) FROM audit")).rows).toEqual(before.rows);
  });
});

/** Awaited at once: a rejection that a thread answers may otherwise be waited for in vain. */
async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "it was done";
  } catch (error) {
    return String(error);
  }
}
