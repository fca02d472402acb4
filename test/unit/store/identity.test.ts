import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { systemClock } from "../../../src/lib/clock.ts";
import { openStorage } from "../../../src/store/database.ts";
import { keptLog } from "../../storage.ts";
import { temporaryFolder } from "../../temporary.ts";

/** Starts and stops once; the epoch of that run. */
async function runOnce(folder: string): Promise<string> {
  const storage = await openStorage({ folder, clock: systemClock, log: keptLog().log });
  const { epoch } = storage;
  await storage.close();
  return epoch;
}

const database = (folder: string): string => `${folder}/confab.db`;

/** As a backup would: the database alone, with all that is in it. */
function copyDatabase(folder: string, target: string): void {
  if (existsSync(`${database(folder)}-wal`)) copyFileSync(`${database(folder)}-wal`, `${target}-wal`);
  copyFileSync(database(folder), target);
}

function putBack(folder: string, copy: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(database(folder) + suffix, { force: true });
  if (existsSync(`${copy}-wal`)) copyFileSync(`${copy}-wal`, `${database(folder)}-wal`);
  copyFileSync(copy, database(folder));
}

describe("the epoch of the logs", () => {
  test("has 8 characters and stays over restarts", async () => {
    using folder = temporaryFolder();
    const epoch = await runOnce(folder.path);
    expect(epoch).toMatch(/^[a-z0-9]{8}$/);
    expect(await runOnce(folder.path)).toBe(epoch);
    expect(await runOnce(folder.path)).toBe(epoch);
  });

  test("is another one in another folder", async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    expect(await runOnce(one.path)).not.toBe(await runOnce(two.path));
  });

  test("changes when the database file was replaced by an older copy, once", async () => {
    using folder = temporaryFolder();
    const epoch = await runOnce(folder.path);
    copyDatabase(folder.path, `${folder.path}/copy`);
    for (let run = 0; run < 3; run++) await runOnce(folder.path);
    putBack(folder.path, `${folder.path}/copy`);
    const after = await runOnce(folder.path);
    expect(after).not.toBe(epoch);
    expect(await runOnce(folder.path)).toBe(after);
  });

  test("changes when the copy is of the run before", async () => {
    using folder = temporaryFolder();
    await runOnce(folder.path);
    const epoch = await runOnce(folder.path);
    copyDatabase(folder.path, `${folder.path}/copy`);
    await runOnce(folder.path);
    putBack(folder.path, `${folder.path}/copy`);
    expect(await runOnce(folder.path)).not.toBe(epoch);
  });

  test("changes when the database comes from another folder, or the file beside it is gone", async () => {
    using one = temporaryFolder();
    using two = temporaryFolder();
    const epoch = await runOnce(one.path);
    await runOnce(two.path);
    copyDatabase(one.path, `${two.path}/copy`);
    putBack(two.path, `${two.path}/copy`);
    expect(await runOnce(two.path)).not.toBe(epoch);
    rmSync(`${one.path}/run`);
    expect(await runOnce(one.path)).not.toBe(epoch);
  });

  test("stays when the server died between the two writes, again and again", async () => {
    using folder = temporaryFolder();
    const epoch = await runOnce(folder.path);
    const beside = readFileSync(`${folder.path}/run`, "utf8");
    for (let crash = 0; crash < 3; crash++) {
      expect(await runOnce(folder.path)).toBe(epoch);
      // The database knows of the new run, the file beside it does not yet.
      writeFileSync(`${folder.path}/run`, beside);
    }
    expect(await runOnce(folder.path)).toBe(epoch);
  });

  test("changes when the server died in its very first start, before anybody had written", async () => {
    using folder = temporaryFolder();
    const epoch = await runOnce(folder.path);
    rmSync(`${folder.path}/run`);
    const after = await runOnce(folder.path);
    // This cannot be told from a lost file, so it is a new log.
    expect(after).not.toBe(epoch);
    expect(await runOnce(folder.path)).toBe(after);
  });
});
