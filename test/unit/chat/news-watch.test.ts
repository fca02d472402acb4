import { expect, test } from "bun:test";
import { NewsWatch, type NewsWatchOptions } from "../../../src/chat/news-watch.ts";
import { openTestStorage } from "../../storage.ts";
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
