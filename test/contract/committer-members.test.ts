/** Who may change whose place in a room, and what it changes: the same on a local file and on a real libSQL server. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/lib/clock.ts";
import type { MembershipDraft, OutcomeCode } from "../../src/store/draft.ts";
import { change, codes, committers, created, listed, membership, message, Rig, seqs } from "./committers.ts";

const hour_ms = 3_600_000;
const soon = (): number => systemClock.now() + hour_ms;

const standings = ["owner", "moderator", "member", "invited", "left", "stranger"] as const;
type Standing = (typeof standings)[number];

/** Somebody new who stands so in the room. */
function somebody(rig: Rig, room: number, standing: Standing): Promise<number> {
  if (standing === "stranger") return rig.newUser();
  if (standing === "invited") return rig.newPlace(room, { state: "invited" });
  if (standing === "left") return rig.newPlace(room, { state: "left", role: "owner", left_seq: 1 });
  return rig.newPlace(room, { role: standing });
}

/** Whom one who stands so may remove, ban, unban or mute by the right of the room. */
const below: Readonly<Record<Standing, readonly Standing[]>> = {
  owner: ["moderator", "member", "invited", "left", "stranger"],
  moderator: ["member", "invited", "left", "stranger"],
  member: [],
  invited: [],
  left: [],
  stranger: [],
};

const isIn = (standing: Standing): boolean => ["owner", "moderator", "member"].includes(standing);

/** What an act on somebody who stands so comes to, once it is allowed. */
const effects: readonly { kind: MembershipDraft["kind"]; until?: number; on: (target: Standing) => OutcomeCode }[] = [
  { kind: "removed", on: (target) => (isIn(target) || target === "invited" ? "committed" : "repeated") },
  { kind: "banned", until: 0, on: () => "committed" },
  { kind: "unbanned", on: () => "repeated" },
  { kind: "muted", until: 2 ** 45, on: (target) => (isIn(target) ? "committed" : "not_a_member") },
];

for (const { name, at } of committers) {
  describe(name, () => {
    let rig: Rig;

    beforeAll(async () => {
      const place = await at();
      rig = new Rig(place, await place.open());
    });
    afterAll(() => rig.end());

    for (const { kind, until = 0, on } of effects) {
      test(`${kind}: by who stands above, or by the server`, async () => {
        const room = await rig.newRoom();
        const drafts: MembershipDraft[] = [];
        const expected: OutcomeCode[] = [];
        for (const by of standings) {
          for (const about of standings) {
            const actor = await somebody(rig, room.n, by);
            const target = await somebody(rig, room.n, about);
            drafts.push(membership(kind, room.n, { actor, target, until }));
            if (!isIn(by)) expected.push("room_not_found");
            else expected.push(below[by].includes(about) ? on(about) : "permission_denied");
          }
        }
        for (const about of standings) {
          const who = { actor: await rig.newUser(), target: await somebody(rig, room.n, about), until };
          drafts.push(membership(kind, room.n, { ...who, right: "server" }));
          expected.push(on(about));
        }
        expect(codes(await rig.commit(...drafts))).toEqual(expected);
        await rig.expectCounted(room.n);
        await rig.expectWhole(room.n, 1 + expected.filter((code) => code === "committed").length);
      });
    }

    test("nobody moderates themselves, or a direct or an open room", async () => {
      const room = await rig.newRoom();
      const direct = await rig.newRoom("direct");
      const other = await rig.newPlace(direct.n);
      const open = await rig.newRoom("open");
      const kinds = ["removed", "banned", "unbanned", "muted"] as const;
      for (const kind of kinds) {
        const outcomes = await rig.commit(
          membership(kind, room.n, { actor: room.owner, target: room.owner }),
          membership(kind, direct.n, { actor: direct.owner, target: other }),
          membership(kind, open.n, { actor: open.owner, target: other, right: "server" }),
        );
        expect(codes(outcomes)).toEqual(["permission_denied", "permission_denied", "room_not_found"]);
      }
      await rig.expectWhole(room.n, 1);
    });

    test("roles are given by owners, to members, also to themselves and their like", async () => {
      const room = await rig.newRoom();
      const [owner, moderator, member] = [
        await somebody(rig, room.n, "owner"),
        await somebody(rig, room.n, "moderator"),
        await somebody(rig, room.n, "member"),
      ];
      const role = (actor: number, target: number, given: MembershipDraft["role"]): MembershipDraft =>
        membership("role", room.n, { actor, target, role: given, right: "room" });
      const outcomes = await rig.commit(
        role(moderator, member, "member"),
        role(member, member, "owner"),
        role(await rig.newUser(), member, "owner"),
        role(owner, await rig.newUser(), "moderator"),
        role(owner, await somebody(rig, room.n, "invited"), "moderator"),
        role(owner, member, "member"),
        role(owner, member, "moderator"),
        role(member, room.owner, "member"),
        role(owner, room.owner, "member"),
        role(room.owner, member, "member"),
        role(owner, owner, "moderator"),
        role(owner, member, "member"),
        { ...role(await rig.newUser(), member, "owner"), right: "server" },
      );
      expect(codes(outcomes)).toEqual(
        listed(`permission_denied permission_denied room_not_found not_a_member not_a_member repeated committed
          permission_denied committed permission_denied committed permission_denied committed`),
      );
      expect((await rig.placeOf(room.n, member))?.role).toBe("owner");
      expect((await rig.placeOf(room.n, owner))?.role).toBe("moderator");
      expect((await rig.placeOf(room.n, room.owner))?.role).toBe("member");
      await rig.expectWhole(room.n, 5);
    });

    test("who is invited may come in, once, and decline", async () => {
      const room = await rig.newRoom("private", "joined");
      const member = await rig.newPlace(room.n);
      const [guest, other] = [await rig.newUser(), await rig.newUser()];
      const outcomes = await rig.commit(
        membership("joined", room.n, { actor: guest }),
        membership("invited", room.n, { actor: member, target: guest }),
        membership("invited", room.n, { actor: room.owner, target: guest }),
        membership("joined", room.n, { actor: guest }),
        membership("invited", room.n, { actor: room.owner, target: guest }),
        membership("invited", room.n, { actor: guest, target: other }),
        membership("left", room.n, { actor: other }),
        membership("joined", room.n, { actor: other }),
      );
      expect(codes(outcomes)).toEqual(
        listed("room_not_found committed repeated committed repeated committed committed room_not_found"),
      );
      expect(seqs(outcomes)).toEqual([0, 2, 0, 3, 3, 4, 5, 0]);
      expect(await rig.placeOf(room.n, guest)).toMatchObject({ state: "joined", visible_from: 3, invited_by: member });
      expect(await rig.placeOf(room.n, other)).toMatchObject({ state: "left", left_seq: 5, invited_by: guest });
      expect((await rig.roomOf(room.n)).members).toBe(3);
      await rig.expectCounted(room.n);
      await rig.expectWhole(room.n, 5);
    });

    test("who may invite is the room's setting; a direct, closed or open room takes nobody", async () => {
      const room = await rig.newRoom("public", "all", { invite: "moderators" });
      const direct = await rig.newRoom("direct");
      const closed = await rig.newRoom();
      const open = await rig.newRoom("open");
      await rig.commit(change("closed", closed.n, { actor: closed.owner }));
      const invite = async (n: number, actor: number, more = {}): Promise<MembershipDraft> =>
        membership("invited", n, { actor, target: await rig.newUser(), ...more });
      const outcomes = await rig.commit(
        await invite(room.n, await rig.newPlace(room.n)),
        await invite(room.n, await rig.newPlace(room.n, { role: "moderator" })),
        await invite(room.n, await rig.newUser()),
        await invite(room.n, await rig.newUser(), { right: "server" }),
        await invite(direct.n, direct.owner),
        await invite(direct.n, direct.owner, { right: "server" }),
        await invite(closed.n, closed.owner),
        await invite(closed.n, await rig.newUser()),
        await invite(open.n, open.owner, { right: "server" }),
      );
      expect(codes(outcomes)).toEqual(
        listed(`permission_denied committed room_not_found committed permission_denied committed room_closed
          room_not_found room_not_found`),
      );
    });

    test("who comes in by which right", async () => {
      const kinds = ["public", "broadcast", "private", "direct"] as const;
      const told = [];
      for (const kind of kinds) {
        const room = await rig.newRoom(kind);
        const closed = await rig.newRoom(kind);
        const target = await rig.newUser();
        await rig.commit(change("closed", closed.n, { actor: closed.owner, right: "server" }));
        const outcomes = await rig.commit(
          membership("joined", room.n, { actor: await rig.newUser() }),
          membership("joined", room.n, { actor: room.owner, target }),
          membership("joined", room.n, { actor: target, target: await rig.newUser() }),
          membership("joined", room.n, { actor: await rig.newUser(), target: await rig.newUser() }),
          membership("joined", room.n, { actor: await rig.newUser(), right: "link" }),
          membership("joined", room.n, { actor: room.owner, target: await rig.newUser(), right: "server" }),
          membership("joined", closed.n, { actor: await rig.newUser() }),
          membership("joined", closed.n, { actor: closed.owner, right: "link" }),
          membership("joined", closed.n, { actor: await rig.newUser(), right: "link" }),
          membership("joined", closed.n, { actor: await rig.newPlace(closed.n, { state: "banned" }), right: "link" }),
        );
        told.push(codes(outcomes).join(" "));
        await rig.expectCounted(room.n);
      }
      const no = "room_not_found";
      const closed = `repeated room_closed ${no}`;
      const public_ = `committed ${no} ${no} ${no} committed committed room_closed ${closed}`;
      expect(told).toEqual([
        public_,
        public_,
        `${no} ${no} ${no} ${no} committed committed ${no} ${closed}`,
        `${no} committed committed ${no} committed committed ${no} ${closed}`,
      ]);
    });

    test("a ban keeps out until it has run out or is lifted", async () => {
      const room = await rig.newRoom();
      const moderator = await rig.newPlace(room.n, { role: "moderator" });
      const member = await rig.newPlace(room.n);
      const ban = (until: number, more = {}): MembershipDraft =>
        membership("banned", room.n, { actor: moderator, target: member, until, reason: "noise", ...more });
      const join = membership("joined", room.n, { actor: member });
      const first = await rig.commit(ban(soon()), join, message(room.n, member), ban(0), ban(0), join);
      expect(codes(first)).toEqual(listed("committed room_not_found room_not_found committed repeated room_not_found"));
      expect(seqs(first)).toEqual([2, 0, 0, 3, 3, 0]);
      expect(await rig.placeOf(room.n, member)).toMatchObject({
        state: "banned",
        role: "member",
        left_seq: 3,
        banned_until: 0,
        ban_reason: "noise",
      });
      const invitation = membership("invited", room.n, { actor: room.owner, target: member });
      const unban = membership("unbanned", room.n, { actor: moderator, target: member });
      const second = await rig.commit(invitation, unban, unban, membership("left", room.n, { actor: member }), join);
      expect(codes(second)).toEqual(listed("permission_denied committed repeated repeated committed"));
      expect(seqs(second)).toEqual([0, 4, 4, 4, 5]);
      const over = systemClock.now() - hour_ms;
      const third = await rig.commit(ban(over), join, message(room.n, member), ban(over), invitation, join);
      expect(codes(third)).toEqual(listed("committed committed committed committed committed committed"));
      await rig.expectCounted(room.n);
      await rig.expectWhole(room.n, 11);
    });

    test("a stranger may be banned before they come", async () => {
      const room = await rig.newRoom();
      const stranger = await rig.newUser();
      const outcomes = await rig.commit(
        membership("banned", room.n, { actor: room.owner, target: stranger, until: soon() }),
        membership("joined", room.n, { actor: stranger }),
      );
      expect(codes(outcomes)).toEqual(["committed", "room_not_found"]);
      expect(await rig.placeOf(room.n, stranger)).toMatchObject({ state: "banned", ban_reason: null, left_seq: 2 });
      await rig.expectCounted(room.n);
    });

    test("the muted write again when it is lifted; who leaves stays muted", async () => {
      const room = await rig.newRoom();
      const member = await rig.newPlace(room.n);
      const mute = (until: number): MembershipDraft =>
        membership("muted", room.n, { actor: room.owner, target: member, until });
      const until = soon();
      const outcomes = await rig.commit(
        mute(until),
        message(room.n, member),
        mute(until),
        mute(0),
        message(room.n, member),
        mute(0),
        mute(until),
        membership("left", room.n, { actor: member }),
        membership("joined", room.n, { actor: member }),
        message(room.n, member),
      );
      expect(codes(outcomes)).toEqual(
        listed("committed muted repeated committed committed repeated committed committed committed muted"),
      );
      expect(seqs(outcomes)).toEqual([2, 0, 1, 3, 4, 1, 5, 6, 7, 0]);
      await rig.expectWhole(room.n, 7);
    });

    test("above 500 members joins and leaves are a count", async () => {
      const room = await rig.newRoom("public", "joined");
      await rig.crowd(room.n, 498);
      const people = await Promise.all(Array.from({ length: 6 }, () => rig.newUser()));
      const join = people.map((actor) => membership("joined", room.n, { actor }));
      const [first, again] = [join[0] as MembershipDraft, join[4] as MembershipDraft];
      const come = await rig.commit(...join, again, first, message(room.n, people[5] ?? 0));
      expect(seqs(come)).toEqual([2, 3, 3, 3, 3, 3, 3, 2, 4]);
      expect(codes(come)).toEqual([...join.map(() => "committed"), "repeated", "repeated", "committed"]);
      expect(come.map(({ silent }) => silent ?? false)).toEqual([
        false,
        false,
        true,
        true,
        true,
        true,
        false,
        false,
        false,
      ]);
      for (const { time } of come) expect(Math.abs(time - systemClock.now())).toBeLessThan(60_000);
      const [last, silent] = [people[1] ?? 0, people[2] ?? 0];
      expect(await rig.placeOf(room.n, last)).toMatchObject({ joined_seq: 3, visible_from: 3, state: "joined" });
      expect(await rig.placeOf(room.n, silent)).toMatchObject({ joined_seq: 3, visible_from: 4, state: "joined" });
      expect((await rig.roomOf(room.n)).members).toBe(505);
      expect(await rig.silentPlaces(room.n)).toEqual(people.slice(2).map((user) => ({ user, seq: 3 })));

      const leave = people.map((actor) => membership("left", room.n, { actor }));
      const declines = membership("left", room.n, { actor: await rig.newPlace(room.n, { state: "invited" }) });
      const gone = await rig.commit(declines, ...leave, again, membership("left", room.n, { actor: again.actor }));
      expect(seqs(gone)).toEqual([4, 4, 4, 4, 4, 4, 5, 6, 7]);
      expect(gone.map(({ silent }) => silent ?? false)).toEqual([
        true,
        true,
        true,
        true,
        true,
        true,
        false,
        false,
        false,
      ]);
      expect(await rig.placeOf(room.n, silent)).toMatchObject({ left_seq: 4, state: "left" });
      expect((await rig.silentPlaces(room.n)).slice(4)).toEqual(
        [declines, ...leave.slice(0, 5)].map(({ target }) => ({ user: target, seq: 4 })),
      );
      await rig.expectCounted(room.n);
      await rig.expectWhole(room.n, 7);
    });

    test("silent joins and leaves alone announce nothing, and come at their place of the batch", async () => {
      const room = await rig.newRoom();
      await rig.crowd(room.n, 600);
      const [one, two] = [await rig.newUser(), await rig.newUser()];
      const join = (actor: number): MembershipDraft => membership("joined", room.n, { actor });
      const leave = (actor: number): MembershipDraft => membership("left", room.n, { actor });
      const alone = await rig.commit(join(one), leave(one), join(one), join(one), leave(two));
      expect(codes(alone)).toEqual(listed("committed committed committed repeated room_not_found"));
      expect(seqs(alone)).toEqual([1, 1, 1, 1, 0]);
      expect(await rig.announced(room.n)).toEqual([1]);
      const among = await rig.commit(
        message(room.n, one),
        join(two),
        message(room.n, two),
        leave(two),
        message(room.n, two),
        membership("removed", room.n, { actor: room.owner, target: one }),
        message(room.n, one),
        leave(one),
        join(one),
        message(room.n, one),
      );
      expect(codes(among)).toEqual(
        listed(`committed committed committed committed room_not_found committed room_not_found repeated
          committed committed`),
      );
      expect(seqs(among)).toEqual([2, 2, 3, 3, 0, 4, 0, 4, 4, 5]);
      expect((await rig.silentPlaces(room.n)).map(({ seq }) => seq)).toEqual([1, 1, 1, 2, 3, 4]);
      await rig.expectCounted(room.n);
      await rig.expectWhole(room.n, 5);
    });

    test("a direct room is made once for its people, until it is gone", async () => {
      const [one, two] = [await rig.newUser(), await rig.newUser()];
      const direct_key = [one, two].toSorted((a, b) => a - b).join(",");
      const open = (actor: number) => created(actor, { kind: "direct", name: "", direct_key });
      const [made, same] = await rig.commit(open(one), open(two));
      const room = made?.room ?? 0;
      expect(made).toMatchObject({ code: "committed", seq: 1 });
      expect(same).toMatchObject({ code: "repeated", seq: 1, room });
      const outcomes = await rig.commit(
        open(two),
        membership("joined", room, { actor: one, target: two }),
        message(room, two),
        membership("joined", room, { actor: one, target: two }),
      );
      expect(codes(outcomes)).toEqual(["repeated", "committed", "committed", "repeated"]);
      expect(seqs(outcomes)).toEqual([1, 2, 3, 2]);
      expect(await rig.commit(open(one))).toMatchObject([{ code: "repeated", seq: 3, room }]);
      const [old, gone, anew, again] = await rig.commit(
        open(one),
        change("gone", room, { actor: one, right: "server" }),
        open(two),
        open(one),
      );
      expect([old?.code, gone?.code, anew?.code, again?.code]).toEqual([
        "repeated",
        "committed",
        "committed",
        "repeated",
      ]);
      expect(old?.room).toBe(room);
      expect(anew?.room).not.toBe(room);
      expect(again).toMatchObject({ room: anew?.room ?? 0, seq: 1 });
      expect((await rig.roomOf(anew?.room ?? 0)).members).toBe(1);
      await rig.expectWhole(room, 4);
      await rig.expectWhole(anew?.room ?? 0, 1);
    });
  });
}
