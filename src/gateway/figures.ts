/** What the server tells Prometheus. Counting is an addition or two a batch; the rest is read when somebody asks. */

import { readdirSync } from "node:fs";
import { watchLoopLag } from "../lib/loop-lag.ts";
import type { Clock } from "../lib/clock.ts";
import type { Metrics } from "../lib/metrics.ts";

/** Current values, asked for at each scrape. */
export interface Sources {
  readonly connections: () => number;
  readonly people: () => number;
  readonly roomsLive: () => number;
  readonly ringBytes: () => number;
  readonly draftsPending: () => number;
  readonly canaryAge_ms: () => number;
}

/** What there is once a process, whatever number of gateways it has. */
export interface ProcessSources {
  readonly walBytes: () => number;
  readonly threadsReplaced: () => number;
}

/** A batch that came back from the database. */
export interface Batch {
  readonly outcomes: readonly { readonly code: string; readonly seq: number }[];
  readonly commit_ms: number;
  readonly waited_ms: number;
  readonly failed: boolean;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** The one figure of gateways whose sum says nothing: the oldest one counts. */
export const canaryAgeMetric = "confab_canary_age_seconds";
const sizes = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** Registers every figure and returns the function that counts a batch. */
export function countBatches(metrics: Metrics): (batch: Batch) => void {
  const committed = metrics.counter({
    name: "confab_events_committed_total",
    help: "Messages and other events of rooms that are in the log.",
  });
  const refused = metrics.counter({
    name: "confab_drafts_refused_total",
    help: "Drafts that got no place in the log, by what their senders were told; repeated is a retry that found its first try.",
    label: "code",
  });
  const drafts = metrics.histogram({ name: "confab_batch_drafts", help: "Drafts a transaction.", buckets: sizes });
  const commit = metrics.histogram({
    name: "confab_commit_seconds",
    help: "Time of a transaction, from the main thread and back.",
    buckets: seconds,
  });
  const ack = metrics.histogram({
    name: "confab_ack_seconds",
    help: "What the first draft of each batch waited for its commit: about what its sender waits for the ack.",
    buckets: seconds,
  });
  const failed = metrics.counter({ name: "confab_batches_failed_total", help: "Transactions that failed as a whole." });
  return ({ outcomes, commit_ms, waited_ms, failed: hasFailed }) => {
    let count = 0;
    for (const { code, seq } of outcomes) {
      // Read marks ride along and are no events.
      if (code === "committed") count += seq > 0 ? 1 : 0;
      else refused.with(code).add(1);
    }
    committed.add(count);
    drafts.observe(outcomes.length);
    commit.observe(commit_ms / 1000);
    ack.observe(waited_ms / 1000);
    if (hasFailed) failed.add(1);
  };
}

type Measure = readonly [name: string, help: string, read: () => number];

/** What each gateway counts. */
export function registerGatewayFigures(metrics: Metrics, sources: Sources, clock: Clock): void {
  const measures: readonly Measure[] = [
    ["confab_connections", "Open sockets of the chat.", sources.connections],
    ["confab_people", "People who have a connection.", sources.people],
    ["confab_rooms_live", "Rooms that are in memory.", sources.roomsLive],
    ["confab_ring_bytes", "Recent events in memory, from which clients resume.", sources.ringBytes],
    ["confab_drafts_pending", "Drafts that wait for their commit.", sources.draftsPending],
    [canaryAgeMetric, "Time since a message of our own came back.", () => sources.canaryAge_ms() / 1000],
  ];
  for (const [name, help, read] of measures) metrics.measure({ name, help }, read);
  watchLoop(metrics, clock);
}

export function registerProcessFigures(metrics: Metrics, sources: ProcessSources): void {
  const measures: readonly Measure[] = [
    ["confab_wal_bytes", "Size of the write-ahead log.", () => sources.walBytes()],
    ["confab_storage_threads_replaced", "Storage threads that died or hung.", () => sources.threadsReplaced()],
    ["process_resident_memory_bytes", "Memory of the process.", () => process.memoryUsage.rss()],
    ["process_open_fds", "Open descriptors.", openDescriptors],
    ["process_uptime_seconds", "Time since the start.", () => process.uptime()],
  ];
  for (const [name, help, read] of measures) metrics.measure({ name, help }, read);
}

/** Where there are other nodes. */
export function registerBrokerFigures(
  metrics: Metrics,
  broker: { readonly connected: boolean; readonly dropped: number },
): void {
  const measures: readonly Measure[] = [
    ["confab_broker_connected", "1 while the broker can be reached.", () => (broker.connected ? 1 : 0)],
    ["confab_broker_dropped", "Messages to other nodes that were not sent since the start.", () => broker.dropped],
  ];
  for (const [name, help, read] of measures) metrics.measure({ name, help }, read);
}

/** Of the thread that asks. */
export function watchLoop(metrics: Metrics, clock: Clock): void {
  const lag = metrics.histogram({
    name: "confab_loop_lag_seconds",
    help: "How late the event loop is, looked at ten times a second.",
    buckets: seconds,
  });
  watchLoopLag(clock, (lag_ms) => lag.observe(lag_ms / 1000));
}

function openDescriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // Only Linux has them as files.
    return Number.NaN;
  }
}
