/** A run's medians as text. */

import type { Recorder } from "./recorder.ts";
import type { Verdict } from "./targets.ts";

export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** Rows of cells, in columns; the first cell of a row is on the left, the rest on the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
    .map((row) => `${row.join("  ").trimEnd()}\n`)
    .join("");
}

/** One value of several workloads for all subjects, with the ratio to the first of `baselines` that has it. */
export function comparison(recorder: Recorder, what: { workloads: readonly string[]; value: string }): string {
  const { workloads, value } = what;
  const subjects = [...new Set(recorder.all.map(({ subject }) => subject))].filter((subject) =>
    workloads.some((workload) => recorder.median(workload, subject, value) !== undefined),
  );
  const baseline = "bare Bun";
  const rows = subjects.map((subject) => [
    subject,
    ...workloads.flatMap((workload) => {
      const got = recorder.median(workload, subject, value);
      const base = recorder.median(workload, baseline, value);
      if (got === undefined) return ["–", ""];
      const limited = recorder.median(workload, subject, "generator_limited") === 1 ? "≥ " : "";
      return [limited + figure(got), base === undefined || subject === baseline ? "" : `${(got / base).toFixed(2)}×`];
    }),
  ]);
  return columns([[value, ...workloads.flatMap((workload) => [workload, ""])], ...rows]);
}

export function verdicts(all: readonly Verdict[]): string {
  const rows = all.map(({ name, value, target, met }) => [
    name,
    figure(value),
    target,
    met ? "reached" : "NOT reached",
  ]);
  return columns([["to reach", "got", "target", ""], ...rows]);
}

/** Everything that was measured, a line a workload and subject. */
export function everything(recorder: Recorder): string {
  return recorder.all
    .map(({ workload, subject, values }) => {
      const shown = Object.keys(values).map(
        (name) => `${name} ${figure(recorder.median(workload, subject, name) ?? 0)}`,
      );
      return `${workload}, ${subject}: ${shown.join(", ")}\n`;
    })
    .join("");
}
