/** A server under test: a fresh process each time, on one core with all its threads. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadJob } from "./job.ts";

/** How a server is started, and what its generator must speak. */
export interface Subject {
  readonly name: string;
  /** The command line; `{data}` stands for a fresh folder. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly protocol: LoadJob["protocol"];
  /** Reads the port out of a line that says that the server is ready. */
  readonly port: (line: string) => number | undefined;
}

export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly start_ms: number;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export const server_core = "0";
export const generator_core = "1";
const start_ms_max = 30_000;

/** Keeps a process and its threads on a core, where the machine has the tool for it. */
export function pinned(core: string, command: readonly string[]): string[] {
  return Bun.which("taskset") === null ? [...command] : ["taskset", "-c", core, ...command];
}

export async function startServer(subject: Subject, kept?: { folder: string }): Promise<RunningServer> {
  const folder = kept?.folder ?? (await mkdtemp(join(tmpdir(), "confab-bench-")));
  const command = subject.command.map((word) => word.replace("{data}", folder));
  const started_ms = performance.now();
  const child = Bun.spawn(pinned(server_core, command), {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env, ...subject.env },
  });
  const late = setTimeout(() => child.kill("SIGKILL"), start_ms_max);
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    child.kill(signal);
    await child.exited;
  };
  const port = await readPort(child.stdout, subject.port);
  clearTimeout(late);
  if (port === undefined) throw new Error(`${subject.name} left with ${await child.exited} before it was ready.`);
  const path = subject.protocol === "confab" ? "/connection/websocket" : "/";
  return {
    pid: child.pid,
    port,
    folder,
    url: `ws://127.0.0.1:${port}${path}`,
    start_ms: performance.now() - started_ms,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      if (kept === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads on after the answer: a server whose pipe is full may wait for its reader. */
function readPort(
  stream: ReadableStream<Uint8Array>,
  portOf: (line: string) => number | undefined,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    void (async () => {
      const decoder = new TextDecoder();
      let rest = "";
      for await (const piece of stream) {
        const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const port = portOf(line);
          if (port !== undefined) resolve(port);
        }
      }
      resolve(undefined);
    })();
  });
}
