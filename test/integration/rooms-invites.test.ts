import { afterAll, beforeAll, expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import type { Room } from "../../src/protocol/room-operations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { again, arrive, kindsOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { unlimited } from "../writing.ts";

type Link = OutputOf<"invite.create">;

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

function link(client: RawClient, room: string, more: object = {}): Promise<Link> {
  return client.rpc<Link>("invite.create", { room, ...more });
}

async function members(client: RawClient, room: string, state = "joined"): Promise<string[]> {
  const { members: found } = await client.rpc<OutputOf<"member.list">>("member.list", { room, state });
  return found.map(({ user }) => user.id);
}

test("who is invited to a private room sees that it is there, and reads it once they have joined", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner, [], { kind: "private" });
  await owner.request("publish", { channel: room, data: { text: "before" } });
  expect(await told(guest, "room.get", { room })).toBe("room_not_found");
  expect(await owner.rpc<object>("member.invite", { room, user: guest.user })).toEqual({ seq: 3 });
  expect(await told(owner, "member.invite", { room, user: guest.user })).toBe("ok");
  await owner.untilSeq(room, 3);
  expect(owner.log(room).at(-1)).toMatchObject({ kind: "invited", data: `{"user":"${guest.user}"}` });
  expect(await guest.rpc<Room>("room.get", { room })).toMatchObject({ role: null, visible_from: null, members: 1 });
  for (const method of ["message.list", "presence.list", "member.list"])
    expect([method, await told(guest, method, { room })]).toEqual([method, "room_not_found"]);
  expect(await toldToWrite(guest, room)).toBe("room_not_found");
  expect(await guest.refusal("subscribe", { channel: room })).toMatchObject({ code: 102 });
  expect(await members(owner, room, "invited")).toEqual([guest.user]);
  expect(await guest.rpc<Room>("room.join", { room })).toMatchObject({ role: "member", last_seq: 4, members: 2 });
  await guest.nextPush("subscribe", room);
  expect(await toldToWrite(guest, room)).toBe("ok");
  expect(await members(owner, room, "invited")).toEqual([]);
});

test("who declines an invitation may not join by it any more", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner, [], { kind: "private" });
  await owner.rpc("member.invite", { room, user: guest.user });
  expect(await guest.rpc<object>("room.leave", { room })).toEqual({ seq: 3 });
  expect(await told(guest, "room.leave", { room })).toBe("ok");
  for (const method of ["room.get", "room.join", "message.list"])
    expect([method, await told(guest, method, { room })]).toEqual([method, "room_not_found"]);
  expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ members: 1, last_seq: 3 });
  // Nor by one that was taken back.
  await owner.rpc("member.invite", { room, user: guest.user });
  await owner.rpc("member.remove", { room, user: guest.user });
  expect(await told(guest, "room.join", { room })).toBe("room_not_found");
  await owner.rpc("member.invite", { room, user: guest.user });
  expect(await told(guest, "room.join", { room })).toBe("ok");
});

test("who may invite is a setting of the room", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using guest = await arrive(node);
  await using other = await arrive(node);
  const room = await roomOf(owner, [member], { kind: "private" });
  expect(await told(member, "member.invite", { room, user: guest.user })).toBe("ok");
  await owner.rpc("room.update", { room, invite: "moderators" });
  expect(await told(member, "member.invite", { room, user: other.user })).toBe("permission_denied");
  expect(await told(guest, "member.invite", { room, user: other.user })).toBe("room_not_found");
  await owner.rpc("member.role", { room, user: member.user, role: "moderator" });
  expect(await told(member, "member.invite", { room, user: other.user })).toBe("ok");
  expect(await told(owner, "member.invite", { room, user: "nobody0nobody0nobody" })).toBe("bad_request");
  // Links are the moderators', whatever the setting says.
  await owner.rpc("member.role", { room, user: member.user, role: "member" });
  for (const method of ["invite.create", "invite.list"])
    expect([method, await told(member, method, { room })]).toEqual([method, "permission_denied"]);
  expect(await told(member, "member.add", { room, user: other.user })).toBe("permission_denied");
});

test("a link leads into a private room, as often as it says and as long as it says", async () => {
  await using owner = await arrive(node);
  const people = await Promise.all([arrive(node), arrive(node), arrive(node)]);
  const [first, second, third] = people;
  const room = await roomOf(owner, [], { kind: "private" });
  const made = await link(owner, room, { uses_max: 2 });
  expect(made).toMatchObject({ kind: "room", room, uses: 0, uses_max: 2, expires_at: null });
  expect(made.token.length).toBeGreaterThanOrEqual(32);
  expect(await first.rpc<Room>("invite.accept", { token: made.token })).toMatchObject({ id: room, role: "member" });
  await first.nextPush("subscribe", room);
  // Again it is no use of the link.
  expect(await told(first, "invite.accept", { token: made.token })).toBe("ok");
  expect((await owner.rpc<OutputOf<"invite.list">>("invite.list", { room })).invites).toMatchObject([
    { id: made.id, uses: 1 },
  ]);
  expect(await told(second, "invite.accept", { token: made.token })).toBe("ok");
  expect(await told(third, "invite.accept", { token: made.token })).toBe("invite_not_found");
  expect(await told(first, "invite.accept", { token: made.token })).toBe("invite_not_found");
  expect((await owner.rpc<OutputOf<"invite.list">>("invite.list", { room })).invites).toEqual([]);
  expect(await told(owner, "invite.create", { room, expires_at: Date.now() - 1 })).toBe("bad_request");
  const short = await link(owner, room, { expires_at: Date.now() + 40 });
  while (Date.now() <= (short.expires_at ?? 0)) await owner.settled();
  expect(await told(third, "invite.accept", { token: short.token })).toBe("invite_not_found");
  const revoked = await link(owner, room);
  expect(await told(owner, "invite.revoke", { id: revoked.id })).toBe("ok");
  expect(await told(third, "invite.accept", { token: revoked.token })).toBe("invite_not_found");
  for (const client of people) await client.close();
});

test("of twenty who come at once for the last three uses of a link, three get in", async () => {
  await using owner = await arrive(node);
  const room = await roomOf(owner, [], { kind: "private" });
  const { token } = await link(owner, room, { uses_max: 3 });
  const people = await Promise.all(Array.from({ length: 20 }, () => arrive(node)));
  const answers = await Promise.all(people.map((client) => told(client, "invite.accept", { token })));
  expect(answers.filter((answer) => answer === "ok").length).toBe(3);
  expect(answers.filter((answer) => answer === "invite_not_found").length).toBe(17);
  expect(await owner.rpc<Room>("room.get", { room })).toMatchObject({ members: 4 });
  await Promise.all(people.map((client) => client.close()));
});

test("one person who comes twice at once uses a link once", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const room = await roomOf(owner, [], { kind: "private" });
  const { token } = await link(owner, room, { uses_max: 3 });
  const accept = () => told(guest, "invite.accept", { token });
  expect(await Promise.all([accept(), accept(), accept()])).toEqual(["ok", "ok", "ok"]);
  const { invites } = await owner.rpc<OutputOf<"invite.list">>("invite.list", { room });
  expect(invites).toMatchObject([{ uses: 1 }]);
});

test("a link does not help who is banned, and that costs no use of it", async () => {
  await using owner = await arrive(node);
  await using banned = await arrive(node);
  const room = await roomOf(owner, [banned]);
  await owner.rpc("member.ban", { room, user: banned.user });
  const { token } = await link(owner, room, { uses_max: 1 });
  const refused = await banned.refusal("rpc", { method: "invite.accept", data: { token } });
  expect(refused).toEqual(await banned.refusal("rpc", { method: "invite.accept", data: { token: "x".repeat(32) } }));
  expect((await owner.rpc<OutputOf<"invite.list">>("invite.list", { room })).invites).toMatchObject([{ uses: 0 }]);
});

test("a link is handled by the moderators of its room; to others it is not there", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using elsewhere = await arrive(node);
  const room = await roomOf(owner, [member], { kind: "private" });
  await roomOf(elsewhere);
  const { id, token } = await link(owner, room);
  for (const client of [member, elsewhere]) {
    const asked = (given: string) => client.refusal("rpc", { method: "invite.revoke", data: { id: given } });
    expect(await asked(id)).toEqual(await asked("0123456789abcdefghij"));
  }
  expect(await told(elsewhere, "invite.list", { room })).toBe("room_not_found");
  for (const method of ["invite.list", "invite.create"])
    expect(await told(owner, method, {})).toBe("permission_denied");
  expect(await told(elsewhere, "invite.accept", { token })).toBe("ok");
});

test("no link's token is stored, and none is listed", async () => {
  await using own = await startNode({ args: ["--open"] });
  await using owner = await connectRaw(own);
  const room = await roomOf(owner);
  const { token } = await link(owner, room);
  const listed = await owner.request("rpc", { method: "invite.list", data: { room } });
  expect(listed.text).not.toContain(token);
  await own.stop();
  const query = "SELECT * FROM invites WHERE kind = 'room'";
  const found = await withDatabase(own.data, async (client) => (await client.execute(query)).rows);
  expect(found.length).toBe(1);
  expect(JSON.stringify(found)).not.toContain(token);
});

test("every connection of who joins by a link has the room, and only theirs", async () => {
  await using owner = await arrive(node);
  await using guest = await connectRaw(node);
  await using tablet = await again(node, guest, { data: { rooms: true } });
  await using other = await arrive(node);
  const room = await roomOf(owner, [], { kind: "private", history: "joined" });
  const { token } = await link(owner, room);
  await guest.rpc("invite.accept", { token });
  await tablet.nextPush("subscribe", room);
  await owner.request("publish", { channel: room, data: { text: "welcome" } });
  await tablet.untilSeq(room, 3);
  expect(kindsOf(tablet, room)).toEqual(['{"text":"welcome"}']);
  for (const client of [guest, other]) {
    await client.settled();
    expect(client.seqs(room)).toEqual([]);
  }
});
