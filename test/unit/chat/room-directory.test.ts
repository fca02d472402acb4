import { expect, test } from "bun:test";
import { People } from "../../../src/chat/people.ts";
import { RoomDirectory } from "../../../src/chat/room-directory.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { shortId } from "../../../src/lib/ids.ts";
import { eventually } from "../../client.ts";
import { holdReads } from "../../held-reads.ts";
import { openTestStorage } from "../../storage.ts";

test("a room that could not be opened after all is followed no more", async () => {
  await using rig = await openTestStorage();
  const { committer, db } = rig.storage;
  const { id: by, n: actor } = await rig.newUser();
  const id = shortId();
  const made = { id, kind: "private", name: "", history: "all" } as const;
  await committer.commit([{ kind: "created", actor, by, room: made, data: "{}" }]);
  const followed = new Set<number>();
  const following = {
    async follow(n: number) {
      followed.add(n);
      // Somebody deletes it on another node in this moment.
      const change = { kind: "gone", room: n, actor, by, right: "server", set: {}, data: "{}" } as const;
      await committer.commit([change]);
    },
    unfollow: (n: number) => void followed.delete(n),
  };
  const directory = new RoomDirectory({ clock, db, ring_bytes_max: 1_000, vanished: () => {}, following });
  expect(await Promise.resolve(directory.open(id)).catch((error: unknown) => error)).toMatchObject({
    code: "room_not_found",
  });
  expect([...followed]).toEqual([]);
});

test("an open room that vanishes while it is looked up is not taken to be there", async () => {
  await using rig = await openTestStorage();
  const { client, committer } = rig.storage;
  const id = `open:${shortId()}`;
  const room = { id, kind: "open", name: "", history: "all" } as const;
  await committer.commit([{ kind: "created", actor: 1, by: "", room, data: "{}" }]);
  const { id: user, n } = await rig.newUser();
  const reads = holdReads(client);
  const directory = new RoomDirectory({
    clock,
    db: reads.db,
    ring_bytes_max: 1_000,
    vanished: () => {},
  });
  const row = { n, id: user, name: "", role: "guest", status: "", status_text: "" } as const;
  const person = new People({ shared: false }).of(row);
  const read = reads.hold();
  const looking = directory.access(person, id);
  await read;
  const live = await directory.open(id);
  directory.hold(live);
  directory.release(live);
  await eventually(async () => (await directory.rowOf(id)) === undefined, "the room gone");
  reads.answer();
  await looking;
  expect(await Promise.resolve(directory.access(person, id)).catch((error: unknown) => error)).toMatchObject({
    code: "room_not_found",
  });
});

test("of two readings of a place the one that was asked for last counts, whichever is answered last", async () => {
  await using rig = await openTestStorage();
  const { client, committer } = rig.storage;
  const { id: by, n: actor } = await rig.newUser();
  const id = shortId();
  const made = { id, kind: "private", name: "", history: "all" } as const;
  const [created] = (await committer.commit([{ kind: "created", actor, by, room: made, data: "{}" }])).outcomes;
  const n = created?.room ?? 0;
  const reads = holdReads(client);
  const directory = new RoomDirectory({ clock, db: reads.db, ring_bytes_max: 1_000, vanished: () => {} });
  const row = { n: actor, id: by, name: "", role: "guest", status: "", status_text: "" } as const;
  const person = new People({ shared: true }).of(row);
  const read = reads.hold();
  const first = directory.reread(person, { id, n });
  await read;
  const place = { target: actor, about: by, role: "member", right: "server" } as const;
  await committer.commit([{ kind: "removed", room: n, actor, by, ...place, data: "{}" }]);
  expect(await directory.reread(person, { id, n })).toMatchObject({ state: "left" });
  reads.answer();
  expect(await first).toMatchObject({ state: "left" });
  expect(person.memberships.get(n)).toMatchObject({ state: "left" });
});
