/**
 * Brings a database to this program's schema. The migrations are inside the executable; each is one transaction, taken
 * in order, and noted in Drizzle's own table. A local file is copied first.
 */

import { createHash } from "node:crypto";
import type { Client } from "@libsql/client";
import type { Log } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { migrations, type Migration } from "./migrations.ts";

const table = "__drizzle_migrations";

export class SchemaError extends OperatorError {
  override readonly name = "SchemaError";
}

export interface MigrateOptions {
  readonly client: Client;
  readonly log: Log;
  /** Copies the database to a place of its own before its first change; absent where there is nothing to lose. */
  readonly copy?: (tag: string) => Promise<string>;
  /** The list to bring it to; the program's own unless a test says otherwise. */
  readonly list?: readonly Migration[];
}

/** Returns how many migrations were applied. Throws `SchemaError` for a database that a newer program has changed. */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { client, log, copy, list = migrations } = options;
  await client.execute(
    `CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL, created_at NUMERIC)`,
  );
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
  for (const [at, migration] of pending.entries()) {
    if (applied > 0) log.info("migrating", { migration: migration.tag, step: at + 1, of: pending.length });
    try {
      await apply(client, migration, list.indexOf(migration) + 1);
    } catch (error) {
      // Another node that starts now may have been first: then there is nothing left to do here.
      if ((await newestApplied(client)) < migration.when) throw error;
    }
  }
  return pending.length;
}

async function newestApplied(client: Client): Promise<number> {
  const { rows } = await client.execute(`SELECT created_at FROM ${table} ORDER BY created_at DESC LIMIT 1`);
  return Number(rows[0]?.[0] ?? 0);
}

/** The note comes first and has the migration's number as its key: of two nodes at once, one finds it taken and does nothing. */
async function apply(client: Client, migration: Migration, id: number): Promise<void> {
  const statements = migration.sql.split("--> statement-breakpoint").filter((statement) => statement.trim() !== "");
  const hash = createHash("sha256").update(migration.sql).digest("hex");
  const note = {
    sql: `INSERT INTO ${table} (id, hash, created_at) VALUES (?, ?, ?)`,
    args: [id, hash, migration.when],
  };
  await client.migrate([note, ...statements]);
}
