/** A process of load: asks for pages of history over WebSocket RPC, so many at a time, and counts them. */

import { BusyLoop } from "../../src/cli/load/busy-loop.ts";
import { ConfabTarget, signToken } from "../../src/cli/load/confab-target.ts";
import { targetOf } from "../../src/cli/load/raw-socket.ts";
import { systemClock } from "../../src/lib/clock.ts";
import type { PagesJob, PagesReport } from "./job.ts";
import { cpuSeconds } from "./proc.ts";
import { seededRoom } from "./seed.ts";

const connections = 8;

async function run(job: PagesJob): Promise<PagesReport> {
  const { url, secret, seconds, warmup_ms, server_pid, at_once, room_count, top } = job;
  const target = new ConfabTarget({
    target: targetOf(url),
    token: (subject) => signToken(secret, subject, Date.now()),
  });
  const clients = await Promise.all(Array.from({ length: connections }, () => target.connect("load-0")));
  let pages = 0;
  let chunks = 0;
  for (const { socket } of clients) socket.onChunk = () => void chunks++;
  const busyLoop = new BusyLoop(systemClock, () => chunks);
  let running = true;
  const ask = async (index: number): Promise<void> => {
    const client = clients[index % connections];
    while (running && client !== undefined) {
      const room = seededRoom(Math.floor(Math.random() * room_count));
      const before = 51 + Math.floor(Math.random() * (top - 50));
      await client.rpc("message.list", job.latest ? { room, limit: 50 } : { room, before, limit: 50 });
      pages++;
    }
  };
  const working = Array.from({ length: at_once }, (_, index) => ask(index));
  await Bun.sleep(warmup_ms);
  const first = { pages, cpu_s: cpuSeconds(server_pid), idle_ms: busyLoop.idle_ms, at_ms: performance.now() };
  await Bun.sleep(seconds * 1000);
  const took_s = (performance.now() - first.at_ms) / 1000;
  const counted = pages - first.pages;
  const server_s = cpuSeconds(server_pid) - first.cpu_s;
  const idle_s = (busyLoop.idle_ms - first.idle_ms) / 1000;
  running = false;
  await Promise.all(working);
  busyLoop.stop();
  return {
    per_s: counted / took_s,
    cpu_us_per_page: (server_s * 1_000_000) / Math.max(1, counted),
    server_cpu: server_s / took_s,
    generator_cpu: 1 - idle_s / took_s,
  };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? "{}") as PagesJob)));
process.exit(0);
