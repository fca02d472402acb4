/** What every committer promises, on a local file and on a real libSQL server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { systemClock } from "../../src/lib/clock.ts";
import { shortId } from "../../src/lib/ids.ts";
import { wary_batches } from "../../src/store/commit-local.ts";
import type { Draft, Outcome } from "../../src/store/draft.ts";
import { members, rooms } from "../../src/store/schema.ts";
import { codes, committers, membership, message, Rig, seqs } from "./committers.ts";

for (const { name, at } of committers) {
  describe(name, () => {
    let rig: Rig;

    beforeAll(async () => {
      const place = await at();
      rig = new Rig(place, await place.open());
    });
    afterAll(() => rig.end());

    test("seqs start at 1, without holes, in the order of the drafts", async () => {
      const room = await rig.newRoom();
      const drafts = Array.from({ length: 20 }, () => message(room.n, room.owner));
      const outcomes = await rig.commit(...drafts);
      expect(seqs(outcomes)).toEqual(drafts.map((_, at) => at + 2));
      expect((await rig.logOf(room.n)).map(({ data }) => data)).toEqual(["{}", ...drafts.map(({ data }) => data)]);
      for (const outcome of outcomes) expect(Math.abs(outcome.time - systemClock.now())).toBeLessThan(60_000);
      await rig.expectWhole(room.n, 21);
    });

    test("rooms of one batch do not share seqs", async () => {
      const one = await rig.newRoom();
      const two = await rig.newRoom();
      const drafts = Array.from({ length: 30 }, (_, at) =>
        at % 3 === 0 ? message(one.n, one.owner) : message(two.n, two.owner),
      );
      const outcomes = await rig.commit(...drafts);
      expect(outcomes.filter(({ room }) => room === one.n).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 10 }, (_, at) => at + 2),
      );
      expect(outcomes.filter(({ room }) => room === two.n).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 20 }, (_, at) => at + 2),
      );
      await rig.expectWhole(one.n, 11);
      await rig.expectWhole(two.n, 21);
    });

    test("batches at the same time give each seq once", async () => {
      const room = await rig.newRoom();
      const batches = Array.from({ length: 8 }, () => Array.from({ length: 5 }, () => message(room.n, room.owner)));
      const all = (await Promise.all(batches.map((drafts) => rig.commit(...drafts)))).flat();
      expect(codes(all)).toEqual(all.map(() => "committed"));
      expect(seqs(all).toSorted((a, b) => a - b)).toEqual(all.map((_, at) => at + 2));
      await rig.expectWhole(room.n, 41);
    });

    test("the words come back as they were sent", async () => {
      const room = await rig.newRoom();
      const words = [
        '{"text":"é 漢字 👩‍👩‍👧 \\u0000 \\ud800 \\" \\\\ \u2028"}',
        "null",
        '"it\'s"',
        "1e400",
        `{"text":"${"x".repeat(60_000)}"}`,
      ];
      await rig.commit(...words.map((data) => message(room.n, room.owner, data)));
      expect((await rig.logOf(room.n)).slice(1).map(({ data }) => data)).toEqual(words);
    });

    test("a retry returns the first seq and time, and stores nothing", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      const [first] = await rig.commit(draft);
      const [again, other] = await rig.commit(draft, message(room.n, room.owner));
      expect(again).toEqual({ code: "repeated", seq: 2, time: first?.time ?? -1, room: room.n });
      expect(other).toMatchObject({ code: "committed", seq: 3 });
      await rig.expectWhole(room.n, 3);
    });

    test("a copy in the same batch has the seq of the first", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      const outcomes = await rig.commit(draft, draft, message(room.n, room.owner), { ...draft, data: "{}" });
      expect(codes(outcomes)).toEqual(["committed", "repeated", "committed", "id_conflict"]);
      expect(seqs(outcomes)).toEqual([2, 2, 3, 0]);
      await rig.expectWhole(room.n, 3);
    });

    test("retries anywhere in a big batch cost the others nothing", async () => {
      const room = await rig.newRoom();
      const other = await rig.newRoom();
      const quietRoom = await rig.newRoom();
      const first = message(room.n, room.owner);
      await rig.commit(first);
      // A local file expects more of them for a while after one: once behind a long quiet time, once behind another retry.
      const tries = [0, 3, 7, 8, 20].flatMap((at) => [
        { at, quiet: wary_batches },
        { at, quiet: 0 },
      ]);
      for (const { at, quiet } of tries) {
        for (let batch = 0; batch < quiet; batch++) await rig.commit(message(quietRoom.n, quietRoom.owner));
        const before = await rig.logOf(room.n);
        const drafts: Draft[] = Array.from({ length: 20 }, (_, n) =>
          n % 5 === 4 ? message(other.n, other.owner) : message(room.n, room.owner),
        );
        const fresh = drafts.filter((draft) => draft.kind === "message" && draft.room === room.n);
        drafts.splice(at, 0, first);
        const outcomes = await rig.commit(...drafts);
        expect(codes(outcomes)).toEqual(drafts.map((draft) => (draft === first ? "repeated" : "committed")));
        expect(outcomes[at]?.seq).toBe(2);
        expect((await rig.logOf(room.n)).slice(before.length).map(({ data }) => data)).toEqual(
          fresh.map(({ data }) => data),
        );
      }
      await rig.expectWhole(room.n, 2 + 10 * 16);
      await rig.expectWhole(other.n, 1 + 10 * 4);
    });

    test("the same id with other words is a conflict, unless an edit has changed them", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      await rig.commit(draft);
      expect(await rig.commit({ ...draft, data: "{}" })).toEqual([
        { code: "id_conflict", seq: 0, time: 0, room: room.n },
      ]);
      await rig.storage.client.execute({
        sql: "UPDATE messages SET data = '{}', edited_seq = 9 WHERE id = ?",
        args: [draft.id],
      });
      expect(await rig.commit(draft)).toMatchObject([{ code: "repeated", seq: 2 }]);
    });

    test("an id is its sender's own, and its room's", async () => {
      const room = await rig.newRoom("open");
      const other = await rig.newRoom("open");
      const draft = message(room.n, room.owner);
      const outcomes = await rig.commit(draft, { ...draft, actor: other.owner }, { ...draft, room: other.n });
      expect(codes(outcomes)).toEqual(["committed", "committed", "committed"]);
      expect(seqs(outcomes)).toEqual([1, 2, 1]);
    });

    test("days later, after a restart, a retry returns the first seq", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      const [first] = await rig.commit(draft);
      await rig.restart();
      const [again, next] = await rig.commit(draft, message(room.n, room.owner));
      expect(again).toEqual({ code: "repeated", seq: 2, time: first?.time ?? -1, room: room.n });
      expect(next?.seq).toBe(3);
      await rig.expectWhole(room.n, 3);
    });

    test("who may not write gets no seq and spoils nobody else's", async () => {
      const room = await rig.newRoom();
      const stranger = await rig.newUser();
      const outcomes = await rig.commit(
        message(room.n, room.owner),
        message(room.n, stranger),
        message(4_000_000, stranger),
        message(room.n, room.owner),
      );
      expect(codes(outcomes)).toEqual(["committed", "room_not_found", "room_not_found", "committed"]);
      expect(outcomes[1]).toEqual({ code: "room_not_found", seq: 0, time: 0, room: room.n });
      expect(seqs(outcomes)).toEqual([2, 0, 0, 3]);
      await rig.expectWhole(room.n, 3);
    });

    test("anybody writes to an open room, nobody to a closed one", async () => {
      const open = await rig.newRoom("open");
      const closed = await rig.newRoom();
      const draft = message(closed.n, closed.owner);
      await rig.commit(draft);
      await rig.storage.db.update(rooms).set({ closed_at: 1 }).where(eq(rooms.n, closed.n));
      const outcomes = await rig.commit(
        message(open.n, await rig.newUser()),
        message(closed.n, closed.owner),
        draft,
        membership("joined", closed.n, { actor: await rig.newUser() }),
        membership("joined", open.n, { actor: await rig.newUser() }),
        membership("left", closed.n, { actor: closed.owner }),
      );
      expect(codes(outcomes)).toEqual([
        "committed",
        "room_closed",
        "repeated",
        "room_closed",
        "room_not_found",
        "committed",
      ]);
      await rig.expectWhole(closed.n, 3);
      await rig.expectWhole(open.n, 1);
    });

    test("the muted may not write until the time is up", async () => {
      const room = await rig.newRoom();
      const mute = (until: number) =>
        rig.storage.db.update(members).set({ muted_until: until }).where(eq(members.room, room.n));
      await mute(systemClock.now() + 3_600_000);
      expect(codes(await rig.commit(message(room.n, room.owner)))).toEqual(["muted"]);
      await mute(systemClock.now() - 1_000);
      expect(codes(await rig.commit(message(room.n, room.owner)))).toEqual(["committed"]);
      await rig.expectWhole(room.n, 2);
    });

    test("who was banned meanwhile learns that the first try was stored", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      await rig.commit(draft);
      await rig.storage.db.update(members).set({ state: "banned" }).where(eq(members.room, room.n));
      const outcomes = await rig.commit(
        draft,
        message(room.n, room.owner),
        membership("joined", room.n, { actor: room.owner }),
      );
      expect(codes(outcomes)).toEqual(["repeated", "room_not_found", "room_not_found"]);
      await rig.expectWhole(room.n, 2);
    });

    test("in one batch, a message after a join passes and one after a leave does not", async () => {
      const room = await rig.newRoom();
      const guest = await rig.newUser();
      const outcomes = await rig.commit(
        message(room.n, guest),
        membership("joined", room.n, { actor: guest }),
        message(room.n, guest),
        message(room.n, room.owner),
        membership("left", room.n, { actor: guest }),
        message(room.n, guest),
        message(room.n, room.owner),
        membership("joined", room.n, { actor: guest }),
        message(room.n, guest),
      );
      expect(codes(outcomes)).toEqual([
        "room_not_found",
        "committed",
        "committed",
        "committed",
        "committed",
        "room_not_found",
        "committed",
        "committed",
        "committed",
      ]);
      expect(seqs(outcomes)).toEqual([0, 2, 3, 4, 5, 0, 6, 7, 8]);
      const kinds = (await rig.logOf(room.n)).map(({ kind }) => kind);
      expect(kinds).toEqual(["joined", "joined", "message", "message", "left", "message", "joined", "message"]);
      await rig.expectWhole(room.n, 8);
    });

    test("many join at once, and who is in already is told the seq of the first time", async () => {
      const room = await rig.newRoom("public", "joined");
      const people = await Promise.all(Array.from({ length: 5 }, () => rig.newUser()));
      const outcomes = await rig.commit(
        ...people.map((actor) => membership("joined", room.n, { actor })),
        membership("joined", room.n, { actor: people[1] ?? 0 }),
      );
      expect(codes(outcomes)).toEqual(["committed", "committed", "committed", "committed", "committed", "repeated"]);
      expect(seqs(outcomes)).toEqual([2, 3, 4, 5, 6, 3]);
      const again = await rig.commit(membership("joined", room.n, { actor: people[0] ?? 0 }));
      expect(again).toMatchObject([{ code: "repeated", seq: 2 }]);
      const rows = await rig.storage.db
        .select()
        .from(members)
        .where(eq(members.room, room.n))
        .orderBy(members.joined_seq);
      expect(rows.map((row) => row.visible_from)).toEqual([1, 2, 3, 4, 5, 6]);
      await rig.expectWhole(room.n, 6);
    });

    test("who comes again reads from what the room's setting says", async () => {
      const all = await rig.newRoom("public", "all");
      const joined = await rig.newRoom("public", "joined");
      const guest = await rig.newUser();
      for (const room of [all, joined]) {
        await rig.commit(membership("joined", room.n, { actor: guest }), membership("left", room.n, { actor: guest }));
        expect(await rig.commit(membership("left", room.n, { actor: guest }))).toMatchObject([
          { code: "repeated", seq: 3 },
        ]);
        expect(await rig.commit(membership("joined", room.n, { actor: guest }))).toMatchObject([
          { code: "committed", seq: 4 },
        ]);
      }
      const rows = await rig.storage.db.select().from(members).where(eq(members.user, guest)).orderBy(members.room);
      expect(
        rows.map(({ visible_from, joined_seq, left_seq, state }) => [visible_from, joined_seq, left_seq, state]),
      ).toEqual([
        [1, 4, null, "joined"],
        [4, 4, null, "joined"],
      ]);
    });

    test("a private room is entered by those who are brought or invited", async () => {
      const room = await rig.newRoom("private");
      const [stranger, brought, invited] = [await rig.newUser(), await rig.newUser(), await rig.newUser()];
      await rig.storage.db
        .insert(members)
        .values({ room: room.n, user: invited, role: "member", state: "invited", visible_from: 1, joined_seq: 0 });
      const outcomes = await rig.commit(
        membership("joined", room.n, { actor: stranger }),
        membership("joined", room.n, { actor: brought, right: "link" }),
        membership("joined", room.n, { actor: invited }),
        membership("left", room.n, { actor: stranger }),
        membership("left", room.n, { actor: room.owner, target: brought }),
        membership("joined", room.n, { actor: brought }),
      );
      expect(codes(outcomes)).toEqual([
        "room_not_found",
        "committed",
        "committed",
        "room_not_found",
        "committed",
        "room_not_found",
      ]);
      expect(seqs(outcomes)).toEqual([0, 2, 3, 0, 4, 0]);
      await rig.expectWhole(room.n, 4);
    });

    test("a room is made once, whoever asks first", async () => {
      const owner = await rig.newUser();
      const room = { id: shortId(), kind: "public", name: "'quoted' \"name\" ü", history: "all" } as const;
      const draft: Draft = { kind: "created", actor: owner, by: `u${owner}`, room, data: '{"user":"x"}' };
      const [first] = await rig.commit(draft);
      const [again] = await rig.commit({ ...draft, actor: await rig.newUser() });
      expect(first).toMatchObject({ code: "committed", seq: 1 });
      expect(again).toMatchObject({ code: "repeated", seq: 1, room: first?.room ?? -1 });
      const [row] = await rig.storage.db.select().from(rooms).where(eq(rooms.id, room.id));
      expect(row).toMatchObject({ name: room.name, created_by: owner, last_seq: 1 });
      const people = await rig.storage.db
        .select()
        .from(members)
        .where(eq(members.room, row?.n ?? 0));
      expect(people).toMatchObject([{ user: owner, role: "owner", state: "joined", visible_from: 1, joined_seq: 1 }]);
      await rig.expectWhole(row?.n ?? 0, 1);
    });

    test("time never goes below the room's previous event", async () => {
      const room = await rig.newRoom();
      const ahead = systemClock.now() + 7_200_000;
      await rig.storage.db.update(rooms).set({ last_at: ahead }).where(eq(rooms.n, room.n));
      const outcomes = await rig.commit(
        message(room.n, room.owner),
        membership("joined", room.n, { actor: await rig.newUser() }),
        message(room.n, room.owner),
      );
      expect(outcomes.map(({ time }) => time)).toEqual([ahead, ahead, ahead]);
      await rig.expectWhole(room.n, 4);
    });

    test("a batch that fails leaves nothing behind", async () => {
      const room = await rig.newRoom();
      const nobody = 40_000_000;
      const drafts = [message(room.n, room.owner), membership("joined", room.n, { actor: nobody, right: "link" })];
      const failed = await rig.storage.committer.commit(drafts).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ name: "StorageError", code: "internal" });
      await rig.expectWhole(room.n, 1);
      expect(await rig.commit(message(room.n, room.owner))).toMatchObject([{ code: "committed", seq: 2 }]);
    });

    test("an empty batch has no outcomes", async () => {
      expect(await rig.commit()).toEqual([]);
    });

    test("another connection sees the same, and its retry changes nothing", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      await rig.commit(draft);
      // A local file has one server: there, another connection is another session of the same committer.
      const other = rig.place.shared ? await rig.place.open() : rig.storage;
      const there = async (draft: Draft) => (await other.committer.commit([draft])).outcomes;
      expect(await there(draft)).toMatchObject([{ code: "repeated", seq: 2 }]);
      // Each has one batch on its way, as a journal has: forty at once wait on a busy machine for more than a call may.
      const outcomes: Outcome[] = [];
      const write = async (commit: (draft: Draft) => Promise<readonly Outcome[]>): Promise<void> => {
        for (let round = 0; round < 20; round++) outcomes.push(...(await commit(message(room.n, room.owner))));
      };
      await Promise.all([write((one) => rig.commit(one)), write(there)]);
      expect(seqs(outcomes).toSorted((a, b) => a - b)).toEqual(outcomes.map((_, at) => at + 3));
      if (rig.place.shared) await other.close();
      await rig.expectWhole(room.n, 42);
    });

    test("nothing was left broken", async () => {
      const { rows } = await rig.storage.client.execute(
        "SELECT count(*) FROM messages m WHERE NOT EXISTS (SELECT 1 FROM rooms r WHERE r.n = m.room AND r.last_seq >= m.seq)",
      );
      expect(Number(rows[0]?.[0])).toBe(0);
      const integrity = await rig.storage.db.all<{ integrity_check: string }>(sql`PRAGMA integrity_check`);
      expect(integrity.map((row) => row.integrity_check)).toEqual(["ok"]);
    });
  });
}
