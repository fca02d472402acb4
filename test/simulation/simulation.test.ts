import { afterAll, expect, test } from "bun:test";
import { availableParallelism } from "node:os";

const seeds = 10_000;
const processes = Math.min(4, Math.max(2, availableParallelism()));
const program = `${import.meta.dir}/run.ts`;

interface Sum {
  readonly seeds: number;
  readonly events: number;
  readonly deliveries: number;
  readonly kills: number;
  readonly violations: readonly { readonly seed: number; readonly what: string }[];
}

const running = new Set<Bun.Subprocess>();
afterAll(() => {
  for (const one of running) one.kill();
});

/** Lives every `processes`-th seed in a process of its own. */
async function live(first: number, count: number): Promise<Sum> {
  const command = [process.execPath, program, "--from", `${first}`, "--step", `${processes}`, "--count", `${count}`];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  running.add(child);
  const output = await new Response(child.stdout).text();
  await child.exited;
  running.delete(child);
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  expect(last, `process ${first} ends with its sum`).toStartWith("{");
  return JSON.parse(last) as Sum;
}

test(`${seeds} lives of a server among drops, slow links, kills and stepped clocks break no promise`, async () => {
  const start_ms = performance.now();
  const counts = Array.from({ length: processes }, (_, at) => Math.ceil((seeds - at) / processes));
  const sums = await Promise.all(counts.map((count, first) => live(first, count)));
  const violations = sums.flatMap((sum) => sum.violations);
  const total = (of: (sum: Sum) => number): number => sums.reduce((all, sum) => all + of(sum), 0);
  const seconds = ((performance.now() - start_ms) / 1000).toFixed(0);
  console.log(
    `figure: simulation ${total((sum) => sum.seeds)} seeds, ${total((sum) => sum.events)} events, ` +
      `${total((sum) => sum.deliveries)} deliveries, ${total((sum) => sum.kills)} kills, ` +
      `${violations.length} violations, ${seconds} s`,
  );
  expect(violations.map(({ seed, what }) => `${what}\n  replay: bun test/simulation/run.ts --seed ${seed}`)).toEqual(
    [],
  );
  expect(total((sum) => sum.seeds)).toBe(seeds);
}, 600_000);
