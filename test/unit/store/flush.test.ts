import { expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { flushNames, flushToDisk, makeFolder } from "../../../src/store/flush.ts";
import { temporaryFolder } from "../../temporary.ts";

async function codeOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test("a folder is made with those above it, for its owner alone, by any way of writing its path", async () => {
  using folder = temporaryFolder();
  const deep = join(folder.path, "one", "two", "three");
  await makeFolder(deep);
  await makeFolder(deep);
  expect(statSync(join(folder.path, "one")).mode & 0o777).toBe(0o700);
  const beside = join(folder.path, "beside", "it");
  await makeFolder(relative(process.cwd(), `${beside}/`));
  expect(existsSync(beside)).toBe(true);
});

test("a file system that cannot sync a folder is no reason to stop; a folder that is not there is one", async () => {
  const cannot = "/proc/self";
  expect(await codeOf(flushToDisk(cannot))).toBe("EINVAL");
  expect(await codeOf(flushNames(cannot))).toBeUndefined();
  using folder = temporaryFolder();
  expect(await codeOf(flushNames(folder.path))).toBeUndefined();
  expect(await codeOf(flushNames(join(folder.path, "absent")))).toBe("ENOENT");
});
