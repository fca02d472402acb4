/** Changes of rooms, and words taken away: the same on a local file and on a real libSQL server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { systemClock } from "../../src/lib/clock.ts";
import type { MessageDraft, RoomChangeDraft } from "../../src/store/draft.ts";
import { revisions } from "../../src/store/schema.ts";
import {
  change,
  codes,
  committers,
  created,
  deletion,
  listed,
  marks,
  membership,
  message,
  Rig,
  seqs,
} from "./committers.ts";

const settings = {
  name: "n",
  topic: "t",
  history: "joined",
  post: "moderators",
  invite: "moderators",
  slow_ms: 5,
} as const;

for (const { name, at } of committers) {
  describe(name, () => {
    let rig: Rig;

    beforeAll(async () => {
      const place = await at();
      rig = new Rig(place, await place.open());
    });
    afterAll(() => rig.end());

    const stored = async (room: number, seq: number) => {
      const { rows } = await rig.storage.client.execute({
        sql: "SELECT data, deleted_seq, edited_seq FROM messages WHERE room = ? AND seq = ?",
        args: [room, seq],
      });
      return rows.map((row) => [row[0], row[1], row[2]])[0];
    };

    test("a room is made with all that it was given", async () => {
      const actor = await rig.newUser();
      const [made] = await rig.commit(created(actor, { kind: "broadcast", ...settings }, '{"user":"u"}'));
      const row = await rig.roomOf(made?.room ?? 0);
      expect(row).toMatchObject({ ...settings, kind: "broadcast", members: 1, direct_key: null, created_by: actor });
      expect(made).toEqual({ code: "committed", seq: 1, time: row.created_at, room: row.n });
      expect(await rig.logOf(row.n)).toEqual([{ seq: 1, kind: "joined", time: row.created_at, data: '{"user":"u"}' }]);
      expect((await rig.newRoom("open")).n).toBeGreaterThan(row.n);
    });

    test("moderators name a room and slow it down, the rest is its owners'", async () => {
      const room = await rig.newRoom();
      const actors = {
        owner: await rig.newPlace(room.n, { role: "owner" }),
        moderator: await rig.newPlace(room.n, { role: "moderator" }),
        member: await rig.newPlace(room.n),
        left: await rig.newPlace(room.n, { role: "owner", state: "left" }),
        stranger: await rig.newUser(),
      };
      const modest: RoomChangeDraft["set"][] = [{ name: "x" }, { topic: "y", slow_ms: 0 }, {}];
      const others: RoomChangeDraft["set"][] = [
        { history: "joined" },
        { post: "moderators" },
        { invite: "moderators" },
        { name: "x", post: "members" },
      ] as const;
      const told = async (actor: number): Promise<string[]> => {
        const asked = [...modest, ...others].map((set) => change("changed", room.n, { actor, set }));
        return [...new Set(codes(await rig.commit(...asked)).map((code, n) => `${n < modest.length} ${code}`))];
      };
      expect(await told(actors.owner)).toEqual(["true committed", "false committed"]);
      expect(await told(actors.moderator)).toEqual(["true committed", "false permission_denied"]);
      expect(await told(actors.member)).toEqual(["true permission_denied", "false permission_denied"]);
      expect(await told(actors.left)).toEqual(["true room_not_found", "false room_not_found"]);
      expect(await told(actors.stranger)).toEqual(["true room_not_found", "false room_not_found"]);
      for (const kind of ["closed", "reopened", "gone"] as const) {
        const asked = [actors.moderator, actors.member, actors.left, actors.stranger];
        const outcomes = await rig.commit(...asked.map((actor) => change(kind, room.n, { actor })));
        expect(codes(outcomes)).toEqual(["permission_denied", "permission_denied", "room_not_found", "room_not_found"]);
      }
      const outside = await rig.commit(
        change("changed", room.n, { actor: actors.stranger, right: "server", set: settings }),
        change("closed", room.n, { actor: actors.stranger, right: "server" }),
        change("reopened", room.n, { actor: actors.stranger, right: "server" }),
      );
      expect(codes(outside)).toEqual(["committed", "committed", "committed"]);
      expect(await rig.roomOf(room.n)).toMatchObject({ ...settings, closed_at: null });
      await rig.expectWhole(room.n, 14);
    });

    test("a direct room is changed by the server only, an open one by nobody", async () => {
      const direct = await rig.newRoom("direct");
      const open = await rig.newRoom("open");
      for (const kind of ["changed", "closed", "reopened", "gone"] as const) {
        const outcomes = await rig.commit(
          change(kind, direct.n, { actor: direct.owner, set: { name: "x" } }),
          change(kind, open.n, { actor: open.owner, set: { name: "x" }, right: "server" }),
        );
        expect(codes(outcomes)).toEqual(["permission_denied", "room_not_found"]);
      }
      const right = "server";
      const outcomes = await rig.commit(
        change("changed", direct.n, { actor: direct.owner, set: { topic: "x" }, right }),
      );
      expect(codes(outcomes)).toEqual(["committed"]);
    });

    test("a closed room stays as it is until it is opened again", async () => {
      const room = await rig.newRoom();
      const member = await rig.newPlace(room.n);
      const by = { actor: room.owner };
      const outcomes = await rig.commit(
        change("reopened", room.n, by),
        message(room.n, member),
        change("closed", room.n, by),
        message(room.n, member),
        message(room.n, await rig.newUser()),
        change("closed", room.n, by),
        change("changed", room.n, { ...by, set: { topic: "over" } }),
        deletion(room.n, { actor: member, target: 2 }),
        change("reopened", room.n, by),
        message(room.n, member),
      );
      expect(codes(outcomes)).toEqual(
        listed(`repeated committed committed room_closed room_not_found repeated committed committed committed
          committed`),
      );
      expect(seqs(outcomes)).toEqual([1, 2, 3, 0, 0, 3, 4, 5, 6, 7]);
      const kinds = (await rig.logOf(room.n)).map(({ kind }) => kind);
      expect(kinds).toEqual(["joined", "message", "closed", "changed", "deleted", "reopened", "message"]);
      await rig.expectWhole(room.n, 7);
    });

    test("a room that is gone is not found by anybody, but a retry is told what it got", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      const by = { actor: room.owner };
      const outcomes = await rig.commit(
        draft,
        change("gone", room.n, by),
        draft,
        { ...draft, data: '"other"' },
        message(room.n, room.owner),
        change("gone", room.n, by),
        change("changed", room.n, { ...by, right: "server", set: { name: "x" } }),
        membership("joined", room.n, { actor: await rig.newUser() }),
        membership("left", room.n, by),
        membership("banned", room.n, { ...by, target: await rig.newUser(), right: "server" }),
        deletion(room.n, { ...by, target: 2 }),
        marks(room.n, room.owner, { read: 1, received: 1 }),
      );
      const [, , again, other, ...rest] = codes(outcomes);
      expect(codes(outcomes).slice(0, 2)).toEqual(["committed", "committed"]);
      expect([again, other]).toEqual(["repeated", "id_conflict"]);
      expect(rest).toEqual(rest.map(() => "room_not_found"));
      expect(codes(await rig.commit(draft, { ...draft, data: '"other"' }))).toEqual(["repeated", "id_conflict"]);
      const { deleted_at, members: left } = await rig.roomOf(room.n);
      expect(Math.abs((deleted_at ?? 0) - systemClock.now())).toBeLessThan(60_000);
      expect(left).toBe(1);
      await rig.expectWhole(room.n, 3);
    });

    test("words are taken away by who wrote them, by moderators and by the server, once", async () => {
      const room = await rig.newRoom();
      const [moderator, member, former] = [
        await rig.newPlace(room.n, { role: "moderator" }),
        await rig.newPlace(room.n),
        await rig.newPlace(room.n),
      ];
      const drafts = [
        message(room.n, member),
        message(room.n, room.owner),
        message(room.n, former),
        message(room.n, member),
      ];
      await rig.commit(...drafts, membership("left", room.n, { actor: former }));
      await rig.storage.db
        .insert(revisions)
        .values([2, 3].map((seq) => ({ room: room.n, seq, replaced_seq: 9, data: "1" })));
      const by = (actor: number, target: number, right: "room" | "server" = "room") =>
        deletion(room.n, { actor, target, right });
      const stranger = await rig.newUser();
      const outcomes = await rig.commit(
        by(member, 3),
        by(former, 4),
        by(stranger, 2),
        by(stranger, 77),
        by(member, 77),
        by(member, 1),
        by(member, 2),
        by(room.owner, 2),
        by(moderator, 3),
        by(stranger, 4, "server"),
        by(stranger, 77, "server"),
      );
      expect(codes(outcomes)).toEqual(
        listed(`permission_denied room_not_found room_not_found room_not_found message_not_found
          message_not_found committed repeated committed committed message_not_found`),
      );
      expect(seqs(outcomes)).toEqual([0, 0, 0, 0, 0, 0, 7, 7, 8, 9, 0]);
      expect(await stored(room.n, 2)).toEqual(["null", 7, null]);
      expect(await stored(room.n, 3)).toEqual(["null", 8, null]);
      expect((await stored(room.n, 5))?.[0]).toBe(drafts[3]?.data ?? "");
      expect(await rig.storage.db.select().from(revisions).where(eq(revisions.room, room.n))).toEqual([]);
      const retries = drafts.slice(0, 2).map((draft) => ({ ...draft, data: '"other"' }));
      const again = await rig.commit(...drafts.slice(0, 3), ...retries, { ...(drafts[3] as MessageDraft), data: "1" });
      expect(codes(again)).toEqual(listed("repeated repeated repeated repeated repeated id_conflict"));
      expect(seqs(again)).toEqual([2, 3, 4, 2, 3, 0]);
      await rig.expectWhole(room.n, 9);
    });

    test("nobody moderates a direct room, and who asks for their own right has only that", async () => {
      const direct = await rig.newRoom("direct");
      const other = await rig.newPlace(direct.n);
      const room = await rig.newRoom();
      const member = await rig.newPlace(room.n);
      await rig.commit(message(direct.n, other), message(room.n, member), message(room.n, room.owner));
      const outcomes = await rig.commit(
        deletion(direct.n, { actor: direct.owner, target: 2 }),
        deletion(direct.n, { actor: other, target: 2 }),
        deletion(room.n, { actor: room.owner, target: 2, right: "self" }),
        deletion(room.n, { actor: room.owner, target: 3, right: "self" }),
        deletion(room.n, { actor: room.owner, target: 2 }),
      );
      expect(codes(outcomes)).toEqual(listed("permission_denied committed permission_denied committed committed"));
    });

    test("a message that the same batch takes away is told to its copies", async () => {
      const room = await rig.newRoom();
      const draft = message(room.n, room.owner);
      const other = { ...draft, data: '"other"' };
      const remove = deletion(room.n, { actor: room.owner, target: 2 });
      const outcomes = await rig.commit(remove, draft, other, remove, draft, other, remove);
      expect(codes(outcomes)).toEqual(
        listed("message_not_found committed id_conflict committed repeated repeated repeated"),
      );
      expect(seqs(outcomes)).toEqual([0, 2, 0, 3, 2, 2, 3]);
      await rig.expectWhole(room.n, 3);
    });

    test("in an open room everybody takes away their own words only", async () => {
      const room = await rig.newRoom("open");
      const [one, two] = [await rig.newUser(), await rig.newUser()];
      await rig.commit(message(room.n, one), message(room.n, two));
      const outcomes = await rig.commit(
        deletion(room.n, { actor: one, target: 2 }),
        deletion(room.n, { actor: one, target: 1 }),
        deletion(room.n, { actor: one, target: 9 }),
        deletion(room.n, { actor: one, target: 2, right: "server" }),
      );
      expect(codes(outcomes)).toEqual(["permission_denied", "committed", "message_not_found", "committed"]);
      await rig.expectWhole(room.n, 4);
    });

    test("a draft that was refused does not stand in the way of its copy", async () => {
      const room = await rig.newRoom();
      const guest = await rig.newUser();
      const draft = message(room.n, guest);
      const outcomes = await rig.commit(draft, membership("joined", room.n, { actor: guest }), draft, draft);
      expect(codes(outcomes)).toEqual(["room_not_found", "committed", "committed", "repeated"]);
      expect(seqs(outcomes)).toEqual([0, 2, 3, 3]);
    });
  });
}
