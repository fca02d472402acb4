/**
 * Opens the database: a file of its own in the data folder, behind the storage threads, or a libSQL server (sqld,
 * Turso) by its address. Either way the rest of the server sees a `Client`, Drizzle, a committer and pages.
 */

import { existsSync, renameSync } from "node:fs";
import { hostname } from "node:os";
import type { Client } from "@libsql/client";
import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { openAside } from "./aside.ts";
import { outcomesFromColumns, toColumns } from "./batch-columns.ts";
import { ThreadedClient } from "./client.ts";
import { lock_wait_ms } from "./connection.ts";
import { commitSql } from "./commit-sql.ts";
import { migration_ms_max, openRemote } from "./remote.ts";
import { call_ms_max } from "./remote-client.ts";
import type { Committer, Unseen } from "./draft.ts";
import { createHistory, type History } from "./history.ts";
import { keepHouse, walBytes } from "./housekeeping.ts";
import { gatherReads, readsOf } from "./gathered-reads.ts";
import { flushNames, flushToDisk, makeFolder } from "./flush.ts";
import { identify } from "./identity.ts";
import { takeLock, type Lock } from "./lock.ts";
import { migrate } from "./migrate.ts";
import type { LeaseOptions } from "./migration-lease.ts";
import { createOrm, type Database } from "./orm.ts";
import { removeEmptyRooms } from "./rooms.ts";
import type { StorageThreads } from "./storage-port.ts";
import { StorageThread } from "./storage-thread.ts";
import { verifyDatabase, type Verification } from "./verify.ts";

export interface Storage {
  readonly db: Database;
  readonly client: Client;
  readonly committer: Committer;
  readonly history: History;
  readonly epoch: string;
  /** What an acknowledgement is worth here, in words for the start-up line. */
  readonly durability: string;
  close(): Promise<void>;
}

/** What the one who runs it wants to know of it, beside. */
export interface OpenedStorage extends Storage {
  /** The database file; undefined where a server elsewhere has it. */
  readonly file: string | undefined;
  /** For gateways that are threads of their own; undefined where a server elsewhere has the data. */
  readonly threads: StorageThreads | undefined;
  /** Bytes of the write-ahead log. */
  walBytes(): number;
  /** How often a storage thread died or hung and was replaced. */
  threadsReplaced(): number;
  /** Checks everything that is stored, beside the work that goes on. */
  verify(): Promise<Verification>;
}

export interface StorageOptions {
  /** Where a local database lives; a remote one keeps nothing there. */
  readonly folder: string;
  readonly remote?: { readonly url: string; readonly token: string | undefined } | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openStorage(options: StorageOptions): Promise<OpenedStorage> {
  return options.remote === undefined ? await openLocal(options) : await openShared(options.remote, options);
}

/** Nobody else writes to a local file. */
const nothingUnseen: readonly Unseen[] = [];

const synchronousNames = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** Reads what the connection really does, instead of believing what it was asked for. */
export async function readDurability(client: Client): Promise<string> {
  const [journal, synchronous] = await client.batch(["PRAGMA journal_mode", "PRAGMA synchronous"], "write");
  const mode = journal?.rows[0]?.[0];
  const name = synchronousNames[Number(synchronous?.rows[0]?.[0])] ?? "unknown";
  return `journal_mode=${typeof mode === "string" ? mode : "unknown"} synchronous=${name}`;
}

interface LocalParts {
  readonly path: string;
  readonly lock: Lock;
  readonly writer: StorageThread;
  readonly reader: StorageThread;
}

/** A thread that is silent for longer is replaced. Longer than a statement waits for a lock; reads may take their time. */
const writer_hang_ms = 2 * lock_wait_ms;
const reader_hang_ms = 60_000;

/** It takes the lock of all readers or does nothing: while it waited for one, nobody could write. */
const truncateWal = `PRAGMA busy_timeout=0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout=${lock_wait_ms}`;

async function openLocal(options: StorageOptions): Promise<OpenedStorage> {
  const { folder, log } = options;
  await makeFolder(folder);
  const lock = takeLock(folder);
  const path = `${folder}/confab.db`;
  const thread = (role: "writer" | "reader"): StorageThread => new StorageThread({ role, path, log });
  const parts: LocalParts = {
    path,
    lock,
    writer: thread("writer"),
    reader: thread("reader"),
  };
  try {
    return await startLocal(options, parts);
  } catch (error) {
    await closeLocal(parts);
    throw error;
  }
}

/** The writer last: it takes what is in the WAL into the file. */
async function closeLocal({ lock, writer, reader }: LocalParts): Promise<void> {
  await reader.stop().catch(() => {});
  await writer.stop().catch(() => {});
  lock.release();
}

async function startLocal(options: StorageOptions, parts: LocalParts): Promise<OpenedStorage> {
  const { folder, log } = options;
  const { path, writer, reader } = parts;
  const existed = existsSync(path);
  await writer.start();
  const client = new ThreadedClient({ writer, reader });
  const copy = async (tag: string): Promise<string> => {
    const target = `${folder}/confab-before-${tag}-${options.clock.now()}.db`;
    // A copy that a crash has cut must not look like one.
    const partial = `${target}.partial`;
    await writer.ask({ op: "execute", statement: { sql: "VACUUM INTO ?", args: [partial] } });
    await flushToDisk(partial);
    renameSync(partial, target);
    await flushNames(folder);
    return target;
  };
  // The table of migrations is read before the reader exists, so this goes through the writer only.
  await migrate({ client: new ThreadedClient({ writer, reader: writer }), log, ...(existed ? { copy } : {}) });
  await writer.ask({ op: "prepare", sql: commitSql });
  await reader.start();
  const db = createOrm(client);
  const { epoch, replaced } = await identify(db, folder);
  if (replaced) log.warn("database_replaced", { epoch, meaning: "clients start anew from the pages of history" });
  await removeEmptyRooms(db, "all");
  const durability = await readDurability(client);
  writer.watch(writer_hang_ms);
  reader.watch(reader_hang_ms);
  const truncate = async (): Promise<void> => {
    await writer.ask({ op: "script", sql: truncateWal });
  };
  const housekeeping = keepHouse({ client, path, truncate, clock: options.clock, log });
  return {
    db,
    client,
    epoch,
    file: path,
    threads: { writer, reader },
    walBytes: () => walBytes(path),
    threadsReplaced: () => writer.replaced + reader.replaced,
    async verify() {
      await using aside = await openAside(path, { role: "reader", log });
      return await verifyDatabase(aside.client);
    },
    durability: `local file, ${durability}: an acknowledged message survives a power cut on an honest disk`,
    committer: {
      async commit(drafts) {
        const { outcomes } = await writer.ask({ op: "commit", drafts: toColumns(drafts) });
        return { outcomes: outcomesFromColumns(drafts, outcomes), unseen: nothingUnseen };
      },
    },
    history: createHistory(gatherReads(reader)),
    async close() {
      housekeeping.cancel();
      await closeLocal(parts);
    },
  };
}

/** It outlives the longest migration. Containers have the same number of a process, so there is something of chance in the name. */
function leaseOf(clock: Clock): LeaseOptions {
  return { clock, holder: `${hostname()} ${process.pid} ${shortId()}`, ms: migration_ms_max + call_ms_max };
}

async function openShared(
  remote: { url: string; token: string | undefined },
  options: StorageOptions,
): Promise<OpenedStorage> {
  const { client, committer } = await openRemote({ ...remote, clock: options.clock });
  await migrate({ client, log: options.log, lease: leaseOf(options.clock) });
  const db = createOrm(client);
  const { epoch } = await identify(db, undefined);
  const durability = await readDurability(client);
  const housekeeping = keepHouse({ client, path: undefined, truncate: async () => {}, ...options });
  return {
    db,
    client,
    committer,
    epoch,
    file: undefined,
    threads: undefined,
    walBytes: () => 0,
    threadsReplaced: () => 0,
    verify: () => verifyDatabase(client),
    durability: `remote database, ${durability}: an acknowledgement is worth what that server's disk gives`,
    history: createHistory(readsOf(client)),
    async close() {
      housekeeping.cancel();
      client.close();
    },
  };
}
