import { open } from "node:fs/promises";

/** What was written to a file, or the names in a folder, are on the disk afterwards. */
export async function flushToDisk(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
