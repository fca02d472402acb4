import { join } from "node:path";
import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";

const main = join(import.meta.dir, "../../src/main.ts");

async function bench(args: readonly string[]): Promise<{ code: number; said: string; complained: string }> {
  const child = Bun.spawn([process.execPath, main, "bench", ...args], { stdout: "pipe", stderr: "pipe" });
  const [said, complained] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said, complained };
}

test("confab bench loads a server as guests and finds every delivery", async () => {
  await using node = await startNode({
    args: ["--open", "--messages-per-second", "1000000", "--messages-burst", "1000000"],
  });
  const { code, said } = await bench(["--url", node.url, "--members", "20", "--seconds", "1"]);
  expect(code).toBe(0);
  expect(said.match(/messages\/s, [1-9][\d,]* deliveries\/s/g)?.length).toBe(4);
  expect(said).toMatch(/half within [\d.]+ ms, 99% within [\d.]+ ms/);
  expect(said).not.toContain("not as it should be");
});

test("confab bench says when it measured the server's limit on senders", async () => {
  await using node = await startNode({ args: ["--open", "--messages-per-second", "5", "--messages-burst", "50"] });
  const { code, said } = await bench(["--url", node.url, "--members", "2", "--seconds", "1"]);
  expect(code).toBe(0);
  expect(said).toContain("the server limits what one sender may send");
});

test("confab bench says in a sentence that nothing answers, or that guests are not let in", async () => {
  await using node = await startNode();
  const refused = await bench(["--url", node.url]);
  expect(refused.code).not.toBe(0);
  expect(refused.complained).toContain("Start the server with --open");
  await node.kill();
  const nobody = await bench(["--url", node.url]);
  expect(nobody.code).not.toBe(0);
  expect(nobody.complained).toContain("Nothing answers at");
});
