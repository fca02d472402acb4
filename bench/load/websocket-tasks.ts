/** Tasks that load rooms over WebSockets. */

import type { LoadReport } from "./job.ts";
import { measureLoad, type Timing } from "./measure.ts";
import { others_cpu_max, type Recorder, type Task } from "./recorder.ts";
import type { Subject } from "./server-process.ts";
import type { Workload, WorkloadName } from "./workloads.ts";
import { workloads } from "./workloads.ts";

/** Above it the generator has no time left, and the figure is a lower bound. */
const generator_cpu_max = 0.95;
/** A run that had to share the machine is made again, so many times. */
const tries = 3;

export interface LoadTask {
  readonly subject: Subject;
  readonly timing: Timing;
  readonly workload: Workload;
  readonly name: string;
  /** Members that never read. */
  readonly stalled?: number;
}

export function recordLoad(recorder: Recorder, task: { name: string; subject: Subject }, report: LoadReport): void {
  const { window_s, deliveries, messages, generator_cpu, server_cpu, others_cpu } = report;
  const faults = report.errors + report.holes + report.missing;
  if (faults > 0 && task.subject.protocol === "confab") {
    const { errors, holes, missing } = report;
    console.log(`  !! ${task.name}: ${errors} errors, ${holes} holes, ${missing} deliveries missing`);
  }
  recorder.add(
    { workload: task.name, subject: task.subject.name },
    {
      deliveries_per_s: deliveries / window_s,
      messages_per_s: messages / window_s,
      cpu_us_per_delivery: report.cpu_us_per_delivery,
      cpu_us_per_message: (server_cpu * window_s * 1_000_000) / Math.max(1, messages),
      server_cpu,
      generator_cpu,
      generator_limited: generator_cpu > generator_cpu_max && generator_cpu > server_cpu ? 1 : 0,
      others_cpu,
      rss_bytes: report.rss_bytes,
      p50_ms: report.p50_ms,
      p99_ms: report.p99_ms,
      faults,
    },
  );
}

export function loadTask(task: LoadTask): Task {
  return {
    name: `${task.name} ${task.subject.name}`,
    async run(recorder) {
      const how = { ...task.timing, stalled: task.stalled ?? 0 };
      let best = await measureLoad(task.subject, task.workload, how);
      for (let again = 1; again < tries && best.others_cpu > others_cpu_max; again++) {
        const report = await measureLoad(task.subject, task.workload, how);
        if (report.others_cpu < best.others_cpu) best = report;
      }
      recordLoad(recorder, task, best);
    },
  };
}

/** Every subject under every workload. */
export function loadTasks(names: readonly WorkloadName[], subjects: readonly Subject[], timing: Timing): Task[] {
  return names.flatMap((name) =>
    subjects.map((subject) => loadTask({ name, subject, workload: workloads[name], timing })),
  );
}

const member_counts = [10, 100, 1_000, 10_000] as const;

/** What a delivery costs as a room grows: as many messages are on their way in each. */
export function memberTasks(subject: Subject, timing: Timing): Task[] {
  return member_counts.map((members) =>
    loadTask({
      name: `1 room × ${members.toLocaleString("en-US")}`,
      subject,
      timing,
      workload: {
        title: "",
        shape: { rooms: 1, members, senders: 8, body_bytes: 128 },
        pace: { kind: "closed", in_flight: 64 },
      },
    }),
  );
}

/** Within so long whoever has stopped reading is over the limit, and is put out. */
const stalling_ms = 6_000;

/** Large messages, so that a member who does not read is over its limit within seconds. */
export function stalledTasks(subject: Subject, timing: Timing): Task[] {
  const workload: Workload = {
    title: "",
    shape: { rooms: 1, members: 110, senders: 8, body_bytes: 4_096 },
    pace: { kind: "open", messages_per_second: 500 },
  };
  return [0, 10].map((stalled) =>
    loadTask({
      name: stalled === 0 ? "all read" : "10 never read",
      subject,
      timing: { ...timing, window_ms: Math.max(timing.window_ms, stalling_ms) },
      workload,
      stalled,
    }),
  );
}
