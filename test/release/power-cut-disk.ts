/**
 * A disk whose power can be cut: an ext4 file system in a file, on a loop device. At the cut the kernel takes nothing more for
 * it, and forgets what was written and not synced: neither the journal in memory nor a page of a file gets there afterwards.
 * What was synced must be there when it is mounted again; this disk is honest. Making one takes root.
 */

import { dlopen } from "bun:ffi";
import { afterAll } from "bun:test";
import { closeSync, mkdirSync, openSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../client.ts";
import { temporaryFolder } from "../temporary.ts";

export interface PowerCutDisk extends Disposable {
  readonly path: string;
  /** From now on reads of what is not in memory, writes and syncs fail. */
  cut(): void;
  /** The power is back. Whoever had files open there has ended. */
  restore(): Promise<void>;
}

/** EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH, as the kernel's ext4.h has them. */
const shutdown = 0x8004587d;
const without_flush = 2;

/** What takes each disk away. A test that runs out of time never leaves its scope. */
const removals = new Set<() => void>();
afterAll(() => {
  for (const remove of removals) remove();
});

function run(argv: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...argv]);
  if (success) return;
  const command = "sudo unshare --mount bun test test/release/power-cut.test.ts";
  const needed = "root, a loop device and mkfs.ext4 (Debian's e2fsprogs)";
  throw new Error(
    `This test mounts a disk of its own and could not: ${stderr.toString().trim()}. It needs ${needed}: ${command}`,
  );
}

function shutDown(path: string): void {
  const libc = dlopen("libc.so.6", { ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" } });
  const folder = openSync(path, "r");
  try {
    if (libc.symbols.ioctl(folder, shutdown, new Uint32Array([without_flush])) !== 0) {
      throw new Error(
        `Expected ext4 at ${path} to shut down; the kernel refused. It takes root and EXT4_IOC_SHUTDOWN.`,
      );
    }
  } finally {
    closeSync(folder);
    libc.close();
  }
}

export function powerCutDisk(size_mib: number): PowerCutDisk {
  const folder = temporaryFolder();
  const image = join(folder.path, "image");
  const path = join(folder.path, "disk");
  let mounted = false;
  const mount = (): void => {
    run(["mount", "-t", "ext4", "-o", "loop", image, path]);
    mounted = true;
  };
  const remove = (): void => {
    removals.delete(remove);
    // The loop device goes with the last user of the mount.
    if (mounted) Bun.spawnSync(["umount", "--lazy", path]);
    mounted = false;
    folder[Symbol.dispose]();
  };
  removals.add(remove);
  try {
    closeSync(openSync(image, "w"));
    truncateSync(image, size_mib * 1024 * 1024);
    mkdirSync(path);
    run(["mkfs.ext4", "-q", "-F", image]);
    mount();
  } catch (error) {
    remove();
    throw error;
  }
  return {
    path,
    cut: () => shutDown(path),
    async restore() {
      // The kernel may still be closing the files of a process that was killed.
      await eventually(() => Bun.spawnSync(["umount", path]).success, "a disk that nobody uses any more");
      mounted = false;
      mount();
    },
    [Symbol.dispose]: remove,
  };
}
