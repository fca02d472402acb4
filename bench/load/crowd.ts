/**
 * A process of load: many clients sign in with the full handshake. It says how long that took, and what each of them
 * costs the server in memory. With `behind` they come back to a room in which they have missed so many messages, and
 * the time runs until the last of them has caught up.
 */

import { concurrently } from "../../src/cli/load/concurrently.ts";
import type { ConfabClient } from "../../src/cli/load/confab-client.ts";
import { ConfabTarget, signToken } from "../../src/cli/load/confab-target.ts";
import { targetOf } from "../../src/cli/load/raw-socket.ts";
import { arrivalOf, arrive, type Arrival } from "./arrivals.ts";
import type { CrowdJob, CrowdReport } from "./job.ts";
import { cpuSeconds, rssBytes } from "./proc.ts";
import { roomsOf, seededRoom } from "./seed.ts";

const poll_ms = 5;
const catch_up_ms_max = 60_000;

interface ConnectReply {
  readonly data: { readonly epoch: string };
  readonly subs: Readonly<
    Record<string, { readonly recovered?: boolean; readonly offset: number; readonly publications?: unknown[] }>
  >;
}

/** What a client sends in connect's `data`. */
function wishes(job: CrowdJob, index: number, epoch: string): unknown {
  if (job.behind === undefined) return { rooms: true };
  const positions: Record<string, number> = {};
  for (const room of roomsOf(index, job)) positions[seededRoom(room)] = job.top - job.behind;
  return { rooms: true, epoch, positions };
}

async function epochOf(target: ConfabTarget): Promise<string> {
  const probe = await target.open();
  const { data } = (await probe.ask("connect", { token: target.tokenOf("probe") })) as ConnectReply;
  probe.socket.end();
  return data.epoch;
}

/** Signs one in; true where the reply has brought everything up to date already. */
async function enter(
  target: ConfabTarget,
  job: CrowdJob,
  who: { index: number; epoch: string },
): Promise<ConfabClient | undefined> {
  const client = await target.open();
  const body = { token: target.tokenOf(`load-${who.index}`), data: wishes(job, who.index, who.epoch) };
  client.position = job.top;
  const { subs } = (await client.ask("connect", body)) as ConnectReply;
  if (job.behind === undefined) return undefined;
  // The person's own line is no log and has nothing to recover.
  const all = Object.keys(subs).flatMap((channel) => (channel.startsWith("user:") ? [] : (subs[channel] ?? [])));
  if (all.length !== job.rooms_per_user || all.some((sub) => sub.recovered !== true))
    throw new Error(`Expected ${job.rooms_per_user} recovered rooms: ${JSON.stringify(subs).slice(0, 300)}`);
  const missed = all.reduce(
    (sum, sub) => sum + job.top - (sub.publications === undefined ? job.top - (job.behind ?? 0) : sub.offset),
    0,
  );
  client.delivered -= missed;
  return client.delivered < 0 ? client : undefined;
}

interface Came {
  readonly took_ms: number;
  /** What the load itself needed of it. */
  readonly busy_ms: number;
}

async function confabCrowd(job: CrowdJob, target: ConfabTarget): Promise<Came> {
  const epoch = job.behind === undefined ? "" : await epochOf(target);
  const indexes = Array.from({ length: job.clients }, (_, index) => index);
  const own = process.cpuUsage();
  const started_ms = performance.now();
  const behind = await concurrently(indexes, job.at_once, (index) => enter(target, job, { index, epoch }));
  const late = behind.filter((client) => client !== undefined);
  while (late.some((client) => client.delivered < 0)) {
    if (performance.now() - started_ms > catch_up_ms_max) throw new Error("Some clients never caught up.");
    await Bun.sleep(poll_ms);
  }
  const took_ms = performance.now() - started_ms;
  const { user, system } = process.cpuUsage(own);
  return { took_ms, busy_ms: (user + system) / 1000 };
}

/** Those who come into no rooms, and those of bare Bun, who are in one when they are upgraded. */
function arrivalsOf({ clients, protocol, url }: CrowdJob, tokens: ReadonlyMap<string, string>): Arrival[] {
  const target = targetOf(url);
  return Array.from({ length: clients }, (_, index) =>
    protocol === "confab"
      ? arrivalOf(target, tokens.get(`load-${index}`) ?? "")
      : arrivalOf({ ...target, path: `/?room=${index % 100}` }),
  );
}

async function plainCrowd({ at_once, url }: CrowdJob, arrivals: readonly Arrival[]): Promise<Came> {
  const started_ms = performance.now();
  const idle_ms = await arrive(targetOf(url), arrivals, at_once);
  const took_ms = performance.now() - started_ms;
  return { took_ms, busy_ms: took_ms - idle_ms };
}

/** Made before the clock runs: a host signs the tokens of its people, not the load. */
function tokensOf({ clients, secret }: CrowdJob): ReadonlyMap<string, string> {
  const now_ms = Date.now();
  const subjects = ["probe", ...Array.from({ length: clients }, (_, index) => `load-${index}`)];
  return new Map(subjects.map((subject) => [subject, signToken(secret, subject, now_ms)]));
}

async function run(job: CrowdJob): Promise<CrowdReport> {
  const { clients, protocol, rooms_per_user, server_pid, settle_ms, url, warm } = job;
  const tokens = tokensOf(job);
  const isPlain = protocol === "frames" || rooms_per_user === 0;
  const arrivals = isPlain ? arrivalsOf(job, tokens) : [];
  const target = new ConfabTarget({
    target: targetOf(url),
    token: (subject) => tokens.get(subject) ?? "",
  });
  const rss = rssBytes(server_pid);
  await plainCrowd(job, arrivals.splice(0, warm));
  const cpu_s = cpuSeconds(server_pid);
  const { took_ms, busy_ms } = await (isPlain ? plainCrowd(job, arrivals) : confabCrowd(job, target));
  const used_s = cpuSeconds(server_pid) - cpu_s;
  await Bun.sleep(settle_ms);
  return {
    seconds: took_ms / 1000,
    per_s: ((clients - warm) * 1000) / took_ms,
    rss_per_client: (rssBytes(server_pid) - rss) / clients,
    server_cpu: (used_s * 1000) / took_ms,
    generator_cpu: busy_ms / took_ms,
  };
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? "{}") as CrowdJob)));
process.exit(0);
