/** A process of load: takes a job as its argument and prints a report as JSON. It is started by `process.ts`. */

import { ConfabTarget, signToken } from "../../src/cli/load/confab-target.ts";
import { Load } from "../../src/cli/load/load.ts";
import type { LoadMember, LoadRoom } from "../../src/cli/load/load-room.ts";
import { targetOf } from "../../src/cli/load/raw-socket.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { LoadJob, LoadReport } from "./job.ts";
import { PeerTarget } from "./peer-target.ts";
import { cpuSeconds, machineSeconds, rssBytes } from "./proc.ts";

/** The last members of each room are going to stop reading, and the load looks at the others. */
function apart(rooms: readonly LoadRoom[], stalled: number): { rooms: LoadRoom[]; stalling: LoadMember[] } {
  const stalling: LoadMember[] = [];
  const readers = rooms.map((room) => {
    const left = room.members.length - stalled;
    stalling.push(...room.members.slice(left));
    return { ...room, members: room.members.slice(0, left) };
  });
  return { rooms: readers, stalling };
}

async function run(job: LoadJob): Promise<LoadReport> {
  const { protocol, secret, url } = job;
  const target =
    protocol === "confab"
      ? new ConfabTarget({ target: targetOf(url), token: (subject) => signToken(secret, subject, Date.now()) })
      : new PeerTarget({ url, framing: protocol, counts: job.pace.kind === "closed" });
  const { rooms, stalling } = apart(await target.enter(job.shape), job.stalled);
  const cpu = { start: 0, end: 0 };
  const others = { start: 0, end: 0 };
  const edge = (at: "start" | "end"): void => {
    cpu[at] = cpuSeconds(job.server_pid);
    others[at] = machineSeconds() - cpu[at] - cpuSeconds(process.pid);
    // As the window begins: what they cost is looked at in a server that is warm.
    if (at === "start") for (const { socket } of stalling) socket.pause();
  };
  const result = await new Load({ ...job, clock: systemClock, target, rooms, edge, awake: true }).run();
  const used_s = cpu.end - cpu.start;
  const rss_bytes = rssBytes(job.server_pid);
  target.close();
  return {
    ...result,
    server_cpu: used_s / result.window_s,
    others_cpu: (others.end - others.start) / result.window_s,
    cpu_us_per_delivery: (used_s * 1_000_000) / Math.max(1, result.deliveries),
    rss_bytes,
  };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? "{}") as LoadJob)));
process.exit(0);
