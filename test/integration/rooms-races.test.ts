/** What happens in the same moment: removals against sends, ends of rooms against their news, sign-outs against everything. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { Checker, kept } from "../checker.ts";
import { openRaw, within, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { again, arrive, codeOf, roomOf } from "../room-people.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { publishMany, unlimited } from "../writing.ts";

const random = randomOf(printedSeed());
const whole = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));

let node: ChatNode;
beforeAll(async () => {
  node = await startNode({ args: ["--open", ...unlimited] });
});
afterAll(() => node[Symbol.asyncDispose]());

interface Event {
  readonly offset: number;
  readonly data: { readonly text?: string };
  readonly info: { readonly user: string };
  readonly tags: { readonly kind?: string; readonly id?: string };
}

async function logOf(client: RawClient, room: string): Promise<Event[]> {
  return (await client.rpc<{ events: Event[] }>("message.list", { room, limit: 1_000, after: 0 })).events;
}

/** Sends so many messages in frames of some, without waiting; what became of each, by id. */
function burst(client: RawClient, room: string, count: number): Promise<{ id: string; seq: number; code: string }>[] {
  const answers: Promise<{ id: string; seq: number; code: string }>[] = [];
  while (answers.length < count) {
    const frame = Array.from({ length: Math.min(whole(1, 12), count - answers.length) }, () => {
      const id = Bun.randomUUIDv7();
      const command = client.command("rpc", { method: "message.send", data: { room, id, data: { text: id } } });
      answers.push(
        command.reply.then(({ error, rpc }) => ({
          id,
          code: codeOf(error),
          seq: (rpc?.data as { seq?: number } | undefined)?.seq ?? 0,
        })),
      );
      return command.text;
    });
    client.send(frame.join("\n"));
  }
  return answers;
}

const ends = {
  "member.ban": { kind: "banned", code: "room_not_found" },
  "member.remove": { kind: "removed", code: "room_not_found" },
  "member.mute": { kind: "muted", code: "muted" },
  "room.close": { kind: "closed", code: "room_closed" },
} as const;

for (const [method, { kind, code }] of Object.entries(ends)) {
  test(`${method} against sends: what was acknowledged stands before it in the log, and nothing behind it`, async () => {
    for (let round = 0; round < 12; round++) {
      await using owner = await arrive(node);
      await using member = await arrive(node);
      const room = await roomOf(owner, [member]);
      await using phone = await again(node, member, { data: { rooms: true } });
      const until = Date.now() + 600_000;
      const answers = [...burst(member, room, 40), ...burst(phone, room, 40)];
      const about = method === "room.close" ? { room } : { room, user: member.user };
      const ended = owner.rpc<{ seq: number }>(method, method === "member.mute" ? { ...about, until } : about);
      answers.push(...burst(member, room, 40), ...burst(phone, room, 40));
      const { seq: end } = await ended;
      const told = await Promise.all(answers);
      const log = await logOf(owner, room);
      expect(log.find(({ offset }) => offset === end)?.tags.kind).toBe(kind);
      const stored = new Map(
        log.filter(({ tags }) => tags.kind === undefined).map(({ offset, tags }) => [tags.id, offset]),
      );
      expect([round, [...stored.values()].filter((seq) => seq > end)]).toEqual([round, []]);
      for (const one of told)
        expect([round, one.code, stored.get(one.id) ?? 0]).toEqual([round, one.seq > 0 ? "ok" : code, one.seq]);
      expect(told.filter(({ seq }) => seq > 0).length).toBe(stored.size);
      // Asked again, a message that was stored is acknowledged with its seq, whoever has been put out since.
      for (const { id, seq } of told.filter((one) => one.seq > 0).slice(-3))
        expect(await member.rpc<object>("message.send", { room, id, data: { text: id } })).toMatchObject({ seq });
      if (method === "room.close") continue;
      for (const client of [member, phone]) {
        await client.settled();
        const late = client.seqs(room).filter((seq) => seq > end);
        expect([round, kind === "muted" ? [] : late]).toEqual([round, []]);
      }
    }
  });
}

test("the deletion of a room against sends, arrivals and readers: nobody is told of anything behind it", async () => {
  for (let round = 0; round < 12; round++) {
    await using owner = await arrive(node);
    await using member = await arrive(node);
    const room = await roomOf(owner, [member]);
    const answers = burst(member, room, whole(1, 60));
    const deleted = owner.rpc<{ seq: number }>("room.delete", { room });
    answers.push(...burst(member, room, 30));
    const arriving = Array.from({ length: 4 }, () =>
      again(node, member, { data: { rooms: true, positions: { [room]: 0 } } }),
    );
    const subscribing = again(node, owner).then(async (client) => {
      const { error } = await client.request("subscribe", { channel: room, recover: true, offset: 0 });
      return { client, code: codeOf(error) };
    });
    const { seq: end } = await deleted;
    for (const { code, seq } of await Promise.all(answers))
      expect([round, code, seq < end]).toEqual([round, seq > 0 ? "ok" : "room_not_found", true]);
    const clients = await Promise.all(arriving);
    const { client: late, code } = await subscribing;
    expect(["ok", "room_not_found"]).toContain(code);
    for (const client of [...clients, late, member]) {
      await client.settled();
      const seqs = client.seqs(room);
      expect([round, seqs.filter((seq) => seq > end)]).toEqual([round, []]);
      // Whoever had it has the end of it, too.
      if (client.connected?.subs[room] !== undefined && client !== late)
        expect([round, client.log(room).at(-1)?.kind]).toEqual([round, "gone"]);
      expect(codeOf((await client.request("history", { channel: room, limit: 1 })).error)).toBe("room_not_found");
    }
    await Promise.all([...clients, late].map((client) => client.close()));
  }
});

test("a sign-out against everything: every connection ends within a second, and nothing that was acknowledged is lost", async () => {
  for (let round = 0; round < 6; round++) {
    await using own = await startNodeOnce();
    await using owner = await arrive(own);
    const room = await roomOf(owner);
    const rooms = await Promise.all(Array.from({ length: 5 }, () => roomOf(owner)));
    const [first, other] = await Promise.all([arrive(own), arrive(own)]);
    await first.rpc("room.join", { room });
    const mine = [first, await again(own, first, { data: { rooms: true } }), await again(own, first)];
    const checker = new Checker();
    const writing = publishMany(owner, room, { count: 500, data: (n) => ({ n }) });
    for (const client of mine) {
      for (const answer of burst(client, room, 60)) {
        void answer.then(
          ({ code, id, seq }) => code === "ok" && checker.acknowledged(room, id, seq),
          () => {},
        );
      }
      for (const one of rooms) {
        for (const method of ["room.join", "room.get", "message.list", "room.leave", "room.join"])
          void client.request("rpc", { method, data: { room: one } }).catch(() => {});
        void client.request("subscribe", { channel: one, recover: true, offset: 0 }).catch(() => {});
      }
    }
    // Some of them are on their way in.
    const arriving = Array.from({ length: 6 }, () =>
      again(own, first, { data: { rooms: true } }).catch(() => undefined),
    );
    const start = performance.now();
    const signedOut = first.request("rpc", { method: "session.end", data: {} });
    expect(codeOf((await signedOut).error)).toBe("ok");
    for (const client of mine) {
      const { code } = await within(client.closed, () => "the end of a connection", 1_000);
      expect([round, code]).toEqual([round, 3503]);
    }
    for (const client of await Promise.all(arriving)) {
      if (client !== undefined)
        expect((await within(client.closed, () => "the end of one that came", 1_000)).code).toBe(3503);
    }
    expect(performance.now() - start).toBeLessThan(3_000);
    // The other guest was not meant.
    expect(codeOf((await other.request("ping", {})).error)).toBe("ok");
    await writing;
    await other.close();
    await using late = await openRaw(own);
    const refused = await late.request("connect", { token: first.connected?.data.token });
    expect(codeOf(refused.error)).toBe("unauthorized");
    await own.stop();
    expect(await checker.verify(own)).toEqual(kept);
  }
}, 120_000);

function startNodeOnce(): Promise<ChatNode> {
  return startNode({ args: ["--open", ...unlimited] });
}
