/** The loads by their names. */

import type { Pace } from "../../src/cli/load/load.ts";
import type { Shape } from "../../src/cli/load/load-room.ts";

export interface Workload {
  readonly title: string;
  readonly shape: Shape;
  readonly pace: Pace;
}

const body_bytes = 128;
const one = { rooms: 1, members: 100, senders: 8, body_bytes };

export const workloads = {
  T1: { title: "1 room × 100, 256 in flight", shape: one, pace: { kind: "closed", in_flight: 256 } },
  "T1-32": { title: "1 room × 100, 32 in flight", shape: one, pace: { kind: "closed", in_flight: 32 } },
  T1s: {
    title: "1 room × 100, 1 in flight",
    shape: { ...one, senders: 1 },
    pace: { kind: "closed", in_flight: 1 },
  },
  T2: {
    title: "1 room × 1,000, 256 in flight",
    shape: { ...one, members: 1_000 },
    pace: { kind: "closed", in_flight: 256 },
  },
  T3: {
    title: "100 rooms × 10, 640 in flight",
    shape: { rooms: 100, members: 10, senders: 1, body_bytes },
    pace: { kind: "closed", in_flight: 640 },
  },
  L1: {
    title: "1 room × 100, 1,000 messages/s",
    shape: one,
    pace: { kind: "open", messages_per_second: 1_000 },
  },
  L2: {
    title: "1 room × 1,000, 100 messages/s",
    shape: { ...one, members: 1_000 },
    pace: { kind: "open", messages_per_second: 100 },
  },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;

export function isWorkload(name: string): name is WorkloadName {
  return Object.hasOwn(workloads, name);
}
