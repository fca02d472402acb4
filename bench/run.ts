/**
 * The benchmark: `bun run bench` the short version, `bun run bench:full` everything. Fresh processes each run, the order
 * reversed from round to round, medians. `--source` runs the server from source, `--only <text>` tasks whose name has it.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { handshakeTask, idleTasks, resumeTask } from "./load/crowd-tasks.ts";
import { describeMachine, results_folder } from "./load/machine.ts";
import { httpTask, rpcPagesTask } from "./load/page-tasks.ts";
import { installPeers, peerSubjects } from "./load/peers.ts";
import { disturbance, Recorder, type Task } from "./load/recorder.ts";
import type { Subject } from "./load/server-process.ts";
import { fsyncTask, sizeTask, startTask } from "./load/start-tasks.ts";
import { storedTask } from "./load/stored-tasks.ts";
import { bareBun, confabSubject, joinedBun, root } from "./load/subjects.ts";
import { comparison, everything, verdicts } from "./load/tables.ts";
import { judge } from "./load/targets.ts";
import { loadTasks, memberTasks, stalledTasks } from "./load/websocket-tasks.ts";
import type { Result } from "./page/result.ts";
import { drawPage } from "./page/draw.ts";

interface Options {
  readonly full: boolean;
  readonly source: boolean;
  readonly only: string;
  readonly rounds: number;
  readonly save: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    args: Bun.argv.slice(2),
    options: {
      full: { type: "boolean", default: false },
      source: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "" },
      save: { type: "boolean", default: true },
    },
    allowNegative: true,
  });
  const { full, source, only, rounds, save } = values;
  return { full, source, only, rounds: Number(rounds) || (full ? 5 : 3), save };
}

function shortTasks(confab: Subject): Task[] {
  const timing = { warmup_ms: 1_500, window_ms: 1_200 };
  return [
    fsyncTask,
    ...loadTasks(["T1", "T3"], [confab, bareBun, joinedBun], timing),
    ...loadTasks(["T1s", "T2", "L1"], [confab, bareBun], timing),
    handshakeTask(confab, 4_000),
    startTask(confab),
    sizeTask(confab),
  ];
}

function fullTasks(confab: Subject): Task[] {
  // A server that has run for seconds has been compiled.
  const timing = { warmup_ms: 3_000, window_ms: 2_500 };
  const names = ["T1", "T1-32", "T1s", "T2", "T3", "L1", "L2"] as const;
  return [
    fsyncTask,
    ...loadTasks(names, [confab, bareBun, joinedBun], timing),
    // No target is a ratio to them.
    ...loadTasks(names, peerSubjects(), timing).map((task) => ({ ...task, rounds_max: 2 })),
    handshakeTask(confab, 9_000),
    ...idleTasks(confab, 9_000),
    resumeTask(confab, { clients: 10_000, rooms: 100, rooms_per_user: 1 }),
    resumeTask(confab, { clients: 10_000, rooms: 100, rooms_per_user: 10 }),
    rpcPagesTask(confab, 3),
    httpTask(confab, 3),
    ...memberTasks(confab, timing),
    ...stalledTasks(confab, timing),
    startTask(confab),
    startTask(bareBun),
    sizeTask(confab),
    storedTask(confab, [100_000, 1_000_000, 10_000_000], timing),
  ];
}

async function runRound(tasks: readonly Task[], recorder: Recorder, round: number): Promise<void> {
  for (const task of round % 2 === 0 ? tasks : tasks.toReversed()) {
    if (round >= (task.rounds_max ?? options.rounds)) continue;
    const start_ms = performance.now();
    try {
      await task.run(recorder);
    } catch (error) {
      // The others are still worth having; what is missing is missing in the tables.
      console.log(`  !! ${task.name} failed: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
    console.log(`  ${task.name} (${((performance.now() - start_ms) / 1000).toFixed(1)} s)`);
  }
}

function tell(recorder: Recorder, subject: string): void {
  const closed = ["T1", "T1-32", "T1s", "T2", "T3"];
  console.log(`\n${comparison(recorder, { workloads: closed, value: "deliveries_per_s" })}`);
  for (const value of ["p50_ms", "p99_ms"]) console.log(comparison(recorder, { workloads: ["L1", "L2"], value }));
  console.log(everything(recorder));
  console.log(verdicts(judge(recorder, subject)));
  const { runs, disturbed } = disturbance(recorder.all);
  if (disturbed > 0)
    console.log(`${disturbed} of ${runs} runs shared the machine with something else: do not trust these figures.`);
}

/** Not into dist: a build that somebody starts meanwhile would change what is measured. */
function build(): string {
  const executable = join(root, ".cache/bench/confab");
  const made = Bun.spawnSync([process.execPath, join(root, ".ci/build.ts"), "--outfile", executable], { cwd: root });
  if (!made.success) throw new Error(`The build failed:\n${made.stderr.toString()}`);
  return executable;
}

const options = readOptions();
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, kernel ${machine.kernel}, commit ${machine.commit}`);
if (options.full) await installPeers();
const { source } = options;
const confab = confabSubject(source ? { source } : { source, executable: build() });
const all = options.full ? fullTasks(confab) : shortTasks(confab);
const tasks = all.filter(({ name }) => name.includes(options.only));
const recorder = new Recorder();
for (let round = 0; round < options.rounds; round++) {
  console.log(`round ${round + 1} of ${options.rounds}`);
  await runRound(tasks, recorder, round);
}
tell(recorder, confab.name);
if (options.save) {
  const verdict = judge(recorder, confab.name);
  const { full, rounds } = options;
  const result: Result = { machine, full, rounds, source, figures: recorder.all, verdicts: verdict };
  const path = join(results_folder, `${machine.date.slice(0, 10)}-${machine.commit}${full ? "" : "-short"}.json`);
  await Bun.write(path, `${JSON.stringify(result, undefined, 1)}\n`);
  const page = await drawPage(results_folder);
  console.log(`written: ${path.slice(root.length + 1)} and ${page.slice(root.length + 1)}`);
}
