/**
 * An online backup: `VACUUM INTO` on a connection of its own in a thread of its own, so that nobody waits for it, then
 * a manifest. A backup that did not end has no manifest and another name: nobody takes it for one.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { openAside } from "./aside.ts";
import { flushNames, flushToDisk, makeFolder } from "./flush.ts";
import { backupFile, fileSha256, manifestFile, type Manifest } from "./manifest.ts";
import { readMeta } from "./meta.ts";
import { migrations } from "./migrations.ts";
import { namesOf } from "./names.ts";
import { createOrm } from "./orm.ts";
import { changes, commits, messages, rooms, users } from "./schema.ts";

export interface BackupOptions {
  /** The database file; a server may be writing to it. */
  readonly source: string;
  /** The folder of all backups; this one gets a folder of its own in it. */
  readonly folder: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Backup {
  readonly path: string;
  readonly manifest: Manifest;
}

const named = /^confab-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;

function nameAt(time: number): string {
  return `confab-${new Date(time).toISOString().replaceAll(/[-:.]/g, "")}`;
}

/** When a backup was started, by the name of its folder; 0 for other names. */
export function backupTime(name: string): number {
  const time = named.test(name) ? Date.parse(name.replace(named, "$1-$2-$3T$4:$5:$6.$7Z")) : 0;
  return Number.isNaN(time) ? 0 : time;
}

export async function backUp(options: BackupOptions): Promise<Backup> {
  const { source, folder, clock, log } = options;
  const started = clock.now();
  const path = join(folder, nameAt(started));
  const partial = `${path}.partial`;
  await makeRoom(options);
  if (existsSync(path)) throw new OperatorError(`There is a backup ${path} already: try again.`);
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  try {
    const file = join(partial, backupFile);
    {
      await using live = await openAside(source, { role: "copier", log });
      await live.client.execute({ sql: "VACUUM INTO ?", args: [file] });
    }
    const manifest = await describe(file, { ...options, started });
    await flushToDisk(file);
    await writeFile(join(partial, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
    await flushNames(partial);
    renameSync(partial, path);
    await flushNames(folder);
    log.info("backup_made", { path, bytes: manifest.bytes, messages: manifest.messages });
    return { path, manifest };
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** A disk that the backup would fill would stop the server. */
async function makeRoom({ source, folder }: BackupOptions): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (cause) {
    throw new OperatorError(`Cannot make the folder ${folder} for backups: ${(cause as Error).message}`, { cause });
  }
  const { bavail, bsize } = statfsSync(folder);
  const needed = statSync(source).size;
  if (bavail * bsize > needed * 1.1) return;
  const mib = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MiB`;
  throw new OperatorError(
    `${folder} has ${mib(bavail * bsize)} free, the backup may need ${mib(needed * 1.1)}: make room, or choose another folder.`,
  );
}

const tables = [users, rooms, messages, changes].map((table) => `SELECT count(*) FROM ${namesOf(table).table}`);
const lastCommit = `SELECT coalesce(max(${namesOf(commits).of.n}), 0) FROM ${namesOf(commits).table}`;

async function describe(file: string, options: BackupOptions & { started: number }): Promise<Manifest> {
  const { log, clock, version, started } = options;
  let epoch: string | undefined;
  let counts: number[];
  {
    await using copy = await openAside(file, { role: "reader", log });
    epoch = await readMeta(createOrm(copy.client), "epoch");
    const results = await copy.client.batch([...tables, lastCommit], "read");
    counts = results.map(({ rows }) => Number(rows[0]?.[0]));
  }
  const [usersCount = 0, roomsCount = 0, messagesCount = 0, changesCount = 0, last_commit = 0] = counts;
  return {
    format: 1,
    file: backupFile,
    bytes: statSync(file).size,
    sha256: await fileSha256(file),
    epoch: epoch ?? "",
    version,
    migration: migrations.at(-1)?.tag ?? "",
    started_at: new Date(started).toISOString(),
    finished_at: new Date(clock.now()).toISOString(),
    users: usersCount,
    rooms: roomsCount,
    messages: messagesCount,
    changes: changesCount,
    last_commit,
  };
}

/** Removes all but the newest backups, and what a crash has left of unfinished ones; other files stay. */
export function dropOldBackups(folder: string, keep: number): string[] {
  const entries = readdirSync(folder).sort();
  const whole = entries.filter((entry) => named.test(entry) && existsSync(join(folder, entry, manifestFile)));
  const unfinished = entries.filter(
    (entry) => entry.endsWith(".partial") && named.test(entry.slice(0, -".partial".length)),
  );
  const dropped = [...whole.slice(0, Math.max(0, whole.length - keep)), ...unfinished];
  for (const entry of dropped) rmSync(join(folder, entry), { recursive: true, force: true });
  return dropped;
}
