import { LibsqlError } from "@libsql/client";
import { expect, test } from "bun:test";
import { NewsWatch, type NewsWatchOptions } from "../../../src/chat/news-watch.ts";
import { shortId } from "../../../src/lib/ids.ts";
import { eventually } from "../../client.ts";
import { keptLog, openTestStorage } from "../../storage.ts";
import { ManualClock } from "../lib/manual-clock.ts";

/** A watch of an empty database that counts how often it looks. */
function watchOf(client: NewsWatchOptions["client"]) {
  const clock = new ManualClock();
  let looks = 0;
  const counted = {
    execute: (statement: string) => client.execute(statement),
    batch: (...asked: Parameters<typeof client.batch>) => {
      looks++;
      return client.batch(...asked);
    },
  };
  const watch = new NewsWatch({ client: counted, clock } as unknown as NewsWatchOptions);
  return { clock, watch, looks: () => looks };
}

test("a hint is followed within a tenth of a second, many of them by one look", async () => {
  await using rig = await openTestStorage();
  const { clock, looks, watch } = watchOf(rig.storage.client);
  await watch.start();
  watch.look();
  watch.look();
  clock.pass(100);
  expect(looks()).toBe(1);
  watch.stop();
});

test("a hint that comes while the watch starts is followed, and so are those after it", async () => {
  await using rig = await openTestStorage();
  const { clock, looks, watch } = watchOf(rig.storage.client);
  const starting = watch.start();
  watch.look();
  await starting;
  watch.look();
  clock.pass(100);
  expect(looks()).toBe(1);
  watch.stop();
});

test("what is too much for one answer is read in smaller pieces", async () => {
  await using rig = await openTestStorage();
  const { client, committer } = rig.storage;
  const { id: by, n: actor } = await rig.newUser();
  const clock = new ManualClock();
  const heard = new Set<number>();
  const limited = {
    execute: (statement: string) => client.execute(statement),
    async batch(...asked: Parameters<typeof client.batch>) {
      const results = await client.batch(...asked);
      const rooms = results[1]?.rows[0]?.[0];
      if (typeof rooms === "string" && rooms.length > 20)
        throw new LibsqlError("string or blob too big", "SQLITE_TOOBIG");
      return results;
    },
  };
  const watch = new NewsWatch({
    client: limited,
    clock,
    directory: { byKey: () => undefined },
    log: keptLog().log,
    outbox: { catchUp: () => Promise.resolve() },
    places: { placeChanged: async ({ n }: { n: number }) => void heard.add(n) },
  } as unknown as NewsWatchOptions);
  await watch.start();
  for (let n = 0; n < 40; n++) {
    const room = { id: shortId(), kind: "private", name: "", history: "all" } as const;
    await committer.commit([{ kind: "created", actor, by, room, data: "{}" }]);
  }
  await eventually(() => {
    clock.pass(2_000);
    return heard.size === 40;
  }, "all rooms");
  watch.stop();
});
