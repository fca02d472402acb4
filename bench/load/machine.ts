/** Where and of what a run was made. */

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import peersJson from "../peers/package.json" with { type: "json" };
import { root } from "./subjects.ts";

export interface Machine {
  readonly commit: string;
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_GB: number;
  readonly kernel: string;
  readonly distribution: string;
  readonly versions: Readonly<Record<string, string>>;
}

function said(command: readonly string[], folder = root): string {
  const [program = ""] = command;
  if (Bun.which(program) === null) return "";
  const run = Bun.spawnSync([...command], { cwd: folder, stderr: "ignore" });
  return run.success ? run.stdout.toString().trim() : "";
}

export function commitOf(folder: string): string {
  const hash = said(["git", "rev-parse", "--short=10", "HEAD"], folder);
  // The bench's own results do not change what was measured.
  const changed = said(["git", "status", "--porcelain", "--", "src", "drizzle", "package.json", ".ci"], folder) !== "";
  return hash === "" ? "unknown" : changed ? `${hash}-changed` : hash;
}

export function describeMachine(): Machine {
  let distribution = "";
  try {
    distribution = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "";
  } catch {
    // Other systems have no such file.
  }
  return {
    commit: commitOf(root),
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory_GB: Math.round(totalmem() / 1e9),
    kernel: release(),
    distribution,
    versions: {
      confab: packageJson.version,
      bun: Bun.version,
      node: said(["node", "--version"]).replace(/^v/, ""),
      ...packageJson.dependencies,
      ...peersJson.dependencies,
    },
  };
}

export const results_folder = join(root, "bench/results");
