/** Tasks that read history, over RPC and over HTTP, and that ask the rest of the HTTP door. */

import { join } from "node:path";
import { signToken } from "../../src/cli/load/confab-target.ts";
import { places } from "../../src/cli/load/message-template.ts";
import type { HttpReport, PagesJob, PagesReport } from "./job.ts";
import { runProgram } from "./measure.ts";
import { peers_folder } from "./peers.ts";
import type { Recorder, Task } from "./recorder.ts";
import { seeded, seededRoom } from "./seed.ts";
import { generator_core, pinned, startServer, type RunningServer, type Subject } from "./server-process.ts";
import { bareHttp, load_secret } from "./subjects.ts";

const http_connections = 32;
const pages_at_once = 64;
/** By then every room has been entered by everybody who reads, and the server is compiled. */
const warmup_ms = 3_000;
const http_ms_max = 60_000;
const http_warmup_s = 2;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What it counts begins when the server is warm. */
async function httpLoad(server: RunningServer, requests: readonly Request[], seconds: number): Promise<HttpReport> {
  await httpRun(server, requests, http_warmup_s);
  return await httpRun(server, requests, seconds);
}

async function httpRun(server: RunningServer, requests: readonly Request[], seconds: number): Promise<HttpReport> {
  const job = { url: `http://127.0.0.1:${server.port}`, connections: http_connections, seconds, requests };
  const program = [Bun.which("node") ?? "node", join(peers_folder, "http-load.mjs"), JSON.stringify(job)];
  const child = Bun.spawn(pinned(generator_core, program), { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const late = setTimeout(() => child.kill("SIGKILL"), http_ms_max);
  const text = await new Response(child.stdout).text();
  await child.exited;
  clearTimeout(late);
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as HttpReport;
}

export async function rpcPages(
  server: RunningServer,
  what: Pick<PagesJob, "room_count" | "top" | "latest" | "seconds">,
) {
  const { url, pid } = server;
  const job = { ...what, url, secret: load_secret, server_pid: pid, at_once: pages_at_once, warmup_ms };
  return await runProgram<PagesReport>("pages.ts", job satisfies PagesJob);
}

const seed = { users: 10, rooms: 10, rooms_per_user: 10, messages_per_room: 2_000 };

function operation(name: string, input: unknown): Request {
  const token = signToken(load_secret, "load-0", Date.now());
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return { method: "POST", path: `/api/${name}`, headers, body: JSON.stringify(input) };
}

/** The latest page over HTTP beside a bare `Bun.serve` that returns the same bytes. */
async function latestPage(
  recorder: Recorder,
  server: RunningServer,
  what: { subject: Subject; seconds: number },
): Promise<void> {
  const { subject, seconds } = what;
  const request = operation("message.list", { room: seededRoom(0), limit: 50 });
  const url = `http://127.0.0.1:${server.port}${request.path}`;
  const { headers = {}, body = "" } = request;
  const answer = await fetch(url, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`Expected a page over HTTP; got ${answer.status} ${await answer.text()}`);
  const file = join(server.folder, "page.json");
  await Bun.write(file, await answer.text());
  recorder.add(
    { workload: "HTTP latest page", subject: subject.name },
    { ...(await httpLoad(server, [request], seconds)) },
  );
  await using bare = await startServer(bareHttp(file));
  recorder.add(
    { workload: "HTTP latest page", subject: "bare Bun.serve" },
    { ...(await httpLoad(bare, [request], seconds)) },
  );
}

export function httpTask(subject: Subject, seconds: number): Task {
  return {
    name: "HTTP",
    async run(recorder) {
      await using data = await seeded(seed);
      await using server = await startServer(subject, data);
      await latestPage(recorder, server, { subject, seconds });
      const others: Record<string, Request[]> = {
        "HTTP message.send": [
          operation("message.send", { room: seededRoom(1), id: places.id, data: { text: "over HTTP" } }),
        ],
        "HTTP sign-in": Array.from({ length: 10 }, (_, index) => ({
          ...operation("room.get", { room: seededRoom(0) }),
          headers: {
            authorization: `Bearer ${signToken(load_secret, `load-${index}`, Date.now())}`,
            "content-type": "application/json",
          },
        })),
        "HTTP page of the app": [{ method: "GET", path: "/" }],
        "HTTP health": [{ method: "GET", path: "/healthz" }],
      };
      for (const [workload, requests] of Object.entries(others)) {
        recorder.add({ workload, subject: subject.name }, { ...(await httpLoad(server, requests, seconds)) });
      }
    },
  };
}

export function rpcPagesTask(subject: Subject, seconds: number): Task {
  return {
    name: "pages",
    async run(recorder) {
      await using data = await seeded(seed);
      await using server = await startServer(subject, data);
      const all = { room_count: seed.rooms, top: seed.messages_per_room, seconds };
      const anywhere = await rpcPages(server, { ...all, latest: false });
      recorder.add({ workload: "RPC pages from SQL", subject: subject.name }, { ...anywhere });
      const latest = await rpcPages(server, { ...all, latest: true });
      recorder.add({ workload: "RPC latest page", subject: subject.name }, { ...latest });
    },
  };
}
