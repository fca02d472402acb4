/** What is on the disk, and not only in the memory of the system. */

import { mkdirSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** What a file system answers that cannot sync a folder, or has its own opinion on who may read one: its names are as safe as it makes them. */
const unwilling = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EBADF", "EISDIR", "EACCES", "EPERM"]);

/** What was written to a file is on the disk afterwards. */
export async function flushToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The names in a folder are on the disk afterwards. */
export async function flushNames(folder: string): Promise<void> {
  try {
    await flushToDisk(folder);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && unwilling.has(String(error.code)))) throw error;
  }
}

/** Makes a folder for its owner alone, and those above it that are missing; their names are on the disk afterwards. */
export async function makeFolder(path: string): Promise<void> {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  const above = dirname(resolve(made));
  for (let folder = resolve(path); folder !== above; folder = dirname(folder)) await flushNames(dirname(folder));
}
