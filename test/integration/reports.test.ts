/** Messages that people put before those who keep order, and what is done about them. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { type RawClient } from "../client.ts";
import { actsOf, startOwnedNode, type OwnedNode } from "../owned-node.ts";
import { arrive, messageId, roomOf, told, toldToWrite } from "../room-people.ts";

let owned: OwnedNode;
let next = 0;
beforeAll(async () => {
  owned = await startOwnedNode({ args: ["--open", "--messages-burst", "100000"] });
});
afterAll(() => owned[Symbol.asyncDispose]());

type Reports = OutputOf<"report.list">["reports"];
const queue = async (client: RawClient, asked: object): Promise<Reports> =>
  (await client.rpc<OutputOf<"report.list">>("report.list", asked)).reports;

async function say(client: RawClient, room: string, text: string): Promise<number> {
  const sent = { room, id: messageId(++next), data: { text } };
  return (await client.rpc<{ seq: number }>("message.send", sent)).seq;
}

async function report(client: RawClient, asked: { room: string; seq: number; reason?: string }): Promise<string> {
  return (await client.rpc<{ report: string }>("message.report", asked)).report;
}

test("who can read a message reports it, once; nobody else can", async () => {
  const { node } = owned;
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using late = await arrive(node);
  await using stranger = await arrive(node);
  const room = await roomOf(owner, [member], { kind: "private", history: "joined" });
  const seq = await say(owner, room, "rude");
  await owner.rpc("member.invite", { room, user: late.user });
  await late.rpc("room.join", { room });
  const id = await report(member, { room, seq, reason: "it is rude" });
  expect(await report(member, { room, seq, reason: "and again" })).toBe(id);
  expect(await told(late, "message.report", { room, seq })).toBe("message_not_found");
  expect(await told(stranger, "message.report", { room, seq })).toBe("room_not_found");
  expect(await told(member, "message.report", { room, seq: 1 })).toBe("message_not_found");
  expect(await told(member, "message.report", { room, seq: 999 })).toBe("message_not_found");
  for (const client of [member, late]) expect(await told(client, "report.list", { room })).toBe("permission_denied");
  expect(await told(stranger, "report.list", { room })).toBe("room_not_found");
  expect(await told(owner, "report.list", {})).toBe("permission_denied");
  const [found] = await queue(owned.root, { room });
  expect(found).toMatchObject({
    id,
    room,
    seq,
    reason: "it is rude",
    outcome: null,
    handled_by: null,
    reporter: { id: member.user },
    message: { user: { id: owner.user }, data: { text: "rude" } },
  });
});

test("moderators decide in their rooms: keep, delete, mute, ban; every report of the message is closed", async () => {
  const { node } = owned;
  await using owner = await arrive(node);
  await using moderator = await arrive(node);
  await using rude = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [moderator, rude, member]);
  await owner.rpc("member.role", { room, user: moderator.user, role: "moderator" });
  const decide = async (outcome: string, more: object = {}): Promise<number> => {
    const seq = await say(rude, room, `to ${outcome}`);
    const first = await report(member, { room, seq });
    await report(owner, { room, seq });
    const asked = { report: first, outcome, ...more };
    expect(await moderator.rpc<object>("report.handle", asked)).toEqual({ closed: 2 });
    expect(await told(moderator, "report.handle", asked)).toBe("bad_request");
    return seq;
  };
  const kept = await decide("keep");
  const deleted = await decide("delete", { note: "no place for this" });
  const muted = await decide("mute", { until: Date.now() + 60_000 });
  expect(await toldToWrite(rude, room)).toBe("muted");
  await moderator.rpc("member.mute", { room, user: rude.user, until: 0 });
  const banned = await decide("ban", { note: "for good" });
  expect(await toldToWrite(rude, room)).toBe("room_not_found");
  expect(await queue(moderator, { room })).toEqual([]);
  const closed = await queue(moderator, { room, state: "handled" });
  expect(closed.map(({ seq, outcome, message }) => [seq, outcome, message?.data ?? null])).toEqual(
    [
      [kept, "kept", { text: "to keep" }],
      [deleted, "deleted", null],
      [muted, "muted", { text: "to mute" }],
      [banned, "banned", { text: "to ban" }],
    ].flatMap((row) => [row, row]),
  );
  expect(closed.every(({ handled_by }) => handled_by?.id === moderator.user)).toBe(true);
  const { members } = await owner.rpc<OutputOf<"member.list">>("member.list", { room, state: "banned" });
  expect(members).toMatchObject([{ user: { id: rude.user }, reason: "for good" }]);
  const acts = (await actsOf(owned.root, 20)).filter(({ actor }) => actor === moderator.user).reverse();
  const noted = acts.map(({ action }) => action).filter((action) => action !== "member.role");
  const done =
    "report.handle message.delete report.handle member.mute report.handle member.mute member.ban report.handle";
  expect(noted.join(" ")).toBe(done);
  expect(acts.find(({ detail }) => detail["outcome"] === "deleted")).toMatchObject({
    action: "report.handle",
    target: `user:${rude.user}`,
    detail: { room, seq: deleted, note: "no place for this", closed: 2 },
  });
});

test("nobody decides about their own words, and who stands above is not muted by a report", async () => {
  const { node } = owned;
  await using owner = await arrive(node);
  await using moderator = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [moderator, member]);
  await owner.rpc("member.role", { room, user: moderator.user, role: "moderator" });
  const own = await report(member, { room, seq: await say(moderator, room, "mine") });
  expect(await queue(moderator, { room })).toEqual([]);
  expect(await told(moderator, "report.handle", { report: own, outcome: "keep" })).toBe("permission_denied");
  const above = await report(member, { room, seq: await say(owner, room, "the owner's") });
  const mute = { report: above, outcome: "mute", until: Date.now() + 60_000 };
  expect(await told(moderator, "report.handle", mute)).toBe("permission_denied");
  expect(await told(member, "report.handle", { report: own, outcome: "keep" })).toBe("not_found");
  expect(await told(owner, "report.handle", { report: "absent", outcome: "keep" })).toBe("not_found");
  expect(await told(owner, "report.handle", { report: own, outcome: "mute" })).toBe("bad_request");
  expect(await owner.rpc<object>("report.handle", { report: own, outcome: "keep" })).toEqual({ closed: 1 });
  expect(await owned.root.rpc<object>("report.handle", mute)).toEqual({ closed: 1 });
  expect(await toldToWrite(owner, room)).toBe("muted");
});

test("what is reported between two people is for administrators, who read that message and no other", async () => {
  const { node, root } = owned;
  await using one = await arrive(node);
  await using other = await arrive(node);
  const { id: room } = await one.rpc<{ id: string }>("room.direct", { users: [other.user] });
  const seq = await say(one, room, "a threat");
  await say(one, room, "something else");
  const id = await report(other, { room, seq });
  expect(await told(one, "report.list", { room })).toBe("room_not_found");
  expect(await told(one, "report.handle", { report: id, outcome: "keep" })).toBe("not_found");
  expect((await queue(root, { room })).map(({ message }) => message?.data)).toEqual([{ text: "a threat" }]);
  expect(await told(root, "message.list", { room })).toBe("room_not_found");
  expect(await root.rpc<object>("report.handle", { report: id, outcome: "delete" })).toEqual({ closed: 1 });
  const page = await other.rpc<{ events: { offset: number; data: unknown }[] }>("message.list", { room });
  expect(page.events.find(({ offset }) => offset === seq)?.data).toBe(null);
});

test("what was written is shown as it was written", async () => {
  const { node, root } = owned;
  await using owner = await arrive(node);
  const room = await roomOf(owner);
  const data = '{"text":"x","n":12345678901234567890,"e":1E2}';
  const text = `{"method":"message.send","data":{"room":"${room}","id":"${messageId(++next)}","data":${data}}}`;
  expect((await owner.requestText("rpc", text)).error).toBe(undefined);
  await report(owner, { room, seq: 2 });
  expect((await root.request("rpc", { method: "report.list", data: { room } })).text).toContain(`"data":${data}`);
});

test("the queue comes in pages, the oldest first", async () => {
  const { node, root } = owned;
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member]);
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push(await report(member, { room, seq: await say(owner, room, `no ${n}`) }));
  const first = await root.rpc<OutputOf<"report.list">>("report.list", { room, limit: 2 });
  const rest = await root.rpc<OutputOf<"report.list">>("report.list", { room, after: ids[1], limit: 3 });
  expect([first, rest].map(({ more, reports }) => [more, reports.map(({ id }) => id)])).toEqual([
    [true, ids.slice(0, 2)],
    [false, ids.slice(2)],
  ]);
});
