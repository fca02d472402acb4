/**
 * Runs the repository's checks and test suites: `bun run test`, or some of them: `bun run test unit smoke`. Suites that
 * mostly compute, or mostly wait, run beside others; those whose times matter run alone.
 * The last line is "N passed, N failed", counted from the reports of the test runner; a check counts as one test.
 * A line of a test's output that starts with "figure: " is printed again at the end, and so is what failed: who reads only the
 * end of a long record sees it.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provideDebianPackages } from "./packages.ts";
import { type Ended, runCommand } from "./process.ts";

/** One command that is right or wrong as a whole. */
interface Check {
  readonly name: string;
  readonly command: readonly string[];
  readonly minutes_max: number;
}

/** A path for the test runner, whose report says how many tests passed. It is left out where the path does not exist. */
interface Suite {
  readonly name: string;
  readonly path: string;
  readonly minutes_max: number;
  readonly test_seconds_max: number;
  readonly needsExecutable?: true;
  /** It takes long and is run by its name only, before a release. */
  readonly isLong?: true;
}

/** Suites that run side by side: those of a lane one after another. */
type Stage = readonly (readonly Suite[])[];

interface Count {
  readonly passed: number;
  readonly failed: number;
  /** What is known of each that failed. */
  readonly failures: readonly string[];
}

const bun = process.execPath;

const checks: readonly Check[] = [
  { name: "format", command: [bun, "fmt", "--check"], minutes_max: 1 },
  { name: "types", command: [bun, "check"], minutes_max: 2 },
  { name: "types of the page", command: [bun, "check", "-p", "src/web"], minutes_max: 2 },
  { name: "lint", command: [bun, "node_modules/oxlint/bin/oxlint"], minutes_max: 2 },
];

const build: Check = { name: "build", command: [bun, ".ci/build.ts"], minutes_max: 3 };

const tidy: Suite = { name: "tidy", path: "test/tidy.test.ts", minutes_max: 1, test_seconds_max: 20 };
const unit: Suite = { name: "unit", path: "test/unit/", minutes_max: 3, test_seconds_max: 20 };

const stages: readonly Stage[] = [
  [[tidy, unit]],
  [
    [
      { name: "contract", path: "test/contract/", minutes_max: 8, test_seconds_max: 60 },
      { name: "integration", path: "test/integration/", minutes_max: 15, test_seconds_max: 60 },
    ],
    [
      { name: "simulation", path: "test/simulation/", minutes_max: 15, test_seconds_max: 600 },
      { name: "fuzz", path: "test/fuzz/", minutes_max: 15, test_seconds_max: 600 },
    ],
  ],
  [
    [
      { name: "cluster", path: "test/cluster/", minutes_max: 12, test_seconds_max: 120, needsExecutable: true },
      { name: "smoke", path: "test/smoke/", minutes_max: 5, test_seconds_max: 120, needsExecutable: true },
      { name: "browser", path: "test/browser/", minutes_max: 6, test_seconds_max: 120, needsExecutable: true },
    ],
    [{ name: "patience", path: "test/patience/", minutes_max: 8, test_seconds_max: 400 }],
  ],
  [[{ name: "faults", path: "test/faults/", minutes_max: 15, test_seconds_max: 600, needsExecutable: true }]],
  [
    [
      {
        name: "outages",
        path: "test/outages/",
        minutes_max: 15,
        test_seconds_max: 300,
        needsExecutable: true,
        isLong: true,
      },
    ],
  ],
  [
    [
      {
        name: "release",
        path: "test/release/",
        minutes_max: 60,
        test_seconds_max: 900,
        needsExecutable: true,
        isLong: true,
      },
    ],
  ],
];
const suites: readonly Suite[] = stages.flat(2);

/** What `bun run ok` runs: all that is quick. */
const quick = ["tidy", "unit"];

const output_characters_max = 60_000;
const failure_characters_max = 2_000;
const total = { passed: 0, failed: 0 };
const figures: string[] = [];
const failures: string[] = [];

/** Says how a check or a suite went, and all that it said where it did not go well. */
function tell(name: string, count: Count, ended: Ended): void {
  total.passed += count.passed;
  total.failed += count.failed;
  failures.push(...count.failures.map((what) => `failed: ${name}: ${what}`));
  figures.push(...ended.output.split("\n").filter((line) => line.startsWith("figure: ")));
  const trouble = ended.trouble === null ? "" : `, ${ended.trouble}`;
  const seconds = (ended.took_ms / 1000).toFixed(1);
  if (count.failed > 0) {
    const output = ended.output.trim();
    const cut = output.length > output_characters_max ? "... (the beginning is left out)\n" : "";
    console.log(`\n--- ${name} says:\n${cut}${output.slice(-output_characters_max)}\n---\n`);
  }
  console.log(`${name.padEnd(18)} ${count.passed} passed, ${count.failed} failed in ${seconds} s${trouble}`);
}

/** Whether the command left with 0. */
async function runCheck({ name, command, minutes_max }: Check): Promise<boolean> {
  const ended = await runCommand(command, minutes_max * 60_000);
  const isRight = ended.trouble === null;
  const failures = ended.trouble === null ? [] : [ended.trouble];
  tell(name, { passed: isRight ? 1 : 0, failed: isRight ? 0 : 1, failures }, ended);
  return isRight;
}

/**
 * The figures of a JUnit report. A skipped test is a failed one: the house has none. A missing report, and a run that ends badly
 * although all tests of the report passed (an error between tests, a crash after them), count as one failed test.
 */
function countReport(report: string, ended: Ended): Count {
  const head = /<testsuites [^>]*>/.exec(report)?.[0] ?? "";
  const figure = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = figure("failures") + figure("skipped");
  const passed = figure("tests") - failed;
  const isEmpty = passed + failed === 0;
  if (failed > 0) {
    const skipped = figure("skipped") > 0 ? [`${figure("skipped")} tests were skipped`] : [];
    return {
      passed,
      failed,
      failures: [...failedTests(report), ...skipped, ...(ended.trouble === null ? [] : [ended.trouble])],
    };
  }
  if (isEmpty || ended.trouble !== null) return { passed, failed: 1, failures: [ended.trouble ?? "no test ran"] };
  return { passed, failed, failures: [] };
}

/** The failed tests of a JUnit report: where, which, and what was wrong with it. */
function failedTests(report: string): string[] {
  const failed =
    /<testcase name="([^"]*)"[^>]* file="([^"]*)" line="(\d+)"[^>]*>\s*<failure type="[^"]*" message="([^"]*)"(?:>([^<]*))?/g;
  return [...report.matchAll(failed)].map(([, name, file, line, message, trace = ""]) =>
    readable(`${file}:${line}: ${name}\n${trace === "" ? message : trace}`)
      .trim()
      .slice(0, failure_characters_max)
      .replaceAll("\n", "\n  "),
  );
}

/** An attribute or a text of XML 1.0 as it was before it was escaped. */
function readable(escaped: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return escaped.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (named[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

async function runSuite(suite: Suite, reports: string): Promise<void> {
  const reportFile = join(reports, `${suite.name}.xml`);
  const ended = await runCommand(
    [
      bun,
      "test",
      "--only-failures",
      // A test that fails in the middle leaves its servers behind, unless the runner ends them.
      "--no-orphans",
      `--timeout=${suite.test_seconds_max * 1000}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      `./${suite.path}`,
    ],
    suite.minutes_max * 60_000,
  );
  const report = existsSync(reportFile) ? await Bun.file(reportFile).text() : "";
  tell(suite.name, countReport(report, ended), ended);
}

/** The names on the command line as suites to run; none means all but the long ones. "ok" stands for the checks and the quick suites. */
function choose(names: readonly string[]): { runsChecks: boolean; chosen: readonly Suite[] } {
  const known = new Set(["ok", ...suites.map(({ name }) => name)]);
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`Expected names of ${[...known].join(", ")}; got ${unknown.join(", ")}.`);
  const isOk = names.includes("ok");
  const isAll = names.length === 0;
  return {
    runsChecks: isAll || isOk,
    chosen: suites.filter(
      ({ name, path, isLong }) =>
        existsSync(path) && ((isAll && isLong !== true) || names.includes(name) || (isOk && quick.includes(name))),
    ),
  };
}

async function runAll(names: readonly string[], reports: string): Promise<void> {
  const { runsChecks, chosen } = choose(names);
  await provideDebianPackages(chosen.map(({ path }) => path).filter((path) => path.endsWith("/")));
  if (runsChecks) for (const check of checks) await runCheck(check);
  const hasExecutable = chosen.some(({ needsExecutable }) => needsExecutable === true) && (await runCheck(build));
  const canRun = (suite: Suite): boolean => chosen.includes(suite) && (suite.needsExecutable !== true || hasExecutable);
  for (const stage of stages) {
    await Promise.all(
      stage.map(async (lane) => {
        for (const suite of lane.filter(canRun)) await runSuite(suite, reports);
      }),
    );
  }
}

const reports = await mkdtemp(join(tmpdir(), "confab-reports-"));
try {
  await runAll(Bun.argv.slice(2), reports);
} catch (error) {
  // What comes here is a mistake on the command line or in this script: nothing may look as if it had passed.
  console.error(error);
  total.failed += 1;
} finally {
  await rm(reports, { recursive: true, force: true });
}
for (const lines of [figures, failures]) if (lines.length > 0) console.log(`\n${lines.join("\n")}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
