/** A disk of its own that can be filled, made larger and taken away: a tmpfs. Mounting one takes root. */

import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary.ts";

export interface SmallDisk extends Disposable {
  readonly path: string;
  /** Takes what is left. */
  fill(): void;
  /** Gives it back. */
  empty(): void;
}

function run(argv: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...argv]);
  if (success) return;
  const command = `sudo unshare --mount bun test test/faults`;
  throw new Error(`This test mounts a tmpfs and may not: ${stderr.toString().trim()}. Run it as root: ${command}`);
}

export function smallDisk(size_mib: number): SmallDisk {
  const folder = temporaryFolder();
  const path = join(folder.path, "disk");
  mkdirSync(path);
  run(["mount", "-t", "tmpfs", "-o", `size=${size_mib}m`, "confab-test", path]);
  const filler = join(path, "filler");
  return {
    path,
    fill() {
      const file = openSync(filler, "a");
      try {
        for (let block = 64 * 1024; block >= 512; block /= 2) fillWith(file, block);
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(filler, { force: true }),
    [Symbol.dispose]() {
      run(["umount", "--lazy", path]);
      folder[Symbol.dispose]();
    },
  };
}

function fillWith(file: number, block: number): void {
  const bytes = Buffer.alloc(block, 1);
  try {
    while (writeSync(file, bytes) === block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
