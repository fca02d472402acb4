/**
 * A real server for tests: a child process, from source or (with `binary`, or CONFAB_BINARY set) the executable, on a
 * free port of the loopback, with its data in a folder of its own.
 *
 *     await using node = await startNode({ args: ["--open"] });
 */

import { join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

export interface NodeOptions {
  /** After `serve`; `--port`, `--host` and `--data` are given already. */
  readonly args?: readonly string[];
  /** CONFAB_ settings and whatever else the server needs; CONFAB_ variables of the test runner itself are not passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** The executable instead of the source. */
  readonly binary?: boolean;
  /** Where it listens; the loopback unless said otherwise. */
  readonly host?: string;
  /** A command that runs the server: of a network namespace. */
  readonly within?: readonly string[];
  /** A data folder that outlives the node; without it there is one of its own, removed at the end. */
  readonly data?: string;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ChatNode extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The address for Centrifuge clients. */
  readonly ws: string;
  readonly data: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** The log lines of all its runs. */
  readonly logs: readonly LogLine[];
  /** What it wrote to stdout that is no log line, of all its runs. */
  readonly printed: string;
  /** What it wrote to stderr, of all its runs. */
  readonly complaints: string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number>;
  /** Starts it again on the same port and data, from another version's `main.ts` if one is given; kills it before if it still runs. */
  restart(main?: string): Promise<void>;
}

const root = join(import.meta.dir, "..");
const start_ms_max = 30_000;
const stop_ms_max = 10_000;

function command(binary: boolean): string[] {
  const given = process.env["CONFAB_BINARY"];
  if (given !== undefined && given !== "") return [given === "1" ? join(root, "dist/confab") : given];
  return binary ? [join(root, "dist/confab")] : [process.execPath, join(root, "src/main.ts")];
}

/** The runner's environment without settings of ours: an unknown one would be a mistake, a known one a surprise. */
function environment(added: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith("CONFAB_") && value !== undefined) env[name] = value;
  }
  return { ...env, ...added };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  // Who is killed may be in the middle of a line of its log.
  if (rest !== "" && !rest.startsWith("{")) yield rest;
}

/** One run of the server. */
class Run {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly ready: Promise<string>;

  constructor(
    argv: string[],
    env: Record<string, string>,
    told: { logs: LogLine[]; printed: string[]; complaints: string[] },
  ) {
    const child = Bun.spawn(argv, { stdin: "ignore", stdout: "pipe", stderr: "pipe", env });
    this.process = child;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.ready = promise;
    void (async () => {
      for await (const line of linesOf(child.stdout)) {
        if (!line.startsWith("{")) {
          told.printed.push(line);
          continue;
        }
        const entry = JSON.parse(line) as LogLine;
        told.logs.push(entry);
        if (entry.event === "ready") resolve(String(entry["url"]));
      }
      const code = await child.exited;
      reject(new Error(`Expected the server to become ready; it left with ${code}.\n${told.complaints.join("")}`));
    })();
    void (async () => {
      const decoder = new TextDecoder();
      for await (const piece of child.stderr) told.complaints.push(decoder.decode(piece, { stream: true }));
    })();
    // Whoever waits for it gets the error; afterwards an end is no error.
    promise.catch(() => {});
  }

  async untilReady(): Promise<string> {
    const late = setTimeout(() => this.process.kill("SIGKILL"), start_ms_max);
    try {
      return await this.ready;
    } finally {
      clearTimeout(late);
    }
  }
}

export async function startNode(options: NodeOptions = {}): Promise<ChatNode> {
  const folder = options.data === undefined ? temporaryFolder() : undefined;
  const data = options.data ?? join(folder?.path ?? "", "data");
  const told = { logs: [] as LogLine[], printed: [] as string[], complaints: [] as string[] };
  const env = environment(options.env ?? {});
  const launch = (port: string, main?: string): Run => {
    const program = main === undefined ? command(options.binary === true) : [process.execPath, main];
    const serve = [...(options.within ?? []), ...program, "serve"];
    const argv = [...serve, "--host", options.host ?? "127.0.0.1", "--port", port, "--data", data];
    return new Run([...argv, ...(options.args ?? [])], env, told);
  };

  let run = launch("0");
  const kill = async (): Promise<void> => {
    run.process.kill("SIGKILL");
    await run.process.exited;
  };
  let url: string;
  try {
    url = await run.untilReady();
  } catch (error) {
    folder?.[Symbol.dispose]();
    throw error;
  }
  const { host, port } = new URL(url);
  return {
    url,
    ws: `ws://${host}/connection/websocket`,
    data,
    get pid() {
      return run.process.pid;
    },
    logs: told.logs,
    get printed() {
      return told.printed.join("\n");
    },
    get complaints() {
      return told.complaints.join("");
    },
    kill,
    async stop() {
      run.process.kill("SIGTERM");
      const late = setTimeout(() => run.process.kill("SIGKILL"), stop_ms_max);
      const code = await run.process.exited;
      clearTimeout(late);
      return code;
    },
    async restart(main) {
      await kill();
      run = launch(port, main);
      await run.untilReady();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      folder?.[Symbol.dispose]();
    },
  };
}
