/** The log of administrative acts, as rows that are only ever added. */

import { and, desc, eq, lt } from "drizzle-orm";
import type { Database } from "./orm.ts";
import { audit } from "./schema.ts";

export interface AuditRow {
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  /** JSON. */
  readonly detail: string;
  readonly address: string | null;
}

export async function addAudit(db: Database, row: AuditRow): Promise<void> {
  await db.insert(audit).values(row);
}

/** The newest first. */
export async function listAudit(
  db: Database,
  asked: {
    before: number | undefined;
    target: string | undefined;
    actor: string | undefined;
    limit: number;
  },
): Promise<(AuditRow & { readonly n: number })[]> {
  const { actor, before, limit, target } = asked;
  return await db
    .select()
    .from(audit)
    .where(
      and(
        before === undefined ? undefined : lt(audit.n, before),
        target === undefined ? undefined : eq(audit.target, target),
        actor === undefined ? undefined : eq(audit.actor, actor),
      ),
    )
    .orderBy(desc(audit.n))
    .limit(limit);
}
