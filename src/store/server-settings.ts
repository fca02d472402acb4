/** Settings that an administrator changes while the server runs, as rows; what is not there has its configured value. */

import { sql } from "drizzle-orm";
import { settingsChanged } from "./controls.ts";
import type { Database } from "./orm.ts";
import { serverSettings } from "./schema.ts";

export type ServerSettingKey = "lockdown" | "sign_up" | "slow_seconds";

export async function readServerSettings(db: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await db.select().from(serverSettings);
  return new Map(rows.map(({ key, value }) => [key, value]));
}

/** Writes them, and a note of it for the other nodes, in one transaction. */
export async function writeServerSettings(
  db: Database,
  changed: { set: Partial<Record<ServerSettingKey, string>>; at: number },
): Promise<void> {
  const values = Object.entries(changed.set).map(([key, value]) => ({ key, value }));
  if (values.length === 0) return;
  await db.batch([
    db
      .insert(serverSettings)
      .values(values)
      .onConflictDoUpdate({ target: serverSettings.key, set: { value: sql`excluded.value` } }),
    settingsChanged(db, changed.at),
  ]);
}
