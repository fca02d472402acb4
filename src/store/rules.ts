/** Words and patterns that are not wanted in messages, as rows. */

import { and, asc, eq, gt, sql } from "drizzle-orm";
import { settingsChanged } from "./controls.ts";
import type { Database } from "./orm.ts";
import { rules, users } from "./schema.ts";

export interface Rule {
  readonly n: number;
  readonly id: string;
  readonly kind: "word" | "pattern";
  readonly text: string;
  readonly action: "refuse" | "report" | "trial";
  readonly matches: number;
  readonly created_at: number;
}

export interface ListedRule extends Rule {
  readonly created_by: { readonly id: string; readonly name: string } | null;
}

const columns = {
  n: rules.n,
  id: rules.id,
  kind: rules.kind,
  text: rules.text,
  action: rules.action,
  matches: rules.matches,
  created_at: rules.created_at,
};

/** All of them: every node keeps them in memory. */
export async function allRules(db: Database): Promise<Rule[]> {
  return await db.select(columns).from(rules).orderBy(asc(rules.n));
}

export async function listRules(
  db: Database,
  asked: { after: string | undefined; limit: number },
): Promise<ListedRule[]> {
  const behind =
    asked.after === undefined
      ? undefined
      : gt(rules.n, sql`(SELECT ${rules.n} FROM ${rules} WHERE ${rules.id} = ${asked.after})`);
  return await db
    .select({ ...columns, created_by: { id: users.id, name: users.name } })
    .from(rules)
    .leftJoin(users, eq(users.n, rules.created_by))
    .where(and(behind))
    .orderBy(asc(rules.n))
    .limit(asked.limit);
}

export async function addRule(
  db: Database,
  rule: Pick<Rule, "id" | "kind" | "text" | "action" | "created_at"> & { readonly created_by: number },
): Promise<void> {
  await db.batch([db.insert(rules).values(rule), settingsChanged(db, rule.created_at)]);
}

export async function changeRule(
  db: Database,
  change: { id: string; set: Partial<Pick<Rule, "text" | "action">>; at: number },
): Promise<void> {
  const { at, id, set } = change;
  await db.batch([db.update(rules).set(set).where(eq(rules.id, id)), settingsChanged(db, at)]);
}

export async function removeRule(db: Database, asked: { id: string; at: number }): Promise<void> {
  await db.batch([db.delete(rules).where(eq(rules.id, asked.id)), settingsChanged(db, asked.at)]);
}

/** Adds to what each rule has matched. */
export async function countMatches(
  db: Database,
  matches: Iterable<readonly [n: number, count: number]>,
): Promise<void> {
  const listed = JSON.stringify([...matches]);
  await db
    .update(rules)
    .set({
      matches: sql`${rules.matches} + (SELECT value ->> 1 FROM json_each(${listed}) WHERE value ->> 0 = ${rules.n})`,
    })
    .where(sql`${rules.n} IN (SELECT value ->> 0 FROM json_each(${listed}))`);
}
