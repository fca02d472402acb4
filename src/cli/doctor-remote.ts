/** What `confab doctor` says about a database on a libSQL server. */

import type { Configuration } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { readDurability } from "../store/database.ts";
import { measureRemote, rows_per_batch, type RemoteTimes } from "../store/measure-remote.ts";
import { openRemote } from "../store/remote.ts";
import { call_ms_max } from "../store/remote-client.ts";
import type { Finding } from "./doctor-finding.ts";

/** Within one data centre it is about one; people feel what is far above it in every acknowledgement. */
const round_trip_slow_ms = 20;
const batch_slow_ms = 50;
/** So near to the deadline of a call some will miss it. */
const near_deadline_ms = call_ms_max / 2;

export async function examineRemote({ config, secrets }: Configuration, clock: Clock): Promise<Finding[]> {
  const { client } = await openRemote({ url: config.database, token: secrets.databaseToken, clock });
  try {
    const durability = await readDurability(client);
    return [
      { level: "well", what: `the data is on ${config.database}, which answers` },
      worth(durability),
      ...speed(await measureRemote(client, clock)),
    ];
  } catch (error) {
    const what = `${config.database} cannot be used: ${(error as Error).message}`;
    const todo = "look whether it runs, whether this machine reaches it, and whether database_token lets us write";
    return [{ level: "wrong", what, todo }];
  } finally {
    client.close();
  }
}

/** What an acknowledgement is worth there. */
function worth(durability: string): Finding {
  const what = `that server says ${durability}`;
  if (/synchronous=(FULL|EXTRA)$/.test(durability)) {
    return { level: "well", what: `${what}: an acknowledged message survives a power cut on an honest disk` };
  }
  const todo =
    "let that machine not lose its power at once (UPS, a volume that is replicated), or use a local file, which is synchronous=FULL";
  return { level: "advice", what: `${what}: the last acknowledged messages may be lost in a power cut there`, todo };
}

function speed({ reads_ms, batches_ms }: RemoteTimes): Finding[] {
  const [read, batch] = [spread(reads_ms), spread(batches_ms)];
  const perSecond = 1_000 / batch.p50;
  const rows = `${Math.round(perSecond)} batches of ${rows_per_batch} rows a second, one after another`;
  return [
    judged(read, round_trip_slow_ms, {
      what: `a round trip takes ${shown(read)}`,
      todo: "put nodes and database into one data centre: every acknowledgement waits for it",
    }),
    judged(batch, batch_slow_ms, {
      what: `a batch of ${rows_per_batch} rows takes ${shown(batch)}: ${rows}`,
      todo: "give that server a faster disk or less other work: all nodes together cannot write more batches than this",
    }),
  ];
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
}

function spread(sorted: readonly number[]): Spread {
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

function shown({ p50, p99 }: Spread): string {
  return `${p50.toFixed(1)} ms (p50), ${p99.toFixed(1)} ms (p99)`;
}

function judged({ p50, p99 }: Spread, slow_ms: number, { what, todo }: { what: string; todo: string }): Finding {
  if (p99 > near_deadline_ms) {
    return { level: "wrong", what: `${what}; a call is given up after ${call_ms_max} ms`, todo };
  }
  return p50 > slow_ms ? { level: "advice", what, todo } : { level: "well", what };
}
