/** `confab room`: whoever runs the server on its rooms, while it runs and while it does not. */

import { expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import type { Room } from "../../src/protocol/room-operations.ts";
import { eventually } from "../client.ts";
import { runConfab, type Ran } from "../command.ts";
import { connectElsewhere } from "../gateways.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { arrive, kindsOf, roomOf, told, toldToWrite } from "../room-people.ts";
import { withDatabase } from "../checker.ts";

/** A command that does what it is asked. */
type Confab = (...args: string[]) => Promise<Ran>;

function confabOn(node: ChatNode): Confab {
  return (...args) => runConfab(["room", ...args, "--data", node.data]);
}

async function auditOf(node: ChatNode): Promise<unknown[]> {
  return await withDatabase(node.data, async (db) => {
    const row = "json_array(actor, action, target, json(detail))";
    const { rows } = await db.execute(`SELECT json_group_array(${row} ORDER BY n) FROM audit`);
    return JSON.parse(rows[0]?.[0] as string) as unknown[];
  });
}

/** Who stands in the log of a room for what was done, by their names. */
async function actorsOf(node: ChatNode, kind: string): Promise<unknown[]> {
  return await withDatabase(node.data, async (db) => {
    const sql = "SELECT u.issuer, u.name FROM changes c JOIN users u ON u.n = c.actor WHERE c.kind = ? ORDER BY c.n";
    return (await db.execute({ sql, args: [kind] })).rows.map(({ issuer, name }) => [issuer, name]);
  });
}

for (const gateways of ["1", "2"]) {
  test(`the command line acts on the rooms of a running server, with ${gateways} gateway threads`, async () => {
    await using node = await startNode({ args: ["--open", "--gateways", gateways] });
    const confab = confabOn(node);
    await using ann = await arrive(node, { data: { name: "Ann", rooms: true } });
    // Who is at another gateway than the one that does it hears of it as well.
    await using bob =
      gateways === "1" ? await arrive(node) : await connectElsewhere(node, [ann], { data: { rooms: true } });
    const room = await roomOf(ann, [bob], { name: "Great Hall" });
    const place = ["--room", room, "--user"];

    expect(await confab("close", "--room", room)).toMatchObject({ code: 0, output: `${room} is closed.\n` });
    await eventually(async () => (await toldToWrite(bob, room)) === "room_closed", "the closed room");
    expect((await confab("close", "--room", room)).output).toBe(`${room} is closed already.\n`);
    expect((await confab("add", ...place, bob.user)).output).toStartWith("Nothing to do, it was so already");
    expect((await confab("reopen", "--room", room)).output).toBe(`${room} is open.\n`);
    await eventually(async () => (await toldToWrite(bob, room)) === "ok", "the open room");

    expect(await confab("role", ...place, bob.user, "--role", "owner")).toMatchObject({ code: 0, complaint: "" });
    await eventually(() => kindsOf(bob, room).includes("role"), "the new role");
    expect(await told(bob, "room.update", { room, topic: "ours" })).toBe("ok");
    const shown = await confab("show", "--room", room);
    expect(shown.output).toMatch(/^owners +Ann \(\w+\), guest-\w+ \(\w+\)$/m);
    expect(shown.output).toMatch(/^topic +ours$/m);
    expect(shown.output).toMatch(/^members +2$/m);

    expect(await confab("remove", ...place, bob.user)).toMatchObject({ code: 0, complaint: "" });
    await eventually(async () => (await toldToWrite(bob, room)) === "room_not_found", "the removal");
    expect((await confab("remove", ...place, bob.user)).output).toStartWith("Nothing to do, it was so already");
    await confab("ban", ...place, bob.user, "--ttl", "2d", "--reason", "flood");
    await eventually(async () => (await told(bob, "room.join", { room })) === "room_not_found", "the ban");
    expect(await confab("add", ...place, bob.user)).toMatchObject({ code: 1 });
    expect((await confab("add", ...place, bob.user)).complaint).toContain("confab room unban");
    await confab("unban", ...place, bob.user);
    expect(await confab("add", ...place, bob.user, "--role", "moderator")).toMatchObject({ code: 0, complaint: "" });
    await eventually(async () => (await toldToWrite(bob, room)) === "ok", "the new place");

    expect(await confab("delete", "--room", room)).toMatchObject({ code: 0, output: `${room} is gone.\n` });
    await eventually(async () => (await toldToWrite(bob, room)) === "room_not_found", "the end of the room");
    expect((await confab("show", "--room", room)).complaint).toContain("there is no room");
    expect(await actorsOf(node, "gone")).toEqual([["confab", "operator"]]);
  });
}

test("a room without an owner gets one on a stopped server, and a link leads into it", async () => {
  await using node = await startNode({ args: ["--open"] });
  const confab = confabOn(node);
  await using ann = await arrive(node);
  await using bob = await arrive(node);
  await using eve = await arrive(node);
  const room = await roomOf(ann, [bob], { kind: "private" });
  expect(await told(ann, "room.leave", { room })).toBe("ok");
  expect(await node.stop()).toBe(0);

  expect((await confab("show", "--room", room)).output).toContain("owners          nobody: confab room role");
  expect(await confab("role", "--room", room, "--user", ann.user, "--role", "owner")).toMatchObject({
    code: 1,
    complaint: expect.stringContaining("confab room add") as string,
  });
  const owner = await confab("role", "--room", room, "--user", bob.user, "--role", "owner");
  expect(owner).toMatchObject({ code: 0, complaint: "", output: `${bob.user} is owner of ${room}.\n` });
  const invited = await confab("invite", "--room", room, "--uses", "2", "--ttl", "1d");
  expect(invited).toMatchObject({ code: 0, complaint: "" });
  expect((await confab("show", "--room", room)).output).toMatch(/^links into it +1$/m);
  await confab("ban", "--room", room, "--user", ann.user, "--reason", "gone");

  await node.restart();
  const tokenOf = (client: typeof bob) => ({ token: client.connected?.data.token ?? "" });
  await using later = await arrive(node, tokenOf(bob));
  expect(await later.rpc<Room>("room.get", { room })).toMatchObject({ role: "owner" });
  await using guest = await arrive(node, tokenOf(eve));
  const token = invited.output.trim().split("#join=")[1] ?? "";
  expect(await guest.rpc<Room>("invite.accept", { token })).toMatchObject({ id: room, role: "member" });
  const { invites } = await later.rpc<OutputOf<"invite.list">>("invite.list", { room });
  expect(invites).toMatchObject([{ uses: 1, uses_max: 2, created_by: null }]);
  const [link] = invites;
  expect(await auditOf(node)).toEqual([
    ["$cli", "member.role", `user:${bob.user}`, { room, right: "server" }],
    ["$cli", "invite.create", `room:${room}`, { invite: link?.id }],
    ["$cli", "member.ban", `user:${ann.user}`, { room, right: "server", reason: "gone", until: 0 }],
  ]);
});

test("rooms are listed with what is known of them, the most recently active first", async () => {
  await using node = await startNode({ args: ["--open"] });
  const confab = confabOn(node);
  await using ann = await arrive(node);
  await using bob = await arrive(node);
  const hall = await roomOf(ann, [bob], { name: "Grüner Saal" });
  const cellar = await roomOf(ann, [], { name: "Cellar", kind: "private" });
  await ann.subscribe("open:lobby");
  await ann.request("publish", { channel: "open:lobby", data: { text: "x" } });
  await confab("close", "--room", hall);
  const { output } = await confab("list");
  const [head, ...lines] = output.trim().split("\n");
  expect(head).toMatch(/^id +kind +members +last activity +state +name$/);
  expect(lines.map((line) => line.split(/ +/)[0])).toEqual([hall, "open:lobby", cellar]);
  expect(lines[0]).toMatch(/ public +2 +\d{4}-\d\d-\d\dT\d\d:\d\dZ +closed +Grüner Saal$/);
  expect((await confab("list", "--search", "GRÜN")).output).toContain(hall);
  expect((await confab("list", "--search", "cell")).output.trim().split("\n")).toHaveLength(2);
  expect((await confab("list", "--search", cellar)).output).toContain("Cellar");
  expect((await confab("list", "--search", "nowhere")).output.trim().split("\n")).toHaveLength(1);
});

test("what cannot be done is said in a sentence that tells what to do", async () => {
  await using node = await startNode({ args: ["--open"] });
  const confab = confabOn(node);
  await using ann = await arrive(node);
  await using bob = await arrive(node);
  await ann.subscribe("open:lobby");
  await ann.request("publish", { channel: "open:lobby", data: { text: "x" } });
  const room = await roomOf(ann, [bob]);
  const { id: pair } = await ann.rpc<Room>("room.direct", { users: [bob.user] });
  const nobody = "abcdefghij0123456789";
  const wrong: [args: string[], sentence: string, code: number][] = [
    [[], "What is to be done? One of list, show, close", 2],
    [["clse"], "Did you mean close?", 2],
    [["close"], "Name the room with --room", 2],
    [["role", "--room", room], "Name the user with --user", 2],
    [["role", "--room", room, "--user", bob.user, "--role", "king"], "expected owner, moderator or member", 2],
    [["ban", "--room", room, "--user", bob.user, "--ttl", "soon"], "--ttl: expected a number", 2],
    [["invite", "--room", room, "--uses", "0"], "--uses: expected a number", 2],
    [["show", "--room", "Hall"], "room: expected a room's id", 1],
    [["show", "--room", nobody], "confab room list shows those there are", 1],
    [["show", "--room", "$canary"], "room: expected a room's id", 1],
    [["add", "--room", room, "--user", "nobody"], "there is no person", 1],
    [["add", "--room", room, "--user", bob.user, "--role", "owner"], "in the room already, as member", 1],
    [["close", "--room", "open:lobby"], "is an open room", 1],
    [["add", "--room", pair, "--user", bob.user], "a direct room has the people that it was made for", 1],
    [["invite", "--room", pair], "a direct room has the people that it was made for", 1],
  ];
  for (const [args, sentence, code] of wrong) {
    const ran = await confab(...args);
    expect({ args, code: ran.code }).toEqual({ args, code });
    expect(ran.complaint).toContain(sentence);
  }
  const nowhere = await runConfab(["room", "list", "--data", `${node.data}-missing`]);
  expect(nowhere.complaint).toContain("There is no database in");
  expect(await auditOf(node)).toEqual([]);
});
