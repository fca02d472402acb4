import { readdirSync, readlinkSync } from "node:fs";

/** Open descriptors of this process whose files begin with that path. */
export function descriptors(path: string): number {
  let count = 0;
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith(path)) count++;
    } catch {
      // The descriptor with which the folder itself was read is closed by now.
    }
  }
  return count;
}
