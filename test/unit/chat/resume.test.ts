import { expect, test } from "bun:test";
import { subscriptionOf, type Recipient } from "../../../src/chat/people.ts";
import { wholeView } from "../../../src/chat/policy.ts";
import { Resume } from "../../../src/chat/resume.ts";
import { RoomDirectory } from "../../../src/chat/room-directory.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { SmallMap } from "../../../src/lib/small-map.ts";
import { roomIdOf } from "../../../src/store/rooms.ts";
import { trimRoom } from "../../../src/store/trim.ts";
import { keptLog, messageDraft, openTestStorage } from "../../storage.ts";

test("who is to read what retention takes meanwhile is sent back, and told so", async () => {
  await using rig = await openTestStorage();
  const { client, committer, db, epoch, history } = rig.storage;
  const user = await rig.newUser();
  const n = await rig.newOpenRoom();
  await committer.commit(Array.from({ length: 30 }, () => messageDraft(n, user)));
  const directory = new RoomDirectory({ clock: systemClock, db, ring_bytes_max: 10_000, vanished: () => {} });
  const resume = new Resume({ history, epoch, log: keptLog().log });
  const room = await directory.open((await roomIdOf(db, n)) ?? "");
  const sent: string[] = [];
  const closed = Promise.withResolvers<string>();
  const recipient = {
    subscriptions: new SmallMap(),
    sendPage: (lines: readonly string[]) => sent.push(...lines),
    buffered: () => 0,
    underway: () => 0,
    // It would be live, with a hole behind it.
    join: () => closed.resolve("never"),
    close: (reason: string) => closed.resolve(reason),
  } as unknown as Recipient;
  const subscription = subscriptionOf({ live: false, server: false, joinLeave: false });
  const start = { recipient, room, view: wholeView(n), position: { epoch, offset: 5 }, subscription };
  expect(resume.start(start, { bytes: 100_000 })).toContain('"recovered":true');
  await trimRoom(client, { room: n, first: 20 });
  resume.follow(recipient, [room]);
  expect(await closed.promise).toBe("insufficient_state");
  expect(sent).toEqual([]);
  resume.forget(recipient);
  expect(resume.start(start, { bytes: 100_000 })).toContain('"recovered":false');
});
