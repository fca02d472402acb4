/** Words and patterns that are not wanted, at every door. */

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { connectRaw, eventually } from "../client.ts";
import { post } from "../http-client.ts";
import { actsOf, startOwnedNode, type OwnedNode } from "../owned-node.ts";
import { connectPlain } from "../plain-client.ts";
import { arrive, messageId, roomOf, told, toldToWrite } from "../room-people.ts";

let owned: OwnedNode;
beforeAll(async () => {
  owned = await startOwnedNode({ args: ["--open", "--messages-burst", "100000"] });
});
afterAll(() => owned[Symbol.asyncDispose]());
beforeEach(async () => {
  const { rules } = await owned.root.rpc<OutputOf<"rule.list">>("rule.list", { limit: 500 });
  for (const { id: rule } of rules) await owned.root.rpc("rule.delete", { rule });
});

type Rule = OutputOf<"rule.create">;
const rule = (asked: object): Promise<Rule> => owned.root.rpc<Rule>("rule.create", asked);
const listed = async (): Promise<Rule[]> => (await owned.root.rpc<OutputOf<"rule.list">>("rule.list", {})).rules;

test("a refused word comes through no door, and nothing of it is stored", async () => {
  const { node } = owned;
  await using member = await arrive(node);
  const token = member.connected?.data.token ?? "";
  const room = await roomOf(member);
  await rule({ text: "badword" });
  const data = { text: "such a BádWord… no: b\u200badword!" };
  expect(await toldToWrite(member, room, data)).toBe("message_refused");
  expect(await told(member, "message.send", { room, id: messageId(1), data })).toBe("message_refused");
  expect(await toldToWrite(member, room, "badword as a bare text")).toBe("message_refused");
  const answer = await post(node, "message.send", { token, body: { room, id: messageId(2), data } });
  expect([answer.status, (answer.json as { error: { code: string } }).error.code]).toEqual([422, "message_refused"]);
  // What an application keeps beside the text is its own.
  expect(await toldToWrite(member, room, { note: "badword" })).toBe("ok");
  expect(await toldToWrite(member, room, { text: "badwords" })).toBe("ok");
  await member.untilSeq(room, 3);
  expect(member.seqs(room)).toEqual([2, 3]);
  await using plain = await connectPlain(`${node.url}/?room=rules`);
  plain.say("one badword");
  expect(await plain.closed).toMatchObject({ code: 3511 });
});

test("who sent a message before there was a rule still learns that it is stored", async () => {
  await using member = await arrive(owned.node);
  const room = await roomOf(member);
  const asked = { room, id: messageId(3), data: { text: "later unwanted" } };
  const sent = await member.rpc<object>("message.send", asked);
  await rule({ text: "unwanted" });
  expect(await member.rpc<object>("message.send", asked)).toEqual(sent);
  const other = { ...asked, data: { text: "unwanted, and other words" } };
  expect(await told(member, "message.send", other)).toBe("id_conflict");
  expect(await told(member, "message.send", { ...asked, id: messageId(4) })).toBe("message_refused");
});

test("a refusal does not tell who is no member any more that there is a room", async () => {
  await using owner = await arrive(owned.node);
  await using former = await arrive(owned.node);
  const room = await roomOf(owner, [former], { kind: "private" });
  const asked = { room, id: messageId(6), data: { text: "hello there" } };
  const sent = await former.rpc<object>("message.send", asked);
  await former.rpc("room.leave", { room });
  await rule({ text: "hello" });
  for (const channel of [room, "0123456789abcdefghij"])
    expect(await told(former, "message.send", { ...asked, room: channel, id: messageId(7) })).toBe("room_not_found");
  expect(await toldToWrite(former, room, asked.data)).toBe("room_not_found");
  expect(await former.rpc<object>("message.send", asked)).toEqual(sent);
});

test("a rule that reports lets the message through and puts it before the moderators", async () => {
  await using member = await arrive(owned.node);
  const room = await roomOf(member);
  const { id } = await rule({ text: String.raw`\bfree\s+money\b`, kind: "pattern", action: "report" });
  const asked = { room, id: messageId(5), data: { text: "FREE  money here" } };
  const { seq } = await member.rpc<{ seq: number }>("message.send", asked);
  const queue = async (): Promise<OutputOf<"report.list">["reports"]> =>
    (await owned.root.rpc<OutputOf<"report.list">>("report.list", { room })).reports;
  let reports = await queue();
  while (reports.length === 0) reports = await queue();
  expect(reports).toMatchObject([
    { room, seq, reporter: null, reason: `rule:${id}`, message: { user: { id: member.user } } },
  ]);
});

test("a rule on trial stops nothing and counts", async () => {
  await using member = await arrive(owned.node);
  const room = await roomOf(member);
  await rule({ text: "maybe", action: "trial" });
  for (const text of ["maybe", "Maybe, maybe", "may be"]) expect(await toldToWrite(member, room, { text })).toBe("ok");
  expect(await listed()).toMatchObject([{ text: "maybe", action: "trial", matches: 2 }]);
});

test("the test mode says what would match, counts nothing and stops nothing", async () => {
  const word = await rule({ text: "spam" });
  const pattern = await rule({ text: "sp[a-z]m", kind: "pattern", action: "trial" });
  const asked = await owned.root.rpc<OutputOf<"rule.test">>("rule.test", { text: "ＳＰＡＭ, spum" });
  expect([asked.refused, asked.rules.map(({ id }) => id).sort()]).toEqual([true, [word.id, pattern.id].sort()]);
  expect(await owned.root.rpc<object>("rule.test", { text: "nothing" })).toEqual({ refused: false, rules: [] });
  expect((await listed()).map(({ matches }) => matches)).toEqual([0, 0]);
});

test("a rule can be changed and removed, and each change is noted", async () => {
  await using member = await arrive(owned.node);
  const room = await roomOf(member);
  const { id } = await rule({ text: "first" });
  await owned.root.rpc("rule.update", { rule: id, text: "second" });
  expect([
    await toldToWrite(member, room, { text: "first" }),
    await toldToWrite(member, room, { text: "second" }),
  ]).toEqual(["ok", "message_refused"]);
  await owned.root.rpc("rule.update", { rule: id, action: "trial" });
  expect(await toldToWrite(member, room, { text: "second" })).toBe("ok");
  await owned.root.rpc("rule.delete", { rule: id });
  expect(await told(owned.root, "rule.delete", { rule: id })).toBe("not_found");
  expect((await actsOf(owned.root, 4)).map(({ action, target }) => [action, target])).toEqual([
    ["rule.delete", `rule:${id}`],
    ["rule.update", `rule:${id}`],
    ["rule.update", `rule:${id}`],
    ["rule.create", `rule:${id}`],
  ]);
});

test("what would find everything, or cost too much, is no rule", async () => {
  for (const asked of [
    { text: "..." },
    { text: "c++" },
    { text: " " },
    { text: "x*", kind: "pattern" },
    { text: "(a", kind: "pattern" },
    { text: "(?=x)", kind: "pattern" },
    { text: "(a|b)*a(a|b){20}c", kind: "pattern" },
  ])
    expect([asked, await told(owned.root, "rule.create", asked)]).toEqual([asked, "bad_request"]);
  expect(await listed()).toEqual([]);
});

test("rules live through a restart", async () => {
  await rule({ text: "lasting" });
  const { node, root, token } = owned;
  await root.close();
  await node.stop();
  await node.restart();
  Object.assign(owned, { root: await connectRaw(node, { token }) });
  await using member = await arrive(node);
  const room = await roomOf(member);
  expect(await toldToWrite(member, room, { text: "lasting" })).toBe("message_refused");
});

test("every gateway of a server knows a new rule within a second", async () => {
  await using several = await startOwnedNode({ args: ["--open", "--gateways", "2"] });
  const { node, root } = several;
  const members = await Promise.all(Array.from({ length: 8 }, () => arrive(node)));
  const rooms = await Promise.all(members.map((member) => roomOf(member)));
  await root.rpc("rule.create", { text: "everywhere" });
  const start_ms = performance.now();
  for (const [at, member] of members.entries()) {
    const refused = async (): Promise<boolean> =>
      (await toldToWrite(member, rooms[at] ?? "", { text: "everywhere" })) === "message_refused";
    await eventually(refused, "the rule on every gateway");
  }
  expect(performance.now() - start_ms).toBeLessThan(1_000);
  for (const member of members) await member.close();
});
