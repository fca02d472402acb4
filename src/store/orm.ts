import type { Client } from "@libsql/client";
import { LibSQLDatabase } from "drizzle-orm/libsql/driver-core";
import { LibSQLSession } from "drizzle-orm/libsql/session";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";

export type StorageClient = Client;

/** Drizzle on whatever client there is. */
export type Database = LibSQLDatabase & { readonly $client: Client };

/** As Drizzle's own `drizzle(client)`, whose module also reads every client that there is. */
export function createOrm(client: Client): Database {
  const dialect = new SQLiteAsyncDialect();
  const session = new LibSQLSession<Record<string, never>, Record<string, never>>(
    client,
    dialect,
    undefined,
    {},
    undefined,
  );
  return Object.assign(new LibSQLDatabase("async", dialect, session, undefined), { $client: client });
}
