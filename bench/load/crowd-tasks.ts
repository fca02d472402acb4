/** Tasks with many clients: signing in, sitting idle, coming back after a crash. */

import type { CrowdJob, CrowdReport } from "./job.ts";
import { runProgram } from "./measure.ts";
import { cpuSeconds } from "./proc.ts";
import type { Recorder, Task } from "./recorder.ts";
import { seeded } from "./seed.ts";
import { startServer, type RunningServer, type Subject } from "./server-process.ts";
import { bareBun, load_secret } from "./subjects.ts";

const behind = 20;

function crowd(server: RunningServer, what: Omit<CrowdJob, "url" | "secret" | "server_pid">): Promise<CrowdReport> {
  const { url, pid } = server;
  return runProgram<CrowdReport>("crowd.ts", { ...what, url, secret: load_secret, server_pid: pid } satisfies CrowdJob);
}

function record(recorder: Recorder, of: { workload: string; subject: string }, report: CrowdReport): void {
  const { seconds, per_s, server_cpu, generator_cpu } = report;
  recorder.add(of, { seconds, per_s, server_cpu, generator_cpu });
}

/** The runtime takes its garbage away some 9 s after the last work: what is left then is what an idle connection costs. */
const idle_ms = 12_000;
const soon_ms = 1_500;

const look_ms = 300;
const looks_max = 100;
/** A server without work uses a hundredth of its core, and is seen to use whole hundredths of a second. */
const idle_s_max = 0.02;

/** The server's compiler takes so many to get through. */
const warming_crowds = 4;
/** One takes less than a second, in which a shared machine may do anything. */
const crowds = 3;

/** Until a server has nothing to do: to let go of a crowd that has left is work, and not that of the next one. */
async function quiet({ pid }: RunningServer): Promise<void> {
  let used_s = cpuSeconds(pid);
  for (let look = 0; look < looks_max; look++) {
    await Bun.sleep(look_ms);
    const now_s = cpuSeconds(pid);
    if (now_s - used_s <= idle_s_max) return;
    used_s = now_s;
  }
  throw new Error("The server did not come to rest.");
}

function crowdOf(clients: number) {
  const seed = { users: clients, rooms: 100, rooms_per_user: 10, messages_per_room: 20 };
  const job = {
    ...seed,
    top: 20,
    behind: undefined,
    warm: 0,
    at_once: 64,
    protocol: "confab",
    settle_ms: soon_ms,
  } as const;
  return { seed, job };
}

/** Sign-in with the full handshake, into no rooms. */
export function handshakeTask(subject: Subject, clients: number): Task {
  const { seed, job } = crowdOf(clients);
  const alone = { ...job, rooms_per_user: 0, at_once: 32, clients, warm: clients / 10 };
  return {
    name: `handshakes ${subject.name}`,
    async run(recorder) {
      await using data = await seeded(seed);
      await using server = await startServer(subject, data);
      for (let at = 0; at < warming_crowds + crowds; at++) {
        const report = await crowd(server, alone);
        if (at >= warming_crowds) record(recorder, { workload: "handshakes", subject: subject.name }, report);
        await quiet(server);
      }
    },
  };
}

/** Sign-in into ten rooms, and what a connection there costs when nothing happens any more. */
export function idleTasks(subject: Subject, clients: number): Task[] {
  const { seed, job } = crowdOf(clients);
  const idle = { ...job, clients, settle_ms: idle_ms };
  const bare = { ...job, clients, warm: clients / 10, top: 0, protocol: "frames" } as const;
  return [
    {
      name: `idle ${subject.name}`,
      async run(recorder) {
        await using data = await seeded(seed);
        await using server = await startServer(subject, data);
        // What it grows by with the first thousand is not a connection's.
        await crowd(server, { ...idle, clients: 1_000 });
        await quiet(server);
        const report = await crowd(server, idle);
        record(recorder, { workload: "handshakes, ten rooms", subject: subject.name }, report);
        recorder.add({ workload: "idle", subject: subject.name }, { bytes_per_connection: report.rss_per_client });
      },
    },
    {
      name: `idle ${bareBun.name}`,
      async run(recorder) {
        await using server = await startServer(bareBun);
        await crowd(server, { ...bare, clients: 1_000, warm: 0 });
        const report = await crowd(server, bare);
        record(recorder, { workload: "handshakes", subject: bareBun.name }, report);
        recorder.add({ workload: "idle", subject: bareBun.name }, { bytes_per_connection: report.rss_per_client });
      },
    },
  ];
}

/** All clients are connected, the server is killed, and all come back at once without the jitter that SDKs have. */
export function resumeTask(subject: Subject, size: { clients: number; rooms: number; rooms_per_user: number }): Task {
  const workload = `resume of ${size.clients.toLocaleString("en-US")} in ${size.rooms} rooms, ${size.rooms_per_user} each`;
  return {
    name: workload,
    async run(recorder) {
      const top = 500;
      await using data = await seeded({ ...size, users: size.clients, messages_per_room: top });
      const job = { ...size, protocol: "confab", top, warm: 0, settle_ms: soon_ms } as const;
      {
        await using server = await startServer(subject, data);
        await crowd(server, { ...job, behind: undefined, at_once: 64 });
        await server.kill("SIGKILL");
      }
      await using server = await startServer(subject, data);
      const report = await crowd(server, { ...job, behind, at_once: 1_000 });
      record(recorder, { workload, subject: subject.name }, report);
      recorder.add({ workload, subject: subject.name }, { restart_ms: server.start_ms });
    },
  };
}
