import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };

/** A platform that executables are made for, as the packages of the driver and of the runtime name it. */
interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly driver: string;
  readonly runtime: string;
}

export const platforms: Readonly<Record<string, Platform>> = {
  "linux-x64": { os: "linux", cpu: "x64", driver: "@libsql/linux-x64-gnu", runtime: "@oven/bun-linux-x64" },
  "linux-arm64": { os: "linux", cpu: "arm64", driver: "@libsql/linux-arm64-gnu", runtime: "@oven/bun-linux-aarch64" },
  "linux-x64-musl": { os: "linux", cpu: "x64", driver: "@libsql/linux-x64-musl", runtime: "@oven/bun-linux-x64-musl" },
  "linux-arm64-musl": {
    os: "linux",
    cpu: "arm64",
    driver: "@libsql/linux-arm64-musl",
    runtime: "@oven/bun-linux-aarch64-musl",
  },
  "darwin-x64": { os: "darwin", cpu: "x64", driver: "@libsql/darwin-x64", runtime: "@oven/bun-darwin-x64" },
  "darwin-arm64": { os: "darwin", cpu: "arm64", driver: "@libsql/darwin-arm64", runtime: "@oven/bun-darwin-aarch64" },
  "windows-x64": { os: "win32", cpu: "x64", driver: "@libsql/win32-x64-msvc", runtime: "@oven/bun-windows-x64" },
};

const system = process.platform === "win32" ? "windows" : process.platform;
const libc = existsSync("/etc/alpine-release") ? "-musl" : "";

/** The platform that this runs on. */
export const ownTarget = `${system}-${process.arch}${libc}`;

export interface Parts {
  /** What the driver is required by: its package, or its file. */
  readonly driver: string;
  /** The runtime to put the program into; undefined for the one that runs now. */
  readonly bun: string | undefined;
}

/**
 * The parts of the executable that differ by platform. Those of another platform than this one are installed as packages
 * into a folder of their own, in the versions that run here.
 */
export async function provideParts(target: string): Promise<Parts> {
  const platform = platforms[target];
  if (platform === undefined) {
    throw new Error(`Expected --target to be one of ${Object.keys(platforms).join(", ")}; it is ${target}.`);
  }
  const { driver, runtime, os, cpu } = platform;
  if (target === ownTarget) return { driver, bun: undefined };
  const folder = resolve(".cache/platforms", `${target}-${Bun.version}-${packageJson.dependencies.libsql}`);
  const parts = {
    driver: join(folder, "node_modules", driver, "index.node"),
    bun: join(folder, "node_modules", runtime, "bin", os === "win32" ? "bun.exe" : "bun"),
  };
  if (existsSync(parts.driver) && existsSync(parts.bun)) return parts;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const packages = [`${driver}@${packageJson.dependencies.libsql}`, `${runtime}@${Bun.version}`];
  const argv = [process.execPath, "add", "--exact", `--os=${os}`, `--cpu=${cpu}`, ...packages];
  const installed = Bun.spawnSync(argv, { cwd: folder, stdout: "ignore", stderr: "pipe" });
  if (!installed.success || !existsSync(parts.driver) || !existsSync(parts.bun)) {
    throw new Error(`Expected to install ${packages.join(" and ")}: ${installed.stderr.toString()}`);
  }
  return parts;
}
