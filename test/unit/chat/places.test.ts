/** What other nodes have changed of a room, where answers of the database come in another order than they were asked for. */

import { expect, test } from "bun:test";
import type { LiveRoom } from "../../../src/chat/live-room.ts";
import { Places, type PlacesOptions } from "../../../src/chat/places.ts";
import { People } from "../../../src/chat/people.ts";
import { RoomDirectory } from "../../../src/chat/room-directory.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { shortId } from "../../../src/lib/ids.ts";
import type { RoomChangeDraft } from "../../../src/store/draft.ts";
import { eventually } from "../../client.ts";
import { holdReads } from "../../held-reads.ts";
import { openTestStorage, type TestStorage } from "../../storage.ts";

/** A room of somebody, what this node knows of it, and somebody who changes it elsewhere. */
async function roomOn(rig: TestStorage) {
  const { client, committer } = rig.storage;
  const { id: by, n: actor } = await rig.newUser();
  const id = shortId();
  const made = { id, kind: "public", name: "", history: "all" } as const;
  const [created] = (await committer.commit([{ kind: "created", actor, by, room: made, data: "{}" }])).outcomes;
  const n = created?.room ?? 0;
  const reads = holdReads(client);
  const directory = new RoomDirectory({ clock, db: reads.db, ring_bytes_max: 1_000, vanished: () => {} });
  const people = new People({ shared: true });
  const places = new Places({ clock, directory, people, shared: true } as unknown as PlacesOptions);
  const change = async (kind: RoomChangeDraft["kind"], set: RoomChangeDraft["set"] = {}): Promise<number> => {
    const draft = { kind, room: n, actor, by, right: "server", set, data: "{}" } as const;
    return (await committer.commit([draft])).outcomes[0]?.seq ?? 0;
  };
  /** The event goes by here. */
  const hear = (room: LiveRoom, seq: number): void =>
    places.apply({ n, seq, room, fact: { kind: "changed", set: undefined }, silent: false });
  return { change, directory, hear, id, n, places, reads };
}

test("of two changes of a room's settings the last one counts, whichever is answered last", async () => {
  await using rig = await openTestStorage();
  const { change, directory, hear, id, reads } = await roomOn(rig);
  const room = await directory.open(id);
  const first = await change("changed", { post: "moderators" });
  const read = reads.hold();
  hear(room, first);
  await read;
  hear(room, await change("changed", { post: "members", name: "New" }));
  await eventually(() => room.name === "New", "the second change", 2_000);
  reads.answer();
  await directory.rowOf(id);
  expect(room.post).toBe("members");
});

test("a room that is reopened elsewhere while it is opened here is open", async () => {
  await using rig = await openTestStorage();
  const { change, directory, id, n, places, reads } = await roomOn(rig);
  await change("closed");
  const read = reads.hold();
  const opening = directory.open(id);
  await read;
  const seq = await change("reopened");
  // The other node's letter is here before the database's answer.
  directory.passed(n, seq);
  reads.answer();
  const room = await opening;
  expect([room.opened, room.closed]).toEqual([seq, true]);
  places.roomChanged(n, { kind: "reopened", seq });
  await eventually(() => !room.closed, "the room open", 2_000);
});

test("a change that could not be read is read again", async () => {
  await using rig = await openTestStorage();
  const { change, directory, hear, id, reads } = await roomOn(rig);
  const room = await directory.open(id);
  const seq = await change("changed", { post: "moderators" });
  reads.fail();
  hear(room, seq);
  expect(room.unsettled).toBe(Number.POSITIVE_INFINITY);
  await eventually(() => room.post === "moderators", "the change", 5_000);
  expect(room.unsettled).toBe(seq);
});
