/**
 * Puts a backup into a data folder that no server uses. The file `run` goes, so that the next start sees another
 * database than the folder last had and gives the logs a new epoch: clients must not resume at positions that the
 * backup never reached.
 */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OperatorError } from "../lib/operator-error.ts";
import { takeLock } from "./lock.ts";
import { flushNames, flushToDisk, makeFolder } from "./flush.ts";
import { readManifest, type Manifest } from "./manifest.ts";

export interface RestoreOptions {
  /** The folder of one backup. */
  readonly from: string;
  readonly data: string;
  /** Puts an existing database aside instead of refusing. */
  readonly force: boolean;
  /** Unix milliseconds, for the name of what is put aside. */
  readonly now: number;
}

/** Returns where the old database is now, if there was one. */
export async function restore(options: RestoreOptions): Promise<{ manifest: Manifest; aside: string | undefined }> {
  const { from, data, force, now } = options;
  const manifest = await readManifest(from);
  await makeFolder(data);
  const lock = takeLock(data);
  try {
    const target = join(data, "confab.db");
    const exists = existsSync(target);
    if (exists && !force) {
      throw new OperatorError(`${data} has a database already. With --force it is put aside, in the same folder.`);
    }
    const incoming = `${target}.incoming`;
    copyFileSync(join(from, manifest.file), incoming);
    await flushToDisk(incoming);
    const aside = exists ? putAside(data, now) : undefined;
    rmSync(join(data, "run"), { force: true });
    renameSync(incoming, target);
    await flushNames(data);
    return { manifest, aside };
  } finally {
    lock.release();
  }
}

/** The log and its index belong to the file: left behind, they would be applied to the restored one. */
function putAside(data: string, now: number): string {
  const aside = join(data, `replaced-${new Date(now).toISOString().replaceAll(/[-:.]/g, "")}`);
  mkdirSync(aside, { mode: 0o700 });
  for (const name of ["confab.db", "confab.db-wal", "confab.db-shm", "run"]) {
    if (existsSync(join(data, name))) renameSync(join(data, name), join(aside, name));
  }
  return aside;
}
