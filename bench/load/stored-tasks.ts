/** What an append and a page cost while the database grows from nothing to millions of messages. */

import { join } from "node:path";
import type { LoadJob, LoadReport } from "./job.ts";
import { runProgram, type Timing } from "./measure.ts";
import { rpcPages } from "./page-tasks.ts";
import type { Recorder, Task } from "./recorder.ts";
import { seeded } from "./seed.ts";
import { startServer, type Subject } from "./server-process.ts";
import { load_secret } from "./subjects.ts";
import { workloads } from "./workloads.ts";
import { recordLoad } from "./websocket-tasks.ts";

const rooms = 1_000;
const seconds = 3;
const turns = 3;

/**
 * A server that has run for a while has its file in memory. A system may have taken pages out again that nobody has read since
 * they were written: then the first seconds would measure the disk.
 */
async function readOnce(folder: string): Promise<void> {
  const reader = Bun.file(join(folder, "confab.db")).stream().getReader();
  while (!(await reader.read()).done);
}

interface Store {
  readonly messages: number;
  readonly folder: string;
  /** The last seq of each room. */
  readonly top: number;
}

const named = ({ messages }: Store): string => `${messages.toLocaleString("en-US")} stored`;

async function measurePages(recorder: Recorder, subject: Subject, store: Store): Promise<void> {
  await using server = await startServer(subject, store);
  await readOnce(store.folder);
  const pages = await rpcPages(server, { room_count: rooms, top: store.top, latest: false, seconds });
  recorder.add({ workload: `pages, ${named(store)}`, subject: subject.name }, { ...pages });
}

async function measureAppends(
  recorder: Recorder,
  subject: Subject,
  { store, timing }: { readonly store: Store; readonly timing: Timing },
): Promise<void> {
  await using server = await startServer(subject, store);
  await readOnce(store.folder);
  const { shape, pace } = workloads.T3;
  const { url, pid } = server;
  const { protocol } = subject;
  const job: LoadJob = { url, protocol, secret: load_secret, shape, pace, stalled: 0, ...timing, server_pid: pid };
  const report = await runProgram<LoadReport>("generator.ts", job);
  recordLoad(recorder, { name: `T3, ${named(store)}`, subject }, report);
}

/**
 * So many messages are stored before; pages are read from anywhere, then the rooms of T3 are written. One size after the
 * other, several times: from minute to minute a shared machine changes more than a page does. The appends of a turn make
 * every store larger by as much.
 */
export function storedTask(subject: Subject, sizes: readonly number[], timing: Timing): Task {
  return {
    name: "stored",
    rounds_max: 1,
    async run(recorder) {
      await using folders = new AsyncDisposableStack();
      const stores: Store[] = [];
      for (const messages of sizes) {
        const top = messages / rooms;
        const seed = { users: 100, rooms, rooms_per_user: rooms, messages_per_room: top };
        stores.push({ messages, top, folder: folders.use(await seeded(seed)).folder });
      }
      const inTurn = Array.from({ length: turns }, (_, turn) => (turn % 2 === 0 ? stores : stores.toReversed())).flat();
      for (const store of inTurn) await measurePages(recorder, subject, store);
      for (const store of inTurn) await measureAppends(recorder, subject, { store, timing });
    },
  };
}
