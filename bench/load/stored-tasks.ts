/** What an append and a page cost while the database grows from nothing to millions of messages. */

import { join } from "node:path";
import type { LoadJob, LoadReport } from "./job.ts";
import { runProgram, type Timing } from "./measure.ts";
import { rpcPages, withSeed } from "./page-tasks.ts";
import type { Task } from "./recorder.ts";
import { startServer, type Subject } from "./server-process.ts";
import { load_secret } from "./subjects.ts";
import { workloads } from "./workloads.ts";
import { recordLoad } from "./websocket-tasks.ts";

const rooms = 1_000;
const seconds = 3;

/**
 * A server that has run for a while has its file in memory. A system may have taken pages out again that nobody has read since
 * they were written: then the first seconds would measure the disk.
 */
async function readOnce(folder: string): Promise<void> {
  const reader = Bun.file(join(folder, "confab.db")).stream().getReader();
  while (!(await reader.read()).done);
}

/** `messages` are stored before; then the rooms of T3 are written, and pages are read from anywhere. */
export function storedTask(subject: Subject, messages: number, timing: Timing): Task {
  const name = `${messages.toLocaleString("en-US")} stored`;
  const top = messages / rooms;
  return {
    name,
    rounds_max: 1,
    run: (recorder) =>
      withSeed({ users: 100, rooms, rooms_per_user: rooms, messages_per_room: top }, async (data) => {
        {
          await using server = await startServer(subject, data);
          await readOnce(data.folder);
          const pages = await rpcPages(server, { room_count: rooms, top, latest: false, seconds });
          recorder.add({ workload: `pages, ${name}`, subject: subject.name }, { ...pages });
        }
        await using server = await startServer(subject, data);
        await readOnce(data.folder);
        const { shape, pace } = workloads.T3;
        const { url, pid } = server;
        const { protocol } = subject;
        const job: LoadJob = {
          url,
          protocol,
          secret: load_secret,
          shape,
          pace,
          stalled: 0,
          ...timing,
          server_pid: pid,
        };
        const report = await runProgram<LoadReport>("generator.ts", job);
        recordLoad(recorder, { name: `T3, ${name}`, subject }, report);
      }),
  };
}
