/**
 * Brings a database to this program's schema. The migrations are inside the executable; each is one transaction, taken
 * in order, and noted in Drizzle's own table. A local file is copied first; on a server, nodes that start together let
 * one of them do it.
 */

import { createHash } from "node:crypto";
import type { Client } from "@libsql/client";
import type { Log } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { hasTable, MigrationLease, type LeaseOptions } from "./migration-lease.ts";
import { migrations, type Migration } from "./migrations.ts";

const table = "__drizzle_migrations";
const create = `CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL, created_at NUMERIC)`;

export class SchemaError extends OperatorError {
  override readonly name = "SchemaError";
}

export interface MigrateOptions {
  readonly client: Client;
  readonly log: Log;
  /** Copies the database to a place of its own before its first change; absent where there is nothing to lose. */
  readonly copy?: (tag: string) => Promise<string>;
  /** For a database that others may migrate at the same time. */
  readonly lease?: LeaseOptions;
  /** The list to bring it to; the program's own unless a test says otherwise. */
  readonly list?: readonly Migration[];
}

/** Returns how many migrations were applied. Throws `SchemaError` for a database that a newer program has changed. */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { client, log, copy, list = migrations } = options;
  // Asked first: who only starts must not write, and so stand in the way of another node's migration.
  if (!(await hasTable(client, table))) await client.execute(create);
  const applied = await newestApplied(client);
  const newest = list.at(-1)?.when ?? 0;
  if (applied > newest) {
    throw new SchemaError(
      "The database was made by a newer confab, and this one does not know its tables. Start the newer one, or restore the copy that it made before it migrated.",
    );
  }
  const pending = list.filter((migration) => migration.when > applied);
  const first = pending[0];
  if (first === undefined) return 0;
  if (applied > 0 && copy !== undefined) {
    const path = await copy(first.tag);
    log.info("database_copied", { path, before: first.tag });
  }
  const lease = options.lease === undefined ? undefined : new MigrationLease(client, log, options.lease);
  try {
    for (const [at, migration] of pending.entries()) {
      const isDone = async (): Promise<boolean> => (await newestApplied(client)) >= migration.when;
      if (lease !== undefined && !(await lease.take(isDone))) continue;
      if (applied > 0) log.info("migrating", { migration: migration.tag, step: at + 1, of: pending.length });
      await apply(client, migration, list.indexOf(migration) + 1).catch(async (error: unknown) => {
        // Another node may have been first nevertheless: then there is nothing left to do here.
        if (!(await isDone())) throw error;
      });
    }
  } finally {
    // What cannot be given back runs out.
    await lease?.release().catch(() => {});
  }
  return pending.length;
}

async function newestApplied(client: Client): Promise<number> {
  const { rows } = await client.execute(`SELECT created_at FROM ${table} ORDER BY created_at DESC LIMIT 1`);
  return Number(rows[0]?.[0] ?? 0);
}

/** The note comes first and has the migration's number as its key: if two nodes try, one finds it taken and does nothing. */
async function apply(client: Client, migration: Migration, id: number): Promise<void> {
  const statements = migration.sql.split("--> statement-breakpoint").filter((statement) => statement.trim() !== "");
  const hash = createHash("sha256").update(migration.sql).digest("hex");
  const note = {
    sql: `INSERT INTO ${table} (id, hash, created_at) VALUES (?, ?, ?)`,
    args: [id, hash, migration.when],
  };
  await client.migrate([note, ...statements]);
}
