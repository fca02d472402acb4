import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { systemClock } from "../../../src/lib/clock.ts";
import { openStorage } from "../../../src/store/database.ts";
import { LockedError, takeLock } from "../../../src/store/lock.ts";
import { keptLog } from "../../storage.ts";
import { temporaryFolder } from "../../temporary.ts";

interface Holder extends AsyncDisposable {
  /** The first line that it said. */
  readonly said: string;
  readonly process: Bun.Subprocess<"ignore", "pipe", "inherit">;
}

/** Another process that takes the lock of a folder. */
async function startHolder(folder: string): Promise<Holder> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "lock-program.ts"), folder], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    said: new TextDecoder().decode(value).trim(),
    process: child,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

describe("the lock of a data folder", () => {
  test("is refused within a second while another process has it, with a sentence", async () => {
    using folder = temporaryFolder();
    await using holder = await startHolder(folder.path);
    expect(holder.said).toBe("locked");
    const start = performance.now();
    expect(() => takeLock(folder.path)).toThrow(LockedError);
    expect(() => takeLock(folder.path)).toThrow(`Another confab server uses the data folder ${folder.path}.`);
    const { log } = keptLog();
    const opening = openStorage({ folder: folder.path, clock: systemClock, log });
    const error = await opening.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LockedError);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test("is held against other processes, and a second one leaves", async () => {
    using folder = temporaryFolder();
    const lock = takeLock(folder.path);
    await using second = await startHolder(folder.path);
    expect(second.said).toStartWith("LockedError: Another confab server uses");
    expect(await second.process.exited).toBe(1);
    lock.release();
    await using third = await startHolder(folder.path);
    expect(third.said).toBe("locked");
  });

  test("is free as soon as its holder is killed", async () => {
    using folder = temporaryFolder();
    await using holder = await startHolder(folder.path);
    expect(holder.said).toBe("locked");
    holder.process.kill("SIGKILL");
    await holder.process.exited;
    takeLock(folder.path).release();
  });

  test("can be taken again once it was released", () => {
    using folder = temporaryFolder();
    for (let round = 0; round < 3; round++) takeLock(folder.path).release();
  });
});
