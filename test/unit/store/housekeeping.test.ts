import { expect, test } from "bun:test";
import { eventually } from "../../client.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { commits_kept_ms, keepHouse, trimCommits, wal_bytes_max, walBytes } from "../../../src/store/housekeeping.ts";
import { openAside } from "../../../src/store/aside.ts";
import { trimRoom } from "../../../src/store/trim.ts";
import { verifyDatabase } from "../../../src/store/verify.ts";
import { keptLog, messageDraft, openTestStorage } from "../../storage.ts";
import { ManualClock } from "../lib/manual-clock.ts";

const count = "SELECT count(*) FROM commits";

test("commits go after a day, but not before the slowest consumer has seen them", async () => {
  await using opened = await openTestStorage();
  const { client, committer } = opened.storage;
  const user = await opened.newUser();
  const room = await opened.newOpenRoom();
  for (let at = 0; at < 10; at++) await committer.commit([messageDraft(room, user)]);
  const left = async (): Promise<unknown> => (await client.execute(count)).rows[0]?.[0];
  const now = systemClock.now();
  expect(await trimCommits(client, now)).toBe(0);
  await client.execute("INSERT INTO cursors (consumer, n) VALUES ('slow', 4), ('fast', 9)");
  const tomorrow = now + commits_kept_ms + 1_000;
  expect(await trimCommits(client, tomorrow)).toBe(4);
  await client.execute("UPDATE cursors SET n = 9 WHERE consumer = 'slow'");
  expect(await trimCommits(client, tomorrow)).toBe(5);
  await client.execute("DELETE FROM cursors");
  await trimCommits(client, tomorrow);
  // The newest stays, or numbers would begin again.
  expect(await left()).toBe(1);
  await committer.commit([messageDraft(room, user)]);
  const [top] = (await client.execute("SELECT max(n) FROM commits")).rows;
  expect(top?.[0]).toBe(11);
  expect(await verifyDatabase(client)).toMatchObject({ ok: true, messages: 11 });
});

test("of many old commits all go, and none of today's", async () => {
  await using opened = await openTestStorage();
  const { client } = opened.storage;
  const rows = `INSERT INTO commits (room, first_seq, last_seq, at)
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) SELECT n, 1, 1, CASE WHEN n <= 4500 THEN 1 ELSE ? END FROM c`;
  const now = systemClock.now();
  await client.execute({ sql: rows, args: [now] });
  expect(await trimCommits(client, now)).toBe(4_500);
  expect((await client.execute(count)).rows[0]?.[0]).toBe(500);
});

test("a room that is trimmed begins later and has no holes", async () => {
  await using opened = await openTestStorage();
  const { client, committer } = opened.storage;
  const user = await opened.newUser();
  const room = await opened.newOpenRoom();
  for (let at = 0; at < 10; at++) await committer.commit([messageDraft(room, user)]);
  await trimRoom(client, { room, first: 8 });
  const { rows } = await client.execute("SELECT first_seq, last_seq FROM rooms");
  expect([rows[0]?.[0], rows[0]?.[1]]).toEqual([8, 10]);
  expect(await verifyDatabase(client)).toMatchObject({ ok: true, messages: 3 });
  const [outcome] = (await committer.commit([messageDraft(room, user)])).outcomes;
  expect(outcome).toMatchObject({ code: "committed", seq: 11 });
});

test("a write-ahead log that a reader has kept from starting over is emptied when the reader is gone", async () => {
  await using opened = await openTestStorage();
  const { client, committer } = opened.storage;
  const path = `${opened.folder}/confab.db`;
  const user = await opened.newUser();
  const room = await opened.newOpenRoom();
  const truncated: number[] = [];
  const clock = new ManualClock();
  const truncate = async (): Promise<void> => {
    const started = performance.now();
    await client.executeMultiple("PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout=5000");
    truncated.push(performance.now() - started);
  };
  const timer = keepHouse({ client, path, truncate, clock, log: keptLog().log });
  {
    await using reader = await openAside(path, { role: "reader", log: keptLog().log });
    await reader.client.executeMultiple("BEGIN; SELECT count(*) FROM rooms");
    const text = JSON.stringify({ text: "x".repeat(60_000) });
    while (walBytes(path) <= wal_bytes_max) {
      await committer.commit(Array.from({ length: 16 }, () => messageDraft(room, user, text)));
    }
    clock.pass(10_000);
    await eventually(() => truncated.length === 1, "a try beside the reader");
    // Nobody could write while it waited for the reader, so it does not wait.
    expect(truncated[0]).toBeLessThan(1_000);
    expect(walBytes(path)).toBeGreaterThan(wal_bytes_max);
    await reader.client.executeMultiple("COMMIT");
  }
  await eventually(async () => {
    clock.pass(10_000);
    await client.execute("SELECT 1");
    return walBytes(path) === 0;
  }, "an empty log");
  timer.cancel();
});
