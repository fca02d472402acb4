import { expect, test } from "bun:test";
import { RoomDirectory } from "../../../src/chat/room-directory.ts";
import { systemClock as clock } from "../../../src/lib/clock.ts";
import { shortId } from "../../../src/lib/ids.ts";
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
