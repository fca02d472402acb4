/** Who may write when, and how far somebody has read: the same on a local file and on a real libSQL server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { systemClock } from "../../src/lib/clock.ts";
import type { MessageDraft, RoomChangeDraft } from "../../src/store/draft.ts";
import { blocks, members, rooms } from "../../src/store/schema.ts";
import { change, codes, committers, listed, marks, membership, message, Rig } from "./committers.ts";

const hour_ms = 3_600_000;

for (const { name, at } of committers) {
  describe(name, () => {
    let rig: Rig;

    beforeAll(async () => {
      const place = await at();
      rig = new Rig(place, await place.open());
    });
    afterAll(() => rig.end());

    test("who may write is the room's setting", async () => {
      const room = await rig.newRoom("broadcast", "all", { post: "moderators" });
      const [moderator, member] = [await rig.newPlace(room.n, { role: "moderator" }), await rig.newPlace(room.n)];
      const outcomes = await rig.commit(
        message(room.n, room.owner),
        message(room.n, moderator),
        message(room.n, member),
        membership("role", room.n, { actor: room.owner, target: member, role: "moderator" }),
        message(room.n, member),
        membership("role", room.n, { actor: room.owner, target: member, role: "member" }),
        message(room.n, member),
        change("changed", room.n, { actor: room.owner, set: { post: "members" } }),
        message(room.n, member),
      );
      expect(codes(outcomes)).toEqual(
        listed(`committed committed permission_denied committed committed committed permission_denied committed
          committed`),
      );
      await rig.expectWhole(room.n, 8);
    });

    test("in slow mode members wait, a retry does not, and moderators never do", async () => {
      const room = await rig.newRoom("public", "all", { slow_ms: hour_ms });
      const [moderator, one, two] = [
        await rig.newPlace(room.n, { role: "moderator" }),
        await rig.newPlace(room.n),
        await rig.newPlace(room.n),
      ];
      const first = message(room.n, one);
      const outcomes = await rig.commit(
        first,
        message(room.n, one),
        message(room.n, two),
        message(room.n, one),
        message(room.n, moderator),
        message(room.n, moderator),
        first,
      );
      expect(codes(outcomes)).toEqual(listed("committed slow_mode committed slow_mode committed committed repeated"));
      for (const [n, who] of [one, two, moderator].entries())
        expect((await rig.placeOf(room.n, who))?.last_sent_at).toBe(outcomes[[0, 2, 5][n] ?? 0]?.time ?? 0);
      expect(codes(await rig.commit(message(room.n, one), first))).toEqual(["slow_mode", "repeated"]);
      await rig.storage.db
        .update(members)
        .set({ last_sent_at: systemClock.now() - hour_ms - 1 })
        .where(eq(members.room, room.n));
      // What was stored before does not count as the one that may pass.
      expect(codes(await rig.commit(first, message(room.n, one), message(room.n, one)))).toEqual([
        "repeated",
        "committed",
        "slow_mode",
      ]);
      await rig.expectWhole(room.n, 6);
    });

    test("in slow mode nobody waits for a clock that was ahead and was set right", async () => {
      const room = await rig.newRoom("public", "all", { slow_ms: hour_ms });
      const member = await rig.newPlace(room.n);
      const ahead = systemClock.now() + 2 * hour_ms;
      await rig.storage.db.update(members).set({ last_sent_at: ahead }).where(eq(members.room, room.n));
      await rig.storage.db.update(rooms).set({ last_at: ahead }).where(eq(rooms.n, room.n));
      const [sent, again] = await rig.commit(message(room.n, member), message(room.n, member));
      expect([sent, again]).toMatchObject([{ code: "committed", time: ahead }, { code: "slow_mode" }]);
      expect(codes(await rig.commit(message(room.n, member)))).toEqual(["slow_mode"]);
      await rig.expectWhole(room.n, 2);
    });

    test("slow mode begins and ends at its place in the batch", async () => {
      const room = await rig.newRoom();
      const member = await rig.newPlace(room.n);
      const slow = (slow_ms: number): RoomChangeDraft =>
        change("changed", room.n, { actor: room.owner, set: { slow_ms } });
      const write = (): MessageDraft => message(room.n, member);
      const outcomes = await rig.commit(
        write(),
        write(),
        slow(hour_ms),
        write(),
        write(),
        slow(0),
        write(),
        write(),
        slow(hour_ms),
        write(),
      );
      expect(codes(outcomes)).toEqual(
        listed(`committed committed committed committed slow_mode committed committed committed committed
          slow_mode`),
      );
      expect((await rig.placeOf(room.n, member))?.last_sent_at).toBe(outcomes[3]?.time ?? 0);
      await rig.expectWhole(room.n, 9);
    });

    test("in a direct room nobody writes to who has blocked them; elsewhere it changes nothing", async () => {
      const direct = await rig.newRoom("direct");
      const other = await rig.newUser();
      const room = await rig.newRoom();
      await rig.commit(
        membership("joined", direct.n, { actor: direct.owner, target: other }),
        membership("joined", room.n, { actor: other }),
        membership("joined", room.n, { actor: direct.owner }),
      );
      const before = message(direct.n, other);
      await rig.commit(before);
      await rig.storage.db.insert(blocks).values({ user: direct.owner, blocked: other, at: 1 });
      const drafts = [before, message(direct.n, other), message(direct.n, direct.owner), message(room.n, other)];
      expect(codes(await rig.commit(...drafts))).toEqual(["repeated", "permission_denied", "committed", "committed"]);
      await rig.storage.db.delete(blocks).where(eq(blocks.user, direct.owner));
      expect(codes(await rig.commit(message(direct.n, other)))).toEqual(["committed"]);
    });

    test("marks rise, and never above what was there before the batch", async () => {
      const room = await rig.newRoom();
      const [member, former] = [await rig.newPlace(room.n), await rig.newPlace(room.n, { state: "left" })];
      await rig.commit(...Array.from({ length: 9 }, () => message(room.n, room.owner)));
      const marked = async () => {
        const { read_seq, recv_seq } = (await rig.placeOf(room.n, member)) ?? {};
        return [read_seq, recv_seq];
      };
      const mark = (read: number, received: number) => marks(room.n, member, { read, received });
      const first = await rig.commit(mark(3, 5), marks(room.n, former, { read: 9, received: 9 }));
      expect(first).toMatchObject([
        { code: "committed", seq: 0, room: room.n },
        { code: "committed", seq: 0, room: room.n },
      ]);
      expect(await marked()).toEqual([3, 5]);
      await rig.commit(mark(2, 4), mark(6, 1), mark(4, 2));
      expect(await marked()).toEqual([6, 6]);
      await rig.commit(message(room.n, room.owner), mark(7, 99), message(room.n, room.owner));
      expect(await marked()).toEqual([7, 10]);
      await rig.commit(mark(99, 0));
      expect(await marked()).toEqual([12, 12]);
      expect((await rig.placeOf(room.n, former))?.read_seq).toBe(0);
      expect(codes(await rig.commit(marks(4_000_000, member, { read: 1, received: 1 })))).toEqual(["room_not_found"]);
      await rig.expectWhole(room.n, 12);
    });

    test("marks count for who is in at their place of the batch", async () => {
      const room = await rig.newRoom();
      const [comes, goes] = [await rig.newUser(), await rig.newPlace(room.n)];
      const mark = (actor: number, read: number) => marks(room.n, actor, { read, received: 0 });
      await rig.commit(message(room.n, room.owner), message(room.n, room.owner));
      await rig.commit(
        mark(comes, 1),
        membership("joined", room.n, { actor: comes }),
        mark(comes, 2),
        mark(goes, 1),
        membership("left", room.n, { actor: goes }),
        mark(goes, 2),
      );
      expect((await rig.placeOf(room.n, comes))?.read_seq).toBe(2);
      expect((await rig.placeOf(room.n, goes))?.read_seq).toBe(1);
    });
  });
}
