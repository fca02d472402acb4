/** A run as it is kept in bench/results. */

import type { Machine } from "../load/machine.ts";
import { median, type Figures } from "../load/recorder.ts";
import type { Verdict } from "../load/targets.ts";

export interface Result {
  readonly machine: Machine;
  readonly full: boolean;
  readonly rounds: number;
  readonly source: boolean;
  readonly figures: readonly Figures[];
  readonly verdicts: readonly Verdict[];
}

export function medianOf(result: Result, of: { workload: string; subject: string; value: string }): number | undefined {
  const found = result.figures.find(({ workload, subject }) => workload === of.workload && subject === of.subject);
  return median(found?.values[of.value] ?? []);
}
