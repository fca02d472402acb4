import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import type { RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { again, arrive, told, toldToWrite } from "../room-people.ts";
import { unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

interface Event {
  readonly offset: number;
  readonly tags: { readonly kind?: string };
  readonly info: { readonly user: string };
}

function direct(client: RawClient, ...users: RawClient[]): Promise<Room> {
  return client.rpc<Room>("room.direct", { users: users.map(({ user }) => user) });
}

test("two people have one direct room, whoever asks first and however often", async () => {
  await using ann = await arrive(node);
  await using ben = await arrive(node);
  await using eve = await arrive(node);
  const room = await direct(ann, ben);
  expect(room).toMatchObject({ kind: "direct", history: "all", members: 2 });
  for (const client of [ann, ben]) await client.nextPush("subscribe", room.id);
  expect((await direct(ben, ann)).id).toBe(room.id);
  expect((await direct(ann, ben, ann, ben)).id).toBe(room.id);
  await ben.request("publish", { channel: room.id, data: { text: "hello" } });
  await ann.untilSeq(room.id, 3);
  // Nobody was made a member twice.
  expect(await ann.rpc<Room>("room.get", { room: room.id })).toMatchObject({ last_seq: 3, members: 2 });
  for (const method of ["room.get", "room.join", "message.list"])
    expect(await told(eve, method, { room: room.id })).toBe("room_not_found");
});

test("a third person makes it another room", async () => {
  await using ann = await arrive(node);
  await using ben = await arrive(node);
  await using cat = await arrive(node);
  const two = await direct(ann, ben);
  const three = await direct(cat, ben, ann);
  expect(three).toMatchObject({ kind: "direct", members: 3 });
  expect(three.id).not.toBe(two.id);
  expect((await direct(ann, cat, ben)).id).toBe(three.id);
  expect((await direct(ben, cat)).id).not.toBe(three.id);
  expect(await told(cat, "message.list", { room: two.id })).toBe("room_not_found");
  // It stays the room of these people: nobody is brought in, put out or promoted.
  const rights: [string, object][] = [
    ["member.invite", { user: cat.user }],
    ["member.remove", { user: ben.user }],
    ["member.ban", { user: ben.user }],
    ["member.mute", { user: ben.user, until: Date.now() + 60_000 }],
    ["member.role", { user: ben.user, role: "owner" }],
    ["invite.create", {}],
    ["room.update", { name: "Ours" }],
    ["room.close", {}],
    ["room.delete", {}],
  ];
  for (const [method, data] of rights)
    expect([method, await told(ann, method, { room: two.id, ...data })]).toEqual([method, "permission_denied"]);
});

test("both ask at the same moment, again and again: one room, and both are in it", async () => {
  for (let round = 0; round < 15; round++) {
    await using ann = await arrive(node);
    await using ben = await arrive(node);
    const asked = [direct(ann, ben), direct(ben, ann), direct(ben, ann), direct(ann, ben)];
    const rooms = await Promise.all(asked);
    expect([round, ...new Set(rooms.map(({ id }) => id))]).toEqual([round, rooms[0]?.id ?? ""]);
    const [{ id }] = rooms as [Room];
    for (const client of [ann, ben]) {
      await client.nextPush("subscribe", id);
      expect(await toldToWrite(client, id)).toBe("ok");
    }
    for (const client of [ann, ben])
      await client.until(() => client.log(id).filter(({ kind }) => kind === "").length === 2, "both messages");
    expect(await ann.rpc<Room>("room.get", { room: id })).toMatchObject({ last_seq: 4, members: 2 });
  }
});

test("who left a direct room hears nothing more of it, and is back when they ask for it", async () => {
  await using ann = await arrive(node);
  await using ben = await arrive(node);
  await using phone = await again(node, ann, { data: { rooms: true } });
  const { id: room } = await direct(ann, ben);
  await phone.nextPush("subscribe", room);
  await ann.rpc("room.leave", { room });
  for (const client of [ann, phone]) await client.nextPush("unsubscribe", room);
  expect(await toldToWrite(ben, room)).toBe("ok");
  expect(await told(ann, "message.list", { room })).toBe("room_not_found");
  expect(await told(ann, "room.join", { room })).toBe("room_not_found");
  for (const client of [ann, phone]) {
    await client.settled();
    expect(client.log(room).at(-1)?.kind).toBe("left");
  }
  const back = await direct(ann, ben);
  expect(back).toMatchObject({ id: room, members: 2, role: "member" });
  for (const client of [ann, phone]) await client.nextPush("subscribe", room);
  expect(await toldToWrite(ann, room)).toBe("ok");
});

test("who left and asks while the other one writes gets nothing that is not theirs", async () => {
  await using ann = await arrive(node);
  await using ben = await arrive(node);
  const { id: room } = await direct(ann, ben);
  for (let round = 0; round < 20; round++) {
    const { seq: left } = await ann.rpc<{ seq: number }>("room.leave", { room });
    const writes = [toldToWrite(ben, room), toldToWrite(ben, room)];
    const made = direct(ann, ben);
    expect(await Promise.all(writes)).toEqual(["ok", "ok"]);
    await made;
    await ann.settled();
    const { events } = await ann.rpc<{ events: Event[] }>("message.list", { room, after: left });
    const joined = events.find(({ tags, info }) => tags.kind === "joined" && info.user === ann.user)?.offset ?? 0;
    const between = ann.seqs(room).filter((seq) => seq > left && seq <= joined);
    expect([round, between]).toEqual([round, []]);
  }
});

test("a direct room is for others who are there", async () => {
  await using ann = await arrive(node);
  await using ben = await arrive(node);
  for (const users of [
    [],
    [ann.user],
    [ben.user, "nobody0nobody0nobody"],
    ["../x"],
    Array.from({ length: 10 }, () => ben.user),
  ])
    expect([users, await told(ann, "room.direct", { users })]).toEqual([users, "bad_request"]);
});
