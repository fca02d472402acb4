/** Goes into the executable: what the system itself must load lies packed in it, and in a file of its own once it has run. */

import { lstatSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Packed {
  /** Where the packed bytes are in the executable. */
  readonly path: string;
  /** Of the unpacked file: it changes with the content. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * The path of the unpacked file. The folder may be everybody's, so that only a file which nobody but this user can have
 * written is taken for it. Left to the runtime it would lie there just so, and in memory once more: to name the file the
 * runtime reads all of what is in the executable.
 */
export function unpack({ path: packed, name, bytes }: Packed): string {
  const user = process.geteuid?.();
  const path = join(tmpdir(), `.confab-${user ?? "user"}-${name}`);
  const there = lstatSync(path, { throwIfNoEntry: false });
  // Windows has no numbers of users, and gives each a folder of their own.
  const isOurs = user === undefined || (there?.uid === user && (there.mode & 0o022) === 0);
  if (isOurs && there?.isFile() === true && there.size === bytes) return path;
  try {
    // Another process may do the same: whoever comes last puts the same file in its place.
    const partial = `${path}.${crypto.randomUUID()}`;
    writeFileSync(partial, Bun.zstdDecompressSync(readFileSync(packed)), { mode: 0o600, flag: "wx" });
    renameSync(partial, path);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
  return path;
}

/** Modules are still being read: there is nobody yet who could tell the operator. */
function complain(reason: string): never {
  const wanted = "Expected a folder for temporary files that this user may write to, for the database's driver";
  writeSync(2, `confab: ${wanted}; got ${tmpdir()} (${reason}). Set TMPDIR to another one.\n`);
  process.exit(1);
}
