/** Codes of second factors that have let somebody in: each is good once. */

import { lt } from "drizzle-orm";
import type { Database } from "../orm.ts";
import { verifications } from "./schema.ts";

/**
 * Marks a code as used until a time at which it is good no more. `id` names the code and whose it is, and tells neither.
 * False where it was used before: of two who come at once with the same one, on whatever node, one is let in.
 */
export async function useCode(db: Database, used: { id: string; at: number; until: number }): Promise<boolean> {
  const { id } = used;
  const at = new Date(used.at);
  const times = { expiresAt: new Date(used.until), updatedAt: at };
  const written = await db
    .insert(verifications)
    .values({ id, identifier: id, value: "used", createdAt: at, ...times })
    .onConflictDoUpdate({ target: verifications.id, set: times, setWhere: lt(verifications.expiresAt, at) })
    .returning({ id: verifications.id });
  return written.length > 0;
}
