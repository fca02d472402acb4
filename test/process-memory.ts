/** What a process holds in memory. */

import { existsSync, readFileSync } from "node:fs";

const MiB = 1024 * 1024;

/** Resident bytes. */
export function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4096;
}

/** Looks ten times a second; gives the highest figure seen. */
export function watchMemory(pid: number): { stop(): number } {
  let highest = residentBytes(pid);
  const look = (): void => {
    // Where a test has failed its server may be gone: the test's own error is the one to see.
    if (!existsSync(`/proc/${pid}`)) return clearInterval(timer);
    highest = Math.max(highest, residentBytes(pid));
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      look();
      return highest;
    },
  };
}

export function inMiB(bytes: number): string {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}
