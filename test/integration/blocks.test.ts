/** People who do not want to hear of each other. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { arrive, messageId, roomOf, told, toldToWrite } from "../room-people.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open"] });
});
afterAll(() => node[Symbol.asyncDispose]());

type Page = { events: { offset: number; data: unknown; tags: Record<string, string> }[] };

test("who is blocked opens no direct room with the other, writes in none and invites them nowhere", async () => {
  await using one = await arrive(node);
  await using other = await arrive(node);
  await using third = await arrive(node);
  const { id: room } = await other.rpc<{ id: string }>("room.direct", { users: [one.user] });
  expect(await toldToWrite(other, room)).toBe("ok");
  await one.rpc("user.block", { user: other.user });
  await one.rpc("user.block", { user: other.user });
  expect(await toldToWrite(other, room)).toBe("permission_denied");
  expect(await told(other, "room.direct", { users: [one.user] })).toBe("permission_denied");
  expect(await told(other, "room.direct", { users: [third.user, one.user] })).toBe("permission_denied");
  expect(await told(other, "room.direct", { users: [third.user] })).toBe("ok");
  const hall = await roomOf(other, [], { kind: "private" });
  const refused = await other.refusal("rpc", { method: "member.invite", data: { room: hall, user: one.user } });
  expect([refused.code, refused.message]).toEqual([103, "permission denied"]);
  const { users } = await one.rpc<OutputOf<"block.list">>("block.list", {});
  expect(users.map(({ id }) => id)).toEqual([other.user]);
  expect(await other.rpc<object>("block.list", {})).toEqual({ users: [] });
  await one.rpc("user.unblock", { user: other.user });
  expect(await toldToWrite(other, room)).toBe("ok");
  expect(await told(other, "member.invite", { room: hall, user: one.user })).toBe("ok");
});

test("in what is listed a blocked person has no words, and nobody else's place in the log moves", async () => {
  await using one = await arrive(node);
  await using other = await arrive(node);
  const room = await roomOf(one, [other]);
  const texts = ["a", "b", "c"];
  for (const text of texts)
    await other.rpc("message.send", { room, id: messageId(texts.indexOf(text)), data: { text } });
  await one.rpc("message.send", { room, id: messageId(9), data: { text: "mine" } });
  const shown = async (asked: object): Promise<unknown[]> => {
    const { events } = await one.rpc<Page>("message.list", { room, ...asked });
    return events.map(({ data, offset, tags }) => [offset, data, tags["hidden"] ?? tags["kind"] ?? ""]);
  };
  const before = [
    [1, { user: one.user, role: "owner" }, "joined"],
    [2, { user: other.user, role: "member" }, "joined"],
    [3, { text: "a" }, ""],
    [4, { text: "b" }, ""],
    [5, { text: "c" }, ""],
    [6, { text: "mine" }, ""],
  ];
  expect(await shown({})).toEqual(before);
  await one.rpc("user.block", { user: other.user });
  const after = before.map((row, at) => (at >= 2 && at <= 4 ? [row[0], null, "1"] : row));
  for (const asked of [{}, { after: 0 }, { from: 1, to: 6 }, { around: 4 }, { before: 7 }])
    expect([asked, await shown(asked)]).toEqual([asked, after]);
  const { history } = await one.request("history", { channel: room, limit: 10, reverse: true });
  expect(history?.publications.map(({ data }) => data)).toEqual(after.map((row) => row[1]).reverse());
  // The other one reads everything, and is here as before.
  expect((await other.rpc<Page>("message.list", { room })).events).toHaveLength(6);
  const { users } = await one.rpc<{ users: { id: string }[] }>("presence.list", { room });
  expect(users.map(({ id }) => id).sort()).toEqual([one.user, other.user].sort());
  await one.rpc("user.unblock", { user: other.user });
  expect(await shown({})).toEqual(before);
});

test("nobody blocks themselves, or who is not there", async () => {
  await using one = await arrive(node);
  expect(await told(one, "user.block", { user: one.user })).toBe("bad_request");
  expect(await told(one, "user.block", { user: "absent" })).toBe("bad_request");
  expect(await told(one, "user.unblock", { user: "absent" })).toBe("bad_request");
});
