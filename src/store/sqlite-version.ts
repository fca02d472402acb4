import type { Client } from "@libsql/client";

/** The version of the SQLite that is inside of the driver. */
export async function sqliteVersion(client: Client): Promise<string> {
  const { rows } = await client.execute("SELECT sqlite_version()");
  const version = rows[0]?.[0];
  return typeof version === "string" ? version : "of an unknown version";
}
