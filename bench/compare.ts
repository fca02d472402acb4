/**
 * What a change did: `bun run bench:compare [--base <revision>] [--rounds 5] [T1 T3 …]`. The base is built in a worktree
 * of its own; both executables take turns, a fresh process a run, the order reversed each round. Prints medians and the
 * ratio, which a shared machine changes less than either figure.
 */

import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Recorder } from "./load/recorder.ts";
import type { Subject } from "./load/server-process.ts";
import { confabSubject, root } from "./load/subjects.ts";
import { columns, figure } from "./load/tables.ts";
import { loadTasks } from "./load/websocket-tasks.ts";
import { isWorkload, workloads, type WorkloadName } from "./load/workloads.ts";

const { values: options, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    base: { type: "string", default: "HEAD" },
    rounds: { type: "string", default: "5" },
    window: { type: "string", default: "2000" },
  },
});

function run(command: readonly string[], folder: string): string {
  const ran = Bun.spawnSync([...command], { cwd: folder });
  if (!ran.success) throw new Error(`${command.join(" ")} failed:\n${ran.stderr.toString()}`);
  return ran.stdout.toString().trim();
}

/** The executable of a revision: its own code with its own packages, or ours where it wants the same. */
async function buildBase(folder: string): Promise<void> {
  run(["git", "worktree", "add", "--detach", folder, options.base], root);
  const samePackages = run(["git", "diff", "--name-only", options.base, "--", "bun.lock"], root) === "";
  if (samePackages) await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  else run([process.execPath, "install", "--frozen-lockfile"], folder);
  run([process.execPath, ".ci/build.ts"], folder);
}

/** Not into dist: a build that somebody starts meanwhile would change what is measured. */
function buildOurs(folder: string): void {
  run([process.execPath, ".ci/build.ts", "--outfile", join(folder, "dist/confab")], root);
}

const keys = ["deliveries_per_s", "messages_per_s", "cpu_us_per_delivery", "p50_ms", "p99_ms", "rss_bytes"] as const;

function tell(recorder: Recorder, names: readonly WorkloadName[]): void {
  const rows = names.flatMap((name) =>
    keys.flatMap((key) => {
      const base = recorder.median(name, "base", key);
      const ours = recorder.median(name, "ours", key);
      if (base === undefined || ours === undefined) return [];
      return [[`${name} ${key}`, figure(base), figure(ours), `${(ours / base).toFixed(3)}×`]];
    }),
  );
  console.log(columns([["", "base", "ours", "ratio"], ...rows]));
}

async function compare(subjects: readonly Subject[], names: readonly WorkloadName[]): Promise<void> {
  const recorder = new Recorder();
  const tasks = loadTasks(names, subjects, { warmup_ms: 800, window_ms: Number(options.window) });
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const task of round % 2 === 0 ? tasks : tasks.toReversed()) await task.run(recorder);
    console.log(`round ${round + 1} of ${options.rounds}`);
  }
  tell(recorder, names);
}

const chosen = positionals.filter(isWorkload);
const unknown = positionals.filter((name) => !isWorkload(name));
if (unknown.length > 0)
  throw new Error(`Expected names of ${Object.keys(workloads).join(", ")}; got ${unknown.join(", ")}.`);
const folder = await mkdtemp(join(tmpdir(), "confab-compare-"));
const base = join(folder, "base");
const ours = join(folder, "ours");
try {
  await buildBase(base);
  buildOurs(ours);
  const subjects = [
    confabSubject({ folder: base, source: false, name: "base" }),
    confabSubject({ folder: ours, source: false, name: "ours" }),
  ];
  await compare(subjects, chosen.length > 0 ? chosen : ["T1", "T1s", "T3", "L1"]);
} finally {
  Bun.spawnSync(["git", "worktree", "remove", "--force", base], { cwd: root });
  await rm(folder, { recursive: true, force: true });
}
