/** A storage thread that dies or hangs: who waited is told, a new one takes its place, nothing of the old one stays. */

import { expect, test } from "bun:test";
import { StorageError } from "../../src/store/draft.ts";
import { openStorage } from "../../src/store/database.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { StorageThread } from "../../src/store/storage-thread.ts";
import { descriptors } from "./descriptors.ts";
import { eventually } from "../client.ts";
import { keptLog } from "../storage.ts";
import { temporaryFolder } from "../temporary.ts";

const path = "confab.db";
const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ?) SELECT count(*) FROM c";

/** A database with its tables, and nobody on it. */
async function emptyDatabase(folder: string): Promise<string> {
  const storage = await openStorage({ folder, clock: systemClock, log: keptLog().log });
  await storage.close();
  return `${folder}/${path}`;
}

test("a storage thread that dies is replaced a hundred times, without a descriptor or a lock left behind", async () => {
  using folder = temporaryFolder();
  const file = await emptyDatabase(folder.path);
  // In a program of its own: the test runner has its own way with errors that nobody catches.
  const program = new URL("./dying-threads.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, program, file, "100"], { stdout: "pipe", stderr: "inherit" });
  const told = JSON.parse(await new Response(child.stdout).text()) as { leaked: number; each_ms: number; rows: number };
  const { leaked, each_ms, rows } = told;
  console.log(`figure: storage thread died 100 times: ${leaked} descriptors leaked, replaced in ${each_ms} ms`);
  expect(leaked).toBeLessThanOrEqual(0);
  expect(rows).toBe(100);
  expect(await child.exited).toBe(0);
});

test("a storage thread that hangs is replaced, and ends when it comes back", async () => {
  using folder = temporaryFolder();
  const file = await emptyDatabase(folder.path);
  const { log, lines } = keptLog();
  const thread = new StorageThread({ role: "writer", path: file, log });
  await thread.start();
  thread.watch(300);
  const before = descriptors(folder.path);
  const hanging = thread.ask({ op: "execute", statement: { sql: endless, args: [20_000_000] } });
  const error = await hanging.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StorageError);
  expect((error as StorageError).code).toBe("outcome_unknown");
  await eventually(() => thread.replaced === 1, "another thread");
  const { result } = await thread.ask({ op: "execute", statement: { sql: "SELECT 1", args: [] } });
  expect(result.rows).toEqual([[1]]);
  await eventually(() => lines.some((line) => line.includes("hanging_storage_thread_ended")), "its end");
  // SQLite keeps a descriptor of a file that another connection has locked, for the next connection.
  await eventually(() => descriptors(folder.path) <= before + 1, "closed descriptors");
  await thread.stop();
});
