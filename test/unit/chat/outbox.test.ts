import { expect, test } from "bun:test";
import { Outbox, type Change, type Told } from "../../../src/chat/outbox.ts";
import { RoomDirectory } from "../../../src/chat/room-directory.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { shortId } from "../../../src/lib/ids.ts";
import { StorageError } from "../../../src/store/draft.ts";
import type { History } from "../../../src/store/history.ts";
import { eventually } from "../../client.ts";
import { keptLog, messageDraft, openTestStorage } from "../../storage.ts";
import { ManualClock } from "../lib/manual-clock.ts";

test("what was missing of a room that was let go is not told behind the back of those who have opened it again", async () => {
  await using rig = await openTestStorage();
  const { committer, db, history: stored } = rig.storage;
  const { id: by, n: actor } = await rig.newUser();
  const id = shortId();
  const made = { id, kind: "private", name: "", history: "all" } as const;
  const [created] = (await committer.commit([{ kind: "created", actor, by, room: made, data: "{}" }])).outcomes;
  const n = created?.room ?? 0;
  const clock = new ManualClock();
  const following = { follow: async () => {}, unfollow: () => {} };
  const directory = new RoomDirectory({ clock, db, ring_bytes_max: 1_000, vanished: () => {}, following });
  let answers = false;
  const { lines, log } = keptLog();
  const history: History = {
    async page(view, range) {
      if (!answers) throw new StorageError("storage_unavailable", "no answer");
      return await stored.page(view, range);
    },
  };
  const applied: Change[] = [];
  const apply = (change: Change): void => void applied.push(change);
  const outbox = new Outbox({ clock, directory, history, log, deliver: () => {}, apply });
  const room = await directory.open(id);
  const place = { target: actor, about: by, role: "member", right: "server" } as const;
  const [removed] = (await committer.commit([{ kind: "removed", room: n, actor, by, ...place, data: "{}" }])).outcomes;
  outbox.receive(room, { seq: removed?.seq ?? 0, text: "", fact: undefined });
  const filling = room.filling;
  await eventually(() => lines.length > 0, "a failed reading");
  // Nobody is in it: it is let go while the database does not answer.
  clock.pass(15_000);
  expect(directory.byKey(n)).toBeUndefined();
  expect((await directory.open(id)).published).toBe(removed?.seq ?? 0);
  answers = true;
  clock.pass(1_000);
  await filling;
  expect(applied).toEqual([]);
});

test("what was committed one by one, with events of another node between, is told in parts", async () => {
  await using rig = await openTestStorage();
  const { db, committer, history } = rig.storage;
  const user = await rig.newUser();
  const room = await rig.newOpenRoom();
  const drafts = [1, 2, 3, 4].map(() => messageDraft(room, user));
  const { outcomes } = await committer.commit(drafts);
  const directory = new RoomDirectory({ clock: systemClock, db, ring_bytes_max: 1_000, vanished: () => {} });
  const all: Told[] = [];
  const outbox = new Outbox({
    clock: systemClock,
    directory,
    history,
    log: keptLog().log,
    deliver: () => {},
    apply: () => {},
    tell: (told) => all.push(...told),
  });
  // The second one is another node's.
  const own = [0, 2, 3];
  outbox.publish(
    own.map((at) => drafts[at] ?? messageDraft(room, user)),
    own.flatMap((at) => outcomes[at] ?? []),
    [],
  );
  expect(all.map(({ first, n, texts }) => ({ n, first, count: texts.length }))).toEqual([
    { n: room, first: 1, count: 1 },
    { n: room, first: 3, count: 2 },
  ]);
});

test("a message that was stored when its sender had been told that nobody knows is told to the room by its retry", async () => {
  await using rig = await openTestStorage();
  const { db, committer, history } = rig.storage;
  const user = await rig.newUser();
  const made = { id: `open:${shortId()}`, kind: "open", name: "", history: "all" } as const;
  const [created] = (await committer.commit([{ kind: "created", actor: user.n, by: user.id, room: made, data: "{}" }]))
    .outcomes;
  const draft = messageDraft(created?.room ?? 0, user);
  const directory = new RoomDirectory({ clock: systemClock, db, ring_bytes_max: 10_000, vanished: () => {} });
  const { log } = keptLog();
  const outbox = new Outbox({ clock: systemClock, directory, history, log, deliver: () => {}, apply: () => {} });
  const room = await directory.open(made.id);
  const unknown = [{ code: "outcome_unknown", seq: 0, time: 0, room: 0 }] as const;
  outbox.publish([draft], unknown, []);
  await eventually(() => room.published === 0 && room.filling === undefined, "a reading that finds nothing");
  // By a storage thread that was taken for hanging and has come back.
  await committer.commit([draft]);
  const { outcomes } = await committer.commit([draft]);
  expect(outcomes).toMatchObject([{ code: "repeated", seq: 1 }]);
  outbox.publish([draft], outcomes, []);
  await eventually(() => room.published === 1, "the message");
  expect(room.ring.at(1)).toContain(draft.data);
});
