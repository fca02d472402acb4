/** What the server is to reach, as ratios to what was measured in the same run wherever that is possible. */

import type { Recorder } from "./recorder.ts";

export interface Verdict {
  readonly name: string;
  readonly value: number;
  readonly target: string;
  readonly met: boolean;
}

interface Target {
  readonly name: string;
  /** Undefined where the run has not measured it. */
  readonly value: (of: Reading) => number | undefined;
  readonly at_least?: number;
  readonly at_most?: number;
}

/** Medians of one run by short names. */
class Reading {
  readonly #recorder: Recorder;
  readonly #subject: string;

  constructor(recorder: Recorder, subject: string) {
    this.#recorder = recorder;
    this.#subject = subject;
  }

  own(workload: string, value: string): number | undefined {
    return this.#recorder.median(workload, this.#subject, value);
  }

  other(workload: string, subject: string, value: string): number | undefined {
    return this.#recorder.median(workload, subject, value);
  }

  /** Ours by another subject's. */
  ratio(workload: string, subject: string, value: string): number | undefined {
    return divided(this.own(workload, value), this.other(workload, subject, value));
  }

  /** An open load's latency by what bare Bun needs and one fsync takes. */
  overFloor(value: string): number | undefined {
    const bare = this.other("L1", "bare Bun", value);
    const fsync = this.other("fsync", "this disk", "p50_ms");
    return bare === undefined || fsync === undefined ? undefined : divided(this.own("L1", value), bare + fsync);
  }
}

function divided(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined || below === 0 ? undefined : above / below;
}

function difference(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left - right;
}

const bare = "bare Bun";
const joined = "bare Bun, joined";
const deliveries = "deliveries_per_s";

const targets: readonly Target[] = [
  { name: "T1 by bare Bun", value: (of) => of.ratio("T1", bare, deliveries), at_least: 1 },
  { name: "T2 by bare Bun", value: (of) => of.ratio("T2", bare, deliveries), at_least: 0.9 },
  { name: "T3 by bare Bun", value: (of) => of.ratio("T3", bare, deliveries), at_least: 0.5 },
  { name: "T1s by bare Bun", value: (of) => of.ratio("T1s", bare, deliveries), at_least: 0.45 },
  { name: "T1 by bare Bun, joined", value: (of) => of.ratio("T1", joined, deliveries), at_least: 0.5 },
  { name: "T3 by bare Bun, joined", value: (of) => of.ratio("T3", joined, deliveries), at_least: 0.55 },
  { name: "L1 p50 by bare Bun + fsync", value: (of) => of.overFloor("p50_ms"), at_most: 1.5 },
  { name: "L1 p99 by bare Bun's p99 + fsync", value: (of) => of.overFloor("p99_ms"), at_most: 3 },
  { name: "durable messages/s, 10 receivers (T3)", value: (of) => of.own("T3", "messages_per_s"), at_least: 40_000 },
  { name: "KiB per idle connection", value: (of) => divided(of.own("idle", "bytes_per_connection"), 1024), at_most: 6 },
  { name: "full handshakes/s", value: (of) => of.own("handshakes", "per_s"), at_least: 12_000 },
  {
    name: "resume of 10,000 in 100 rooms, s",
    value: (of) => of.own("resume of 10,000 in 100 rooms, 1 each", "seconds"),
    at_most: 5,
  },
  {
    name: "HTTP latest page by bare Bun.serve",
    value: (of) => of.ratio("HTTP latest page", "bare Bun.serve", "per_s"),
    at_least: 0.4,
  },
  { name: "pages/s from SQL", value: (of) => of.own("RPC pages from SQL", "per_s"), at_least: 8_000 },
  {
    name: "CPU per delivery, 10,000 members by 100",
    value: (of) =>
      divided(of.own("1 room × 10,000", "cpu_us_per_delivery"), of.own("1 room × 100", "cpu_us_per_delivery")),
    at_most: 1.2,
  },
  {
    name: "CPU per append, 10,000,000 stored by none",
    value: (of) =>
      divided(
        of.own("T3, 10,000,000 stored", "cpu_us_per_message"),
        of.own("T3, 100,000 stored", "cpu_us_per_message"),
      ),
    at_most: 1.25,
  },
  {
    name: "CPU per page, 10,000,000 stored by 100,000",
    value: (of) =>
      divided(
        of.own("pages, 10,000,000 stored", "cpu_us_per_page"),
        of.own("pages, 100,000 stored", "cpu_us_per_page"),
      ),
    at_most: 1.25,
  },
  {
    name: "p99 with 10 who never read, ms more",
    value: (of) => difference(of.own("10 never read", "p99_ms"), of.own("all read", "p99_ms")),
    at_most: 10,
  },
  { name: "cold start, ms", value: (of) => of.own("start", "start_ms"), at_most: 250 },
  { name: "idle RSS, MB", value: (of) => divided(of.own("start", "rss_bytes"), 1_000_000), at_most: 90 },
  {
    name: "executable over plain Bun, MB",
    value: (of) => divided(of.own("size", "over_bytes"), 1_000_000),
    at_most: 20,
  },
];

/** How this run stands to the targets that it has measured. */
export function judge(recorder: Recorder, subject: string): Verdict[] {
  const reading = new Reading(recorder, subject);
  return targets.flatMap(({ name, value, at_least, at_most }) => {
    const got = value(reading);
    if (got === undefined) return [];
    const target = at_least === undefined ? `≤ ${at_most}` : `≥ ${at_least}`;
    return [{ name, value: got, target, met: got >= (at_least ?? -Infinity) && got <= (at_most ?? Infinity) }];
  });
}
