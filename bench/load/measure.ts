/** One run: a fresh server, a generator on another core, a report. */

import { join } from "node:path";
import type { LoadJob, LoadReport } from "./job.ts";
import { generator_core, pinned, startServer, type Subject } from "./server-process.ts";
import { load_secret, root } from "./subjects.ts";
import type { Workload } from "./workloads.ts";

export interface Timing {
  readonly warmup_ms: number;
  readonly window_ms: number;
}

const run_ms_max = 120_000;

/** Runs a program of bench/load on the generator's core and gives the JSON that it prints last. */
export async function runProgram<T>(file: string, job: unknown): Promise<T> {
  const program = [process.execPath, join(root, "bench/load", file), JSON.stringify(job)];
  const child = Bun.spawn(pinned(generator_core, program), { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const late = setTimeout(() => child.kill("SIGKILL"), run_ms_max);
  const text = await new Response(child.stdout).text();
  const code = await child.exited;
  clearTimeout(late);
  if (code !== 0) throw new Error(`The generator left with ${code}: ${text.slice(-500)}`);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as T;
}

export async function measureLoad(
  subject: Subject,
  workload: Workload,
  timing: Timing & { stalled?: number },
): Promise<LoadReport> {
  await using server = await startServer(subject);
  const { shape, pace } = workload;
  const { url, pid } = server;
  const { protocol } = subject;
  const job: LoadJob = { url, protocol, secret: load_secret, shape, pace, stalled: 0, ...timing, server_pid: pid };
  return await runProgram<LoadReport>("generator.ts", job);
}
