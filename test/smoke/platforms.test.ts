/** Executables for other platforms: made here, and run where this machine can. */

import { expect, test } from "bun:test";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";

const root = join(import.meta.dir, "../..");
const channel = "open:elsewhere";

/** Makes the executable for a platform and returns its path. */
async function build(folder: string, target: string): Promise<string> {
  const outfile = join(folder, `confab-${target}`);
  const argv = [process.execPath, ".ci/build.ts", "--target", target, "--outfile", outfile];
  const child = Bun.spawn(argv, { cwd: root, stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`Expected an executable for ${target}: ${complaint}`);
  return outfile;
}

/** The machine that an ELF file is for, and the loader that it asks for. */
function elf(path: string): { machine: number; loader: string } {
  const bytes = readFileSync(path);
  const loader = /\/lib(64)?\/ld-[a-z0-9_.-]+/.exec(bytes.subarray(0, 4_096).toString("latin1"))?.[0] ?? "";
  return { machine: bytes.readUInt16LE(18), loader };
}

test("the executable for linux-arm64 serves, is killed, and serves what was acknowledged", async () => {
  using folder = temporaryFolder();
  const binary = await build(folder.path, "linux-arm64");
  expect(elf(binary)).toEqual({ machine: 183, loader: "/lib/ld-linux-aarch64.so.1" });
  const emulator = Bun.which("qemu-aarch64-static");
  if (emulator === null) {
    throw new Error(
      "This test emulates the processor: sudo apt-get install qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross",
    );
  }
  const wrapper = join(folder.path, "confab");
  await Bun.write(wrapper, `#!/bin/sh\nexec ${emulator} -L /usr/aarch64-linux-gnu ${binary} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const before = process.env["CONFAB_BINARY"];
  process.env["CONFAB_BINARY"] = wrapper;
  try {
    await using node = await startNode({ args: ["--open"] });
    {
      await using client = await connectRaw(node);
      await client.subscribe(channel);
      const { error } = await client.request("publish", { channel, data: { text: "by another processor" } });
      expect(error).toBeUndefined();
    }
    await node.restart();
    await using client = await connectRaw(node);
    await client.subscribe(channel);
    const { history } = await client.request("history", { channel, limit: 10 });
    expect(history?.publications.map(({ data }) => data)).toEqual([{ text: "by another processor" }]);
    expect(await node.stop()).toBe(0);
    console.log("figure: linux-arm64 executable: served, killed and served again under emulation");
  } finally {
    if (before === undefined) delete process.env["CONFAB_BINARY"];
    else process.env["CONFAB_BINARY"] = before;
  }
});

test("the executable for linux-x64-musl asks for musl's loader", async () => {
  // Running it takes the libraries of an Alpine, which this machine has not.
  using folder = temporaryFolder();
  const binary = await build(folder.path, "linux-x64-musl");
  expect(elf(binary)).toEqual({ machine: 62, loader: "/lib/ld-musl-x86_64.so.1" });
});
