/** The writing thread's memory of rooms, where another thread has written behind its back. */

import { expect, test } from "bun:test";
import { shortId } from "../../../src/lib/ids.ts";
import { toColumns } from "../../../src/store/batch-columns.ts";
import { commitSql } from "../../../src/store/commit-sql.ts";
import type { Draft } from "../../../src/store/draft.ts";
import { StorageThread } from "../../../src/store/storage-thread.ts";
import { verifyDatabase } from "../../../src/store/verify.ts";
import { keptLog, messageDraft, openTestStorage } from "../../storage.ts";

test("a thread that comes back after another has taken its place goes on behind what that has written", async () => {
  await using rig = await openTestStorage();
  const { client, committer } = rig.storage;
  const [owner, guest] = [await rig.newUser(), await rig.newUser()];
  const { log } = keptLog();
  const successor = new StorageThread({ role: "writer", path: `${rig.folder}/confab.db`, log });
  await successor.start();
  await successor.ask({ op: "prepare", sql: commitSql });
  const here = async (draft: Draft): Promise<unknown> => (await committer.commit([draft])).outcomes[0];
  const there = async (draft: Draft): Promise<number | undefined> =>
    (await successor.ask({ op: "commit", drafts: toColumns([draft]) })).outcomes.seqs[0];
  try {
    const made = { id: shortId(), kind: "public", name: "", history: "all" } as const;
    const first = await committer.commit([
      { kind: "created", actor: owner.n, by: owner.id, room: made, data: '{"user":"o"}' },
    ]);
    const room = first.outcomes[0]?.room ?? 0;
    const place = (kind: "joined" | "left") =>
      ({
        kind,
        room,
        actor: guest.n,
        by: guest.id,
        target: guest.n,
        about: guest.id,
        role: "member",
        right: "self",
        data: '{"user":"g"}',
      }) as const;
    expect(await here(messageDraft(room, owner))).toMatchObject({ code: "committed", seq: 2 });
    // A membership and a message of one seq are in different tables: nothing but the writer's memory keeps them apart.
    expect(await there(place("joined"))).toBe(3);
    expect(await here(messageDraft(room, owner))).toMatchObject({ code: "committed", seq: 4 });
    expect(await there(messageDraft(room, owner))).toBe(5);
    expect(await here(place("left"))).toMatchObject({ code: "committed", seq: 6 });
    expect(await there(messageDraft(room, owner))).toBe(7);
    expect(await here(messageDraft(room, guest))).toMatchObject({ code: "room_not_found" });
    expect(await verifyDatabase(client)).toMatchObject({ ok: true });
  } finally {
    await successor.stop();
  }
});
