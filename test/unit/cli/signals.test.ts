import { expect, test } from "bun:test";

async function start(behaviour: "stop" | "hang" | "throw" | "reject") {
  const program = new URL("./signals-program.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, program, behaviour], { stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    child,
    /** Waits until the output has that text, or ends. */
    async until(expected: string): Promise<string> {
      for (;;) {
        if (text.includes(expected)) {
          return text;
        }
        const { done, value } = await reader.read();
        if (done) {
          return text;
        }
        text += value;
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} is heard once and lets the process finish what it does`, async () => {
    await using program = await start("stop");
    await program.until("ready");
    program.child.kill(signal);
    expect(await program.until(signal)).toContain(signal);
    expect(await program.child.exited).toBe(0);
  });
}

test("a second signal ends the process at once", async () => {
  await using program = await start("hang");
  await program.until("ready");
  program.child.kill("SIGTERM");
  await program.until("SIGTERM");
  program.child.kill("SIGINT");
  expect(await program.child.exited).toBe(1);
});

for (const [behaviour, words] of [
  ["throw", "thrown"],
  ["reject", "rejected"],
] as const) {
  test(`an error that nobody caught (${behaviour}) ends the process with 1 after its last words`, async () => {
    await using program = await start(behaviour);
    expect(await program.until("last words")).toContain(`last words: ${words}`);
    expect(await program.child.exited).toBe(1);
  });
}
