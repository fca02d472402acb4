/** What a commit tells whom: who may not see a room learns nothing of it, and a right is no wider than it says. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { shortId } from "../../src/lib/ids.ts";
import type { DeletionDraft } from "../../src/store/draft.ts";
import { codes, committers, membership, message, Rig } from "./committers.ts";

for (const { name, at } of committers) {
  describe(name, () => {
    let rig: Rig;

    beforeAll(async () => {
      const place = await at();
      rig = new Rig(place, await place.open());
    });
    afterAll(() => rig.end());

    const deletion = (room: number, target: number, who: Pick<DeletionDraft, "actor" | "right">): DeletionDraft => {
      return { kind: "deleted", room, target, by: `u${who.actor}`, ...who, data: `{"target":${target}}` };
    };

    test("that a room is closed is told to its members, and to who might join it otherwise", async () => {
      const room = await rig.newRoom("private");
      const [member, former] = [await rig.newUser(), await rig.newUser()];
      const [invited, stranger] = [await rig.newUser(), await rig.newUser()];
      const brought = (target: number) => membership("joined", room.n, { actor: room.owner, target, right: "server" });
      await rig.commit(brought(member), brought(former), membership("left", room.n, { actor: former }));
      await rig.commit(membership("invited", room.n, { actor: room.owner, target: invited }));
      const who = { actor: room.owner, by: `u${room.owner}`, right: "room" } as const;
      await rig.commit({ kind: "closed", room: room.n, ...who, set: {}, data: "{}" });
      const writers = [member, former, invited, stranger];
      const sends = await rig.commit(...writers.map((actor) => message(room.n, actor)));
      expect(codes(sends)).toEqual(["room_closed", "room_not_found", "room_not_found", "room_not_found"]);
      const joins = await rig.commit(...writers.map((actor) => membership("joined", room.n, { actor })));
      expect(codes(joins)).toEqual(["repeated", "room_not_found", "room_closed", "room_not_found"]);
      const link = { actor: stranger, right: "link" } as const;
      expect(codes(await rig.commit(membership("joined", room.n, link)))).toEqual(["room_closed"]);
    });

    test("by the right to one's own words nobody takes away others', nor in a direct room", async () => {
      const room = await rig.newRoom();
      const [member, other] = [await rig.newUser(), await rig.newUser()];
      await rig.commit(membership("joined", room.n, { actor: member }));
      const [own, theirs] = await rig.commit(message(room.n, room.owner), message(room.n, member));
      const seqs = [own?.seq ?? 0, theirs?.seq ?? 0] as const;
      const self = { actor: room.owner, right: "self" } as const;
      expect(codes(await rig.commit(deletion(room.n, seqs[1], self), deletion(room.n, seqs[0], self)))).toEqual([
        "permission_denied",
        "committed",
      ]);
      expect(codes(await rig.commit(deletion(room.n, seqs[1], { ...self, right: "room" })))).toEqual(["committed"]);
      const direct = { id: shortId(), kind: "direct", name: "direct", history: "all" } as const;
      const [made] = await rig.commit({ kind: "created", actor: member, by: `u${member}`, room: direct, data: "{}" });
      const n = made?.room ?? 0;
      await rig.commit(membership("joined", n, { actor: member, target: other }));
      const [said] = await rig.commit(message(n, other));
      const mine = await rig.commit(deletion(n, said?.seq ?? 0, { actor: member, right: "room" }));
      expect(codes(mine)).toEqual(["permission_denied"]);
      expect(codes(await rig.commit(deletion(n, said?.seq ?? 0, { actor: other, right: "room" })))).toEqual([
        "committed",
      ]);
    });

    test("who left a direct room is back by whoever opens it for these people, and by nothing else", async () => {
      const [ann, ben] = [await rig.newUser(), await rig.newUser()];
      const direct = { id: shortId(), kind: "direct", name: "direct", history: "all" } as const;
      const [made] = await rig.commit({ kind: "created", actor: ann, by: `u${ann}`, room: direct, data: "{}" });
      const n = made?.room ?? 0;
      await rig.commit(membership("joined", n, { actor: ann, target: ben }), membership("left", n, { actor: ann }));
      const tries = await rig.commit(
        membership("joined", n, { actor: ann }),
        membership("joined", n, { actor: ann, right: "room" }),
        membership("joined", n, { actor: ann, right: "link" }),
      );
      expect(codes(tries)).toEqual(["room_not_found", "room_not_found", "committed"]);
    });
  });
}
