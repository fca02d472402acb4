import { expect, test } from "bun:test";
import { TextOutput } from "../../../src/cli/output.ts";

test("what is written while a write is under way leaves together with the next, in order", async () => {
  const sent: string[] = [];
  const first = Promise.withResolvers<void>();
  const output = new TextOutput(async (text) => {
    sent.push(text);
    await first.promise;
  }, false);
  output.write("a\n");
  output.write("b\n");
  await Promise.resolve();
  output.write("c\n");
  output.write("d\n");
  expect(sent).toEqual(["a\nb\n"]);
  first.resolve();
  await output.flush();
  expect(sent).toEqual(["a\nb\n", "c\nd\n"]);
  output.write("e\n");
  await output.flush();
  expect(sent.at(-1)).toBe("e\n");
});

test("a reader that stands still costs a bounded memory, and learns later how much it missed", async () => {
  const sent: string[] = [];
  const stalled = Promise.withResolvers<void>();
  const output = new TextOutput(async (text) => {
    sent.push(text);
    await stalled.promise;
  }, false);
  const line = `${"x".repeat(1_023)}\n`;
  for (let index = 0; index < 10_000; index++) {
    output.write(line);
    await Promise.resolve();
  }
  stalled.resolve();
  await output.flush();
  const text = sent.join("");
  expect(text.length).toBeLessThan(4.1 * 1024 * 1024);
  const arrived = text.split(line).length - 1;
  expect(text).toEndWith(`${10_000 - arrived} lines were not written: the reader was too slow.\n`);
});

test("a reader that has left is no error", async () => {
  const output = new TextOutput(() => Promise.reject(new Error("EPIPE")), false);
  output.write("a\n");
  await output.flush();
  output.write("b\n");
  await output.flush();
});

test("an exit after a flush cuts nothing off, though a pipe takes only a part at once", async () => {
  const program = new URL("./output-program.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, program], { stdout: "pipe", stderr: "inherit" });
  const [text, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  expect(text.length).toBe(1_000_000);
  expect(exitCode).toBe(0);
});
