/** A real Redis for tests, on a free port of the loopback; nothing of it is kept. */

import { createConnection } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { temporaryFolder } from "./temporary.ts";

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** For signals: a stopped server is one that hangs. */
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

const start_ms_max = 10_000;
const ask_ms = 10;

/** One command to a Redis in its inline form; the first line of the answer. */
export function askRedis(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    let text = "";
    socket.setTimeout(2_000, () => socket.destroy(new Error(`Expected an answer to ${command}`)));
    socket.on("error", reject);
    socket.on("connect", () => socket.write(`${command}\r\n`));
    socket.on("data", (data) => {
      text += String(data);
      if (!text.includes("\r\n")) return;
      socket.destroy();
      resolve(text);
    });
  });
}

async function until(port: number, command: string, expected: string): Promise<void> {
  const start = performance.now();
  for (;;) {
    const answer = await askRedis(port, command).catch(() => "");
    if (answer.includes(expected)) return;
    if (performance.now() - start > start_ms_max) throw new Error(`Expected ${expected} of a Redis; got ${answer}`);
    await Bun.sleep(ask_ms);
  }
}

export interface RedisServerOptions {
  /** A cluster of one, a Sentinel over one, or neither. */
  readonly kind?: "single" | "cluster" | "sentinel";
  /** A further address to listen on, which the nodes are given. */
  readonly host?: string;
}

function launch(port: number, args: readonly string[], last: readonly string[]): Bun.Subprocess {
  const argv = [
    "redis-server",
    ...args,
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    ...last,
  ];
  return Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { kind = "single" } = options;
  const folder = temporaryFolder();
  const port = await freePort();
  // Redis takes the last of each option.
  const open = options.host === undefined ? [] : ["--protected-mode", "no", "--bind", `127.0.0.1 ${options.host}`];
  const place = ["--dir", folder.path];
  const cluster =
    kind === "cluster"
      ? ["--cluster-enabled", "yes", "--cluster-port", String(await freePort()), "--cluster-announce-ip", "127.0.0.1"]
      : [];
  const start = async (): Promise<Bun.Subprocess> => {
    const child = launch(port, [...place, ...cluster], open);
    await until(port, "PING", "PONG");
    if (kind === "cluster") {
      await askRedis(port, "CLUSTER ADDSLOTSRANGE 0 16383");
      await until(port, "CLUSTER INFO", "cluster_state:ok");
    }
    return child;
  };
  let child = await start();
  const watcher = kind === "sentinel" ? await startSentinel(port, folder.path) : undefined;
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  const urls = {
    single: `redis://${options.host ?? "127.0.0.1"}:${port}`,
    cluster: `redis-cluster://127.0.0.1:${port}`,
    sentinel: `redis-sentinel://127.0.0.1:${watcher?.port ?? 0}/main`,
  };
  return {
    url: urls[kind],
    port,
    get pid() {
      return child.pid;
    },
    signal: (name) => child.kill(name),
    kill,
    async restart() {
      await kill();
      child = await start();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await watcher?.stop();
      folder[Symbol.dispose]();
    },
  };
}

async function startSentinel(of: number, folder: string): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const path = join(folder, "sentinel.conf");
  await Bun.write(path, `port ${port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 ${of} 1\n`);
  const child = Bun.spawn(["redis-server", path, "--sentinel"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  await until(port, "PING", "PONG");
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
