/** What `confab doctor` says about the place where messages are kept. */

import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Configuration } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { createLog } from "../lib/log.ts";
import { openAside } from "../store/aside.ts";
import { readDurability } from "../store/database.ts";
import { sqliteVersion } from "../store/sqlite-version.ts";
import type { Finding } from "./doctor-finding.ts";
import { examineRemote } from "./doctor-remote.ts";

const writes = 40;
const block_bytes = 4_096;
/** A disk that claims to be faster than any disk does not write when it says so. */
const honest_ms_min = 0.02;
const slow_ms = 20;
const free_bytes_min = 1024 ** 3;

export async function examineStorage(
  asked: Configuration & { readonly status: unknown },
  clock: Clock,
): Promise<Finding[]> {
  const { config, status } = asked;
  if (config.database !== "") return await examineRemote(asked, clock);
  const folder = existing(resolve(config.data));
  let scratch: string;
  try {
    scratch = mkdtempSync(join(folder, ".confab-doctor-"));
  } catch (error) {
    const what = `cannot write to ${folder}: ${(error as Error).message}`;
    return [
      { level: "wrong", what, todo: "give the folder to the user that runs confab, or choose another with --data" },
    ];
  }
  try {
    return [
      ...database(config.data, status),
      ...(await driver(scratch, clock)),
      await fsync(scratch, clock),
      space(folder),
    ];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The folder, or the nearest one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

function database(data: string, status: unknown): Finding[] {
  const exists = existsSync(join(data, "confab.db"));
  const served = status === undefined ? "no server runs on it" : "a server runs on it";
  const what = exists ? `${data} has a database; ${served}` : `${data} has no database yet: the first start makes it`;
  const findings: Finding[] = [{ level: "well", what }];
  if (exists && (statSync(data).mode & 0o077) !== 0) {
    findings.push({ level: "advice", what: `other users of this machine may read ${data}`, todo: `chmod 700 ${data}` });
  }
  return findings;
}

/** A database as the server opens it, to read what is really in force. */
async function driver(scratch: string, clock: Clock): Promise<Finding[]> {
  const log = createLog({ level: "error", format: "text", clock, write: () => {} });
  await using aside = await openAside(join(scratch, "scratch.db"), { role: "writer", log });
  const durability = await readDurability(aside.client);
  const isDurable = durability === "journal_mode=wal synchronous=FULL";
  const version = await sqliteVersion(aside.client);
  return [
    { level: "well", what: `SQLite ${version}` },
    isDurable
      ? { level: "well", what: `${durability}: an acknowledged message survives a power cut on an honest disk` }
      : {
          level: "wrong",
          what: `expected journal_mode=wal synchronous=FULL, got ${durability}`,
          todo: "put the data on a local file system (ext4, xfs, btrfs, zfs): network ones cannot do this",
        },
  ];
}

async function fsync(scratch: string, clock: Clock): Promise<Finding> {
  const handle = await open(join(scratch, "fsync"), "w");
  const times: number[] = [];
  const block = new Uint8Array(block_bytes);
  for (let at = 0; at < writes; at++) {
    const start = clock.monotonic();
    await handle.write(block, 0, block_bytes, at * block_bytes);
    await handle.datasync();
    times.push(clock.monotonic() - start);
  }
  await handle.close();
  times.sort((a, b) => a - b);
  const p50 = times[Math.floor(writes / 2)] ?? 0;
  const p95 = times[Math.floor(writes * 0.95)] ?? 0;
  const what = `a write reaches the disk in ${p50.toFixed(2)} ms (p50), ${p95.toFixed(2)} ms (p95)`;
  if (p50 < honest_ms_min) {
    const todo = "use a disk that keeps what it confirms: this one (or a RAM disk) would lose messages in a power cut";
    return { level: "advice", what: `${what}: faster than disks are`, todo };
  }
  if (p95 <= slow_ms) return { level: "well", what };
  return {
    level: "advice",
    what,
    todo: "senders wait at least so long for each acknowledgement: a local SSD takes about 1 ms",
  };
}

function space(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const what = `${(free / 1024 ** 3).toFixed(1)} GiB free where the data is`;
  if (free >= free_bytes_min) return { level: "well", what };
  return { level: "wrong", what, todo: "make room: on a full disk sends are refused until there is some again" };
}
