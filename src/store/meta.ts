/** What the database knows of itself: one row a fact. */

import { eq } from "drizzle-orm";
import type { Database } from "./orm.ts";
import { meta } from "./schema.ts";

/** `epoch`: identity of the logs. `run_id` and `run_id_before`: see `identity.ts`. `account_secret`: signs and encrypts for accounts. */
export type MetaKey = "epoch" | "run_id" | "run_id_before" | "account_secret";

export async function readMeta(db: Database, key: MetaKey): Promise<string | undefined> {
  const [row] = await db.select({ value: meta.value }).from(meta).where(eq(meta.key, key)).limit(1);
  return row?.value;
}

export async function writeMeta(db: Database, values: Partial<Record<MetaKey, string>>): Promise<void> {
  for (const [key, value] of Object.entries(values)) {
    await db.insert(meta).values({ key, value }).onConflictDoUpdate({ target: meta.key, set: { value } });
  }
}

/** Writes a value unless there is one, and returns the one that is there. Safe between nodes. */
export async function ensureMeta(db: Database, key: MetaKey, value: string): Promise<string> {
  await db.insert(meta).values({ key, value }).onConflictDoNothing({ target: meta.key });
  return (await readMeta(db, key)) ?? value;
}
