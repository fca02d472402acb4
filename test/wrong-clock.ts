/** A wall clock that is wrong, for a process of a test; needs the Debian package "faketime". */

import { join } from "node:path";

/** The library that the package brings, wherever this machine keeps its libraries. */
function library(): string {
  const found = [...new Bun.Glob("*/faketime/libfaketime.so.1").scanSync("/usr/lib")];
  if (found[0] === undefined) throw new Error("Expected the Debian package faketime to be installed.");
  return join("/usr/lib", found[0]);
}

/** The environment of a process whose clock is off by the seconds in a file (`+7200`), read again each time. */
export function wrongClock(file: string): Record<string, string> {
  return {
    LD_PRELOAD: library(),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    // As with a real step of the clock: durations go on as they were.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}
