/** What a batch on a libSQL server brings of what other nodes have written to its rooms. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Storage } from "../../src/store/database.ts";
import type { Draft, Unseen } from "../../src/store/draft.ts";
import { unseen_bytes_max, unseen_events_max } from "../../src/store/unseen.ts";
import { committers, membership, message, Rig } from "./committers.ts";

let rig: Rig;
/** Another node. */
let other: Storage;

beforeAll(async () => {
  const place = await committers.find(({ name }) => name === "sqld")?.at();
  if (place === undefined) throw new Error("Expected a place with a server");
  rig = new Rig(place, await place.open());
  other = await place.open();
});
afterAll(async () => {
  await other.close();
  await rig.end();
});

async function elsewhere(...drafts: Draft[]): Promise<void> {
  for (const { code } of (await other.committer.commit(drafts)).outcomes) expect(code).toBe("committed");
}

async function unseenBy(drafts: readonly Draft[], seen: readonly (readonly [number, number])[]): Promise<Unseen[]> {
  const { unseen } = await rig.storage.committer.commit(drafts, new Map(seen));
  return unseen.toSorted((a, b) => a.room - b.room);
}

/** The same as history has it. */
async function pageOf(room: number, from: number, to: number): Promise<Unseen> {
  const texts = await rig.storage.history.page({ room, from: 1 }, { from, to, limit: 1_000, take: "oldest" });
  return { room, first: from, texts };
}

describe("a batch on a shared database", () => {
  test("brings what was added to its rooms since, messages and memberships in their order, as history has them", async () => {
    const [one, two, third] = [await rig.newRoom(), await rig.newRoom(), await rig.newRoom()];
    const guest = await rig.newUser();
    await elsewhere(message(one.n, one.owner), membership("joined", one.n, { actor: guest }), message(one.n, guest));
    await elsewhere(message(two.n, two.owner, '{"text":"é \\n 漢字 \\ud800"}'), message(third.n, third.owner));
    const drafts = [message(one.n, one.owner), message(two.n, two.owner), message(two.n, two.owner)];
    // The third room is not written to.
    const seen = [one, two, third].map(({ n }) => [n, 1] as const);
    expect(await unseenBy(drafts, seen)).toEqual([await pageOf(one.n, 2, 4), await pageOf(two.n, 2, 2)]);
  });

  test("brings nothing where nothing is known or nothing was added, and never its own", async () => {
    const room = await rig.newRoom();
    await elsewhere(message(room.n, room.owner));
    expect(await unseenBy([message(room.n, room.owner)], [])).toEqual([]);
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 3]])).toEqual([]);
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 4]])).toEqual([]);
    // What this node knows may be ahead of what a batch finds.
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 400]])).toEqual([]);
    expect(await unseenBy([], [[room.n, 1]])).toEqual([]);
    await rig.expectWhole(room.n, 6);
  });

  test("brings it also where none of its drafts is stored, and beside memberships", async () => {
    const room = await rig.newRoom();
    const draft = message(room.n, room.owner);
    await elsewhere(draft, message(room.n, room.owner));
    const stranger = await rig.newUser();
    expect(await unseenBy([draft, message(room.n, stranger)], [[room.n, 1]])).toEqual([await pageOf(room.n, 2, 3)]);
    const drafts = [membership("joined", room.n, { actor: stranger }), message(room.n, stranger)];
    expect(await unseenBy(drafts, [[room.n, 2]])).toEqual([await pageOf(room.n, 3, 3)]);
  });

  test(`brings ${unseen_events_max} events at most, those that follow what is known`, async () => {
    const room = await rig.newRoom();
    await elsewhere(...Array.from({ length: unseen_events_max + 50 }, () => message(room.n, room.owner)));
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 1]])).toEqual([
      await pageOf(room.n, 2, unseen_events_max + 1),
    ]);
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, unseen_events_max + 1]])).toEqual([
      await pageOf(room.n, unseen_events_max + 2, unseen_events_max + 52),
    ]);
  });

  test("brings nothing where it would be too large", async () => {
    const room = await rig.newRoom();
    const words = `{"text":"${"x".repeat(unseen_bytes_max / 8)}"}`;
    await elsewhere(...Array.from({ length: 9 }, () => message(room.n, room.owner, words)));
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 1]])).toEqual([]);
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 6]])).toEqual([await pageOf(room.n, 7, 11)]);
  });

  test("commits as one batch where it would be longer than any text of the server", async () => {
    const room = await rig.newRoom();
    const words = `{"text":"${"x".repeat(64_000)}"}`;
    for (let round = 0; round < 6; round++) {
      await elsewhere(...Array.from({ length: 16 }, () => message(room.n, room.owner, words)));
    }
    expect(await unseenBy([message(room.n, room.owner)], [[room.n, 1]])).toEqual([]);
    await rig.expectWhole(room.n, 98);
  });
});
