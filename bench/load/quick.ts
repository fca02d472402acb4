/**
 * A quick look: `bun bench/load/quick.ts [--source] [--rounds 1] [--window 3000] [--peers] [--only confab] T1 T3 …`.
 * Confab and both bare Buns, each in a fresh process, a line a run.
 */

import { parseArgs } from "node:util";
import type { LoadReport } from "./job.ts";
import { measureLoad } from "./measure.ts";
import { installPeers, peerSubjects } from "./peers.ts";
import { bareBun, confabSubject, joinedBun } from "./subjects.ts";
import { isWorkload, workloads, type WorkloadName } from "./workloads.ts";

const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    source: { type: "boolean", default: false },
    rounds: { type: "string", default: "1" },
    warmup: { type: "string", default: "1000" },
    window: { type: "string", default: "3000" },
    peers: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function describe(report: LoadReport): string {
  const { deliveries, messages, window_s, p50_ms, p99_ms, server_cpu, generator_cpu, errors, holes, missing } = report;
  const latency = p50_ms === undefined ? "" : ` p50 ${p50_ms.toFixed(2)} p99 ${(p99_ms ?? 0).toFixed(2)} ms`;
  const faults = errors + holes + missing === 0 ? "" : ` !! errors ${errors} holes ${holes} missing ${missing}`;
  const limit = generator_cpu > 0.9 && server_cpu < 0.9 ? " (the generator is the limit)" : "";
  return [
    `${thousands(deliveries / window_s).padStart(11)} deliveries/s ${thousands(messages / window_s).padStart(8)} messages/s`,
    ` cpu ${(server_cpu * 100).toFixed(0)}% (${report.cpu_us_per_delivery.toFixed(3)} µs/delivery), generator ${(generator_cpu * 100).toFixed(0)}%, others ${(report.others_cpu * 100).toFixed(0)}%`,
    ` rss ${(report.rss_bytes / 1e6).toFixed(0)} MB${latency}${faults}${limit}`,
  ].join("");
}

const names: WorkloadName[] =
  positionals.length === 0 ? ["T1", "T1s", "T2", "T3", "L1"] : positionals.filter(isWorkload);
if (values.peers) await installPeers();
const others = values.peers ? peerSubjects() : [];
const all = [confabSubject({ source: values.source }), bareBun, joinedBun, ...others];
const subjects = all.filter(({ name }) => values.only === "" || name === values.only);
const timing = { warmup_ms: Number(values.warmup), window_ms: Number(values.window) };
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const report = await measureLoad(subject, workloads[name], timing);
      console.log(`${name.padEnd(5)} ${subject.name.padEnd(17)} ${describe(report)}`);
    }
  }
}
