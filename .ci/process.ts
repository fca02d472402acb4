import { tmpdir } from "node:os";
import { join } from "node:path";

/** How a command ended, and all that it said. */
export interface Ended {
  /** What went wrong, or null where the command left with 0 in time. */
  readonly trouble: string | null;
  readonly output: string;
  readonly took_ms: number;
}

/** The groups of the commands that run now: they end with us, whatever they have started. */
const running = new Set<number>();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    for (const group of running) end(group);
    process.exit(1);
  });
}

/** Ends what is left of a command's own process group: a suite that was stopped leaves no server behind. */
function end(group: number): void {
  running.delete(group);
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // No such process: the group has left already, as it should.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Runs one command to its end, or to its limit. Standard output and errors are kept together, in the order they came. */
export async function runCommand(command: readonly string[], limit_ms: number): Promise<Ended> {
  const started_ms = performance.now();
  const logFile = join(tmpdir(), `confab-${Bun.randomUUIDv7()}.log`);
  await Bun.write(logFile, "");
  const log = Bun.file(logFile);
  // One open file for both, so that what a test prints stands beside what the runner says about it.
  const child = Bun.spawn(["sh", "-c", 'exec "$@" >>"$0" 2>&1', logFile, ...command], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  running.add(child.pid);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    end(child.pid);
  }, limit_ms);
  const code = await child.exited;
  clearTimeout(timer);
  end(child.pid);
  const output = await log.text();
  await log.delete();
  const trouble = isLate
    ? `was stopped after its limit of ${limit_ms / 1000} s`
    : code === 0
      ? null
      : `left with ${code}`;
  return { trouble, output, took_ms: performance.now() - started_ms };
}
