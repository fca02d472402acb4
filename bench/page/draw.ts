/**
 * Draws bench/results/index.html from the files beside it: the newest full run (or the newest of all where there is no
 * full one), and how the ratios went from run to run. `bun bench/page/draw.ts` does it again.
 */

import { join } from "node:path";
import { results_folder } from "../load/machine.ts";
import { disturbance } from "../load/recorder.ts";
import { barPlot, escaped, linePlot, short, type Point } from "./plots.ts";
import { medianOf, type Result } from "./result.ts";

const own = "confab";
const bare = "bare Bun";

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{padding:.25rem .5rem;border-bottom:1px solid #d5dae0;text-align:right;font-variant-numeric:tabular-nums}
td:first-child,th:first-child{text-align:left}figure{margin:2rem 0}figcaption{font-weight:600;margin-bottom:.5rem}svg{width:100%;height:auto;font:13px system-ui,sans-serif;fill:currentColor}
.own{fill:#0a6bd6}.other{fill:#a9b4c0}.axis{stroke:#a9b4c0}.line{fill:none;stroke:#0a6bd6;stroke-width:2}.missed{color:#b3261e;font-weight:600}
@media(prefers-color-scheme:dark){body{color:#e6e9ec;background:#14171a}td,th{border-color:#353b42}.other{fill:#59636e}.missed{color:#ff8a80}}`;

const closed: readonly (readonly [string, string])[] = [
  ["T1", "one room of 100, 256 messages on their way"],
  ["T1-32", "one room of 100, 32 messages on their way"],
  ["T1s", "one room of 100, one message at a time"],
  ["T2", "one room of 1,000, 256 messages on their way"],
  ["T3", "100 rooms of 10, 640 messages on their way"],
];

async function readResults(folder: string): Promise<Result[]> {
  const results: Result[] = [];
  for await (const file of new Bun.Glob("*.json").scan(folder)) {
    results.push((await Bun.file(join(folder, file)).json()) as Result);
  }
  return results.sort((a, b) => a.machine.date.localeCompare(b.machine.date));
}

function subjectsOf(result: Result, workload: string): string[] {
  return result.figures.filter((figures) => figures.workload === workload).map(({ subject }) => subject);
}

function bars(result: Result, what: { workload: string; value: string; title: string }): string {
  const { workload, value, title } = what;
  const drawn = subjectsOf(result, workload).flatMap((subject) => {
    const got = medianOf(result, { workload, subject, value });
    return got === undefined ? [] : [{ label: subject, value: got, own: subject === own }];
  });
  return drawn.length === 0 ? "" : barPlot(title, drawn);
}

/** Workloads whose names differ in a number, as one line. */
function growth(result: Result, what: { pattern: RegExp; value: string; title: string }): string {
  const { pattern, value, title } = what;
  const points = result.figures
    .filter(({ subject, workload }) => subject === own && pattern.test(workload))
    .map(({ workload }) => {
      const label = pattern.exec(workload)?.[1] ?? workload;
      return { label, value: medianOf(result, { workload, subject: own, value }) ?? 0 };
    })
    .sort((a, b) => Number(a.label.replaceAll(",", "")) - Number(b.label.replaceAll(",", "")));
  return points.length < 2 ? "" : linePlot(title, points);
}

function trend(results: readonly Result[], workload: string): string {
  const value = "deliveries_per_s";
  const points = results.flatMap((result): Point[] => {
    const ours = medianOf(result, { workload, subject: own, value });
    const theirs = medianOf(result, { workload, subject: bare, value });
    const label = result.machine.commit.slice(0, 7);
    return ours === undefined || theirs === undefined ? [] : [{ label, value: ours / theirs }];
  });
  return points.length < 2 ? "" : linePlot(`${workload} by bare Bun, from run to run`, points.slice(-10));
}

function verdictTable(result: Result): string {
  const rows = result.verdicts.map(
    ({ name, value, target, met }) =>
      `<tr><td>${escaped(name)}</td><td>${short(value)}</td><td>${escaped(target)}</td><td${met ? "" : ' class="missed"'}>${met ? "reached" : "not reached"}</td></tr>`,
  );
  return `<table><tr><th>to reach</th><th>got</th><th>target</th><th></th></tr>${rows.join("")}</table>`;
}

function everythingTable(result: Result): string {
  const rows = result.figures.flatMap(({ workload, subject, values }) =>
    Object.keys(values).map(
      (value) =>
        `<tr><td>${escaped(workload)}</td><td>${escaped(subject)}</td><td>${escaped(value)}</td><td>${short(medianOf(result, { workload, subject, value }) ?? 0)}</td></tr>`,
    ),
  );
  return `<details><summary>Every median</summary><table><tr><th>workload</th><th>server</th><th>value</th><th></th></tr>${rows.join("")}</table></details>`;
}

function content(result: Result, all: readonly Result[]): string {
  const { machine, rounds } = result;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const { runs, disturbed } = disturbance(result.figures);
  const latency = { p50_ms: "half of all deliveries within, ms", p99_ms: "99% of all deliveries within, ms" };
  return [
    `<h1>Confab: what the benchmark shows</h1>`,
    `<p>Commit ${escaped(machine.commit)}, ${escaped(machine.date.slice(0, 10))}; ${escaped(machine.cpu)}, ${machine.cores} cores, kernel ${escaped(machine.kernel)}; server on one core, load on another; medians of ${rounds} rounds. Confab has every message on disk before it acknowledges it; the others store nothing. docs/performance.md says how it was measured and what limits each figure.</p>`,
    disturbed === 0
      ? ""
      : `<p class="missed">${disturbed} of ${runs} runs shared the machine with something else: do not trust these figures.</p>`,
    verdictTable(result),
    ...closed.map(([workload, words]) =>
      bars(result, { workload, value: "deliveries_per_s", title: `${workload}: ${words} (deliveries/s)` }),
    ),
    ...Object.entries(latency).map(([value, words]) =>
      bars(result, { workload: "L1", value, title: `L1: one room of 100, 1,000 messages/s: ${words}` }),
    ),
    growth(result, {
      pattern: /^1 room × ([\d,]+)$/,
      value: "cpu_us_per_delivery",
      title: "CPU for one delivery by members of the room, µs",
    }),
    growth(result, {
      pattern: /^T3, ([\d,]+) stored$/,
      value: "cpu_us_per_message",
      title: "CPU for one message (T3) by messages stored before, µs",
    }),
    growth(result, {
      pattern: /^pages, ([\d,]+) stored$/,
      value: "cpu_us_per_page",
      title: "CPU for one page of 50 by messages stored, µs",
    }),
    bars(result, { workload: "idle", value: "bytes_per_connection", title: "memory of an idle connection, bytes" }),
    bars(result, {
      workload: "handshakes",
      value: "per_s",
      title: "connections/s; Confab's are signed in",
    }),
    ...["T1", "T3"].map((workload) => trend(all, workload)),
    everythingTable(result),
    `<p>${escaped(versions.join(", "))}</p>`,
  ].join("\n");
}

/** Writes the page and returns its path. */
export async function drawPage(folder: string): Promise<string> {
  const results = await readResults(folder);
  const shown = results.findLast(({ full }) => full) ?? results.at(-1);
  if (shown === undefined) throw new Error("There are no results yet: bun run bench makes some.");
  const comparable = results.filter(({ full, machine }) => full === shown.full && machine.cpu === shown.machine.cpu);
  const path = join(folder, "index.html");
  const page = `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Confab: benchmark</title><style>${style}</style></head><body>\n${content(shown, comparable)}\n</body></html>\n`;
  await Bun.write(path, page);
  return path;
}

if (import.meta.main) console.log(await drawPage(results_folder));
