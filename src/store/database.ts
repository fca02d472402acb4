/**
 * Opens the database: a file of its own in the data folder, behind the storage threads, or a libSQL server (sqld,
 * Turso) by its address. Either way the rest of the server sees a `Client`, Drizzle, a committer and pages.
 */

import { existsSync, mkdirSync } from "node:fs";
import type { Client } from "@libsql/client";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { outcomesFromColumns, toColumns } from "./batch-columns.ts";
import { ThreadedClient } from "./client.ts";
import { commitSql } from "./commit-sql.ts";
import { openRemote } from "./remote.ts";
import type { Committer } from "./draft.ts";
import { createHistory, type History } from "./history.ts";
import { identify } from "./identity.ts";
import { takeLock } from "./lock.ts";
import { migrate } from "./migrate.ts";
import { createOrm, type Database } from "./orm.ts";
import { removeEmptyOpenRooms } from "./rooms.ts";
import { StorageThread } from "./storage-thread.ts";

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

export interface StorageOptions {
  /** Where a local database lives; a remote one keeps nothing there. */
  readonly folder: string;
  readonly remote?: { readonly url: string; readonly token: string | undefined } | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openStorage(options: StorageOptions): Promise<Storage> {
  return options.remote === undefined ? await openLocal(options) : await openShared(options.remote, options);
}

const synchronousNames = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** Reads what the connection really does, instead of believing what it was asked for. */
export async function readDurability(client: Client): Promise<string> {
  const [journal, synchronous] = await client.batch(["PRAGMA journal_mode", "PRAGMA synchronous"], "write");
  const mode = journal?.rows[0]?.[0];
  const name = synchronousNames[Number(synchronous?.rows[0]?.[0])] ?? "unknown";
  return `journal_mode=${typeof mode === "string" ? mode : "unknown"} synchronous=${name}`;
}

async function openLocal(options: StorageOptions): Promise<Storage> {
  const { folder, log } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = takeLock(folder);
  const path = `${folder}/confab.db`;
  const existed = existsSync(path);
  const writer = new StorageThread({ role: "writer", path, log });
  const reader = new StorageThread({ role: "reader", path, log });
  // Searches and exports may take long: they must not stand in the way of pages.
  const searcher = new StorageThread({ role: "reader", path, log });
  await writer.start();
  const client = new ThreadedClient({ writer, reader });
  const copy = async (tag: string): Promise<string> => {
    const target = `${folder}/confab-before-${tag}-${options.clock.now()}.db`;
    await writer.ask({ op: "execute", statement: { sql: "VACUUM INTO ?", args: [target] } });
    return target;
  };
  // The table of migrations is read before the readers exist, so this goes through the writer only.
  await migrate({ client: new ThreadedClient({ writer, reader: writer }), log, ...(existed ? { copy } : {}) });
  await writer.ask({ op: "prepare", sql: commitSql });
  await Promise.all([reader.start(), searcher.start()]);
  const db = createOrm(client);
  const { epoch, replaced } = await identify(db, folder);
  if (replaced) log.warn("database_replaced", { epoch, meaning: "clients start anew from the pages of history" });
  await removeEmptyOpenRooms(db);
  const durability = await readDurability(client);
  return {
    db,
    client,
    epoch,
    durability: `local file, ${durability}: an acknowledged message survives a power cut on an honest disk`,
    committer: {
      async commit(drafts) {
        const { outcomes } = await writer.ask({ op: "commit", drafts: toColumns(drafts) });
        return outcomesFromColumns(drafts, outcomes);
      },
    },
    history: createHistory(client),
    async close() {
      await Promise.all([reader.stop(), searcher.stop()]);
      await writer.stop();
      lock.release();
    },
  };
}

async function openShared(
  remote: { url: string; token: string | undefined },
  options: StorageOptions,
): Promise<Storage> {
  const { client, committer } = openRemote({ ...remote, clock: options.clock });
  await migrate({ client, log: options.log });
  const db = createOrm(client);
  const { epoch } = await identify(db, undefined);
  const durability = await readDurability(client);
  return {
    db,
    client,
    committer,
    epoch,
    durability: `remote database, ${durability}: an acknowledgement is worth what that server's disk gives`,
    history: createHistory(client),
    async close() {
      client.close();
    },
  };
}
