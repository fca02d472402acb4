import type { Client } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";

export type StorageClient = Client;

/** Drizzle on whatever client there is. */
export type Database = LibSQLDatabase & { readonly $client: Client };

export function createOrm(client: Client): Database {
  return drizzle(client);
}
