/** What the machine gives and what the server costs before anybody comes: fsync, a start, idle memory, size. */

import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rssBytes } from "./proc.ts";
import { median, type Task } from "./recorder.ts";
import { startServer, type Subject } from "./server-process.ts";

const idle_ms = 3_000;
const fsyncs = 300;
const fsync_bytes = 8_192;

/** Appends two pages and waits for the disk, as a small commit does. */
export async function fsyncMilliseconds(): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), "confab-bench-fsync-"));
  const file = openSync(join(folder, "file"), "w");
  const page = Buffer.alloc(fsync_bytes, "x");
  const took: number[] = [];
  for (let index = 0; index < fsyncs; index++) {
    const start = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    took.push(performance.now() - start);
  }
  closeSync(file);
  await rm(folder, { recursive: true, force: true });
  return took;
}

export const fsyncTask: Task = {
  name: "fsync",
  async run(recorder) {
    const took = await fsyncMilliseconds();
    recorder.add({ workload: "fsync", subject: "this disk" }, { p50_ms: median(took) });
  },
};

/** From the start of the process to the line that says that it serves; then its memory while nothing happens. */
export function startTask(subject: Subject): Task {
  return {
    name: `start ${subject.name}`,
    async run(recorder) {
      await using server = await startServer(subject);
      await Bun.sleep(idle_ms);
      const values = { start_ms: server.start_ms, rss_bytes: rssBytes(server.pid) };
      recorder.add({ workload: "start", subject: subject.name }, values);
    },
  };
}

export function sizeTask(subject: Subject): Task {
  return {
    name: "size",
    rounds_max: 1,
    run(recorder) {
      const [program = ""] = subject.command;
      const over_bytes = Bun.file(program).size - Bun.file(process.execPath).size;
      recorder.add({ workload: "size", subject: subject.name }, { over_bytes });
      return Promise.resolve();
    },
  };
}
