/** Older messages of an open room, against a log of which the test says when it answers. */

import { expect, test } from "bun:test";
import type { RoomEvent } from "../../../src/sdk/room-event.ts";
import { OlderPages } from "../../../src/web/older-pages.ts";

const page_events = 10;

const eventOf = (seq: number): RoomEvent => ({
  room: "hall",
  seq,
  kind: "message",
  id: `id-${seq}`,
  user: "ada",
  time: new Date(0),
  data: { text: `message ${seq}` },
});

const seqs = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** The pages of a log that ends before `before`, answered when the test opens the way. */
function pagesOf(before: number) {
  const shown: RoomEvent[] = [];
  const asked: number[] = [];
  let way = Promise.resolve();
  const pages = new OlderPages({
    before,
    page: async (below) => {
      asked.push(below);
      const from = Math.max(1, below - page_events);
      const events = seqs(from, below - 1).map(eventOf);
      await way;
      return { events, more: from > 1 };
    },
    show: (events) => shown.unshift(...events),
    failed: (error) => {
      throw error;
    },
  });
  const hold = (): (() => void) => {
    const held = Promise.withResolvers<void>();
    way = held.promise;
    return held.resolve;
  };
  return { pages, asked, hold, shown, shownSeqs: () => shown.map(({ seq }) => seq) };
}

test("pages come one above the other until the beginning", async () => {
  const { pages, asked, shownSeqs } = pagesOf(24);
  await pages.first();
  expect(pages.atBeginning).toBe(false);
  while (!pages.atBeginning) await pages.load();
  expect(shownSeqs()).toEqual(seqs(1, 23));
  await pages.load();
  expect(asked).toEqual([24, 14, 4]);
});

test("what has left the page is older again, also when the beginning was there", async () => {
  const { pages, asked } = pagesOf(5);
  await pages.first();
  expect(pages.atBeginning).toBe(true);
  pages.letGo(200);
  expect(pages.atBeginning).toBe(false);
  await pages.load();
  expect(asked).toEqual([5, 200]);
});

test("a page on its way that no longer stands above what is shown is not shown", async () => {
  const { pages, hold, shownSeqs } = pagesOf(24);
  const answer = hold();
  const loading = pages.load();
  pages.letGo(200);
  answer();
  await loading;
  expect(shownSeqs()).toEqual([]);
  await pages.load();
  expect(shownSeqs()).toEqual(seqs(190, 199));
});

test("a page of an earlier opening of the room is not shown in the one of now", async () => {
  const { pages, hold, shownSeqs } = pagesOf(24);
  const answer = hold();
  const loading = pages.first();
  pages.end();
  answer();
  await loading;
  expect(shownSeqs()).toEqual([]);
});

test("a message that is deleted while its page is on its way comes without its words", async () => {
  const { pages, hold, shown } = pagesOf(24);
  const answer = hold();
  const loading = pages.load();
  pages.deleted(20);
  answer();
  await loading;
  expect(shown.filter(({ data }) => data === null).map(({ seq }) => seq)).toEqual([20]);
});
