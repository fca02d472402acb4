import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Room } from "../../src/protocol/room-operations.ts";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { again, arrive, kindsOf, roomOf, told } from "../room-people.ts";
import { publishSteadily, unlimited } from "../writing.ts";

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

test("of a person's connections those get a new room that asked for all of theirs", async () => {
  await using owner = await arrive(node);
  await using page = await arrive(node);
  await using app = await again(node, page, { data: { rooms: true } });
  await using plain = await again(node, page);
  const room = await roomOf(owner, [page], { kind: "private" });
  for (const client of [page, app]) await client.nextPush("subscribe", room);
  await owner.request("publish", { channel: room, data: { text: "one" } });
  for (const client of [page, app]) await client.untilSeq(room, 4);
  await plain.settled();
  expect(plain.seqs(room)).toEqual([]);
  // The plain one subscribes by itself, once.
  await plain.subscribe(room, { recover: true, offset: 2 });
  expect(plain.seqs(room)).toEqual([3, 4]);
  expect(await plain.refusal("subscribe", { channel: room })).toMatchObject({ code: 105 });
  expect(await app.refusal("subscribe", { channel: room })).toMatchObject({ code: 105 });
  await page.rpc("room.leave", { room });
  for (const client of [page, app, plain]) {
    await client.nextPush("unsubscribe", room);
    expect(client.log(room).at(-1)).toMatchObject({ seq: 5, kind: "left" });
  }
  await owner.request("publish", { channel: room, data: { text: "two" } });
  await owner.untilSeq(room, 6);
  for (const client of [page, app, plain]) {
    await client.settled();
    expect(client.seqs(room).at(-1)).toBe(5);
  }
});

test("leaving and coming back while the room is written to: each stay is whole, and nothing of between comes live", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  await using phone = await again(node, member);
  const room = await roomOf(owner, [member], { history: "joined" });
  const writing = publishSteadily(owner, room, { perSecond: 3_000, data: (n) => ({ n }) });
  const stays: [number, number][] = [[2, 0]];
  for (let round = 0; round < 10; round++) {
    const { seq: left } = await member.rpc<{ seq: number }>("room.leave", { room });
    (stays.at(-1) as [number, number])[1] = left;
    const { visible_from } = await phone.rpc<Room>("room.join", { room });
    stays.push([visible_from ?? 0, 0]);
    if (round % 2 === 0) await phone.subscribe(room);
    await member.until(() => (member.log(room).at(-1)?.seq ?? 0) > (visible_from ?? 0), "something of the new stay");
  }
  const { seq: end } = await member.rpc<{ seq: number }>("room.leave", { room });
  (stays.at(-1) as [number, number])[1] = end;
  await writing.stop();
  for (const client of [member, phone]) {
    await client.settled();
    const wrong = client.seqs(room).filter((seq) => !stays.some(([from, to]) => seq >= from && seq <= to));
    expect(wrong).toEqual([]);
  }
  // The one that has all rooms has each stay without a hole.
  const wanted = stays.flatMap(([from, to]) => Array.from({ length: to - from }, (_, at) => from + 1 + at));
  expect(member.seqs(room)).toEqual(wanted);
});

test("a connection that signs in while its person is put out, or comes, has what holds afterwards", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const token = member.connected?.data.token ?? "";
  const room = await roomOf(owner, [member], { history: "joined" });
  for (let round = 0; round < 30; round++) {
    const method = round % 2 === 0 ? "member.remove" : "room.join";
    const asked =
      round % 2 === 0 ? owner.rpc<object>(method, { room, user: member.user }) : member.rpc<object>(method, { room });
    const arriving = Array.from({ length: 3 }, () =>
      connectRaw(node, { token, data: { rooms: true, positions: { [room]: 0 } } }),
    );
    await asked;
    const { last_seq: before } = await owner.rpc<Room>("room.get", { room });
    await owner.request("publish", { channel: room, data: { round } });
    const clients: RawClient[] = await Promise.all(arriving);
    for (const client of clients) {
      if (round % 2 === 0) {
        await client.settled();
        expect([round, client.seqs(room).filter((seq) => seq > before)]).toEqual([round, []]);
        expect(await told(client, "message.list", { room })).toBe("room_not_found");
      } else {
        await client.untilSeq(room, before + 1);
        const { visible_from } = await client.rpc<Room>("room.get", { room });
        expect([round, client.seqs(room).filter((seq) => seq < (visible_from ?? 0))]).toEqual([round, []]);
      }
    }
    await Promise.all(clients.map((client) => client.close()));
  }
});

test("who leaves and joins again while subscribing does not read by the earlier membership", async () => {
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const room = await roomOf(owner, [member], { history: "joined" });
  for (let round = 0; round < 25; round++) {
    await using phone = await again(node, member);
    const commands = [
      phone.command("subscribe", { channel: room, recover: true, offset: 0 }),
      phone.command("rpc", { method: "room.leave", data: { room } }),
      phone.command("rpc", { method: "room.join", data: { room } }),
    ];
    await owner.request("publish", { channel: room, data: { round } });
    phone.send(commands.map(({ text }) => text).join("\n"));
    const [subscribed, , joined] = await Promise.all(commands.map(({ reply }) => reply));
    const { visible_from } = (joined?.rpc?.data ?? {}) as Room;
    // If it was subscribed before the leaving, it was unsubscribed by it; what came then was theirs then.
    if (subscribed?.error === undefined)
      await phone.until(() => phone.waiting.some(({ push }) => push?.unsubscribe !== undefined), "the end");
    await using back = await again(node, member);
    await back.subscribe(room, { recover: true, offset: 0 });
    await back.settled();
    expect([round, back.seqs(room).filter((seq) => seq < (visible_from ?? 0))]).toEqual([round, []]);
  }
});

test("an operation over HTTP is live for connections, and the person's own line stays theirs", async () => {
  await using owner = await arrive(node);
  await using guest = await arrive(node);
  const token = owner.connected?.data.token ?? "";
  const { json } = await post(node, "room.create", { token, body: { name: "By HTTP", kind: "private" } });
  const { id: room } = json as Room;
  await owner.nextPush("subscribe", room);
  expect((await post(node, "member.invite", { token, body: { room, user: guest.user } })).status).toBe(200);
  expect((await post(node, "room.join", { token: guest.connected?.data.token ?? "", body: { room } })).status).toBe(
    200,
  );
  await guest.nextPush("subscribe", room);
  await owner.untilSeq(room, 3);
  expect(kindsOf(owner, room)).toEqual(["invited", "joined"]);
  expect((await post(node, "member.ban", { token, body: { room, user: guest.user } })).status).toBe(200);
  await guest.nextPush("unsubscribe", room);
  for (const channel of [`user:${guest.user}`, "user:", "user:x", "$canary", "$"])
    expect([channel, (await owner.refusal("subscribe", { channel })).code]).toEqual([channel, 102]);
});
