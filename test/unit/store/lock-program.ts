/** Takes the lock of the folder in its argument, says how that went, and stays until it is ended. */

import { takeLock } from "../../../src/store/lock.ts";

try {
  // Nobody keeps what this returns: the lock must be held all the same.
  takeLock(process.argv[2] ?? "");
  Bun.gc(true);
  console.log("locked");
  // Something must keep the process alive.
  setInterval(() => undefined, 60_000);
} catch (error) {
  console.log(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  process.exitCode = 1;
}
