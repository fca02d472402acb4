/** Who does not want to hear of whom, as rows. */

import { and, asc, eq, sql } from "drizzle-orm";
import { personChanged } from "./controls.ts";
import type { Database } from "./orm.ts";
import { blocks, users } from "./schema.ts";

/** `users.n` of who blocks and of who is blocked. */
export interface Block {
  readonly user: number;
  readonly blocked: number;
  readonly at: number;
}

/** Adds a block, with a note of it for the other nodes. */
export async function addBlock(db: Database, block: Block): Promise<void> {
  await db.batch([
    db.insert(blocks).values(block).onConflictDoNothing(),
    personChanged(db, { n: block.user, at: block.at }),
  ]);
}

export async function removeBlock(db: Database, block: Block): Promise<void> {
  const { at, blocked, user } = block;
  await db.batch([
    db.delete(blocks).where(and(eq(blocks.user, user), eq(blocks.blocked, blocked))),
    personChanged(db, { n: user, at }),
  ]);
}

/** Whom a person has blocked. */
export async function blockedBy(db: Database, user: number): Promise<{ id: string; name: string; at: number }[]> {
  return await db
    .select({ id: users.id, name: users.name, at: blocks.at })
    .from(blocks)
    .innerJoin(users, eq(users.n, blocks.blocked))
    .where(eq(blocks.user, user))
    .orderBy(asc(blocks.at), asc(blocks.blocked));
}

/** Whether any of these people has blocked the person. */
export async function isBlocked(db: Database, asked: { person: number; by: readonly number[] }): Promise<boolean> {
  const by = sql`${blocks.user} IN (SELECT value FROM json_each(${JSON.stringify(asked.by)}))`;
  const found = await db
    .select({ user: blocks.user })
    .from(blocks)
    .where(and(eq(blocks.blocked, asked.person), by))
    .limit(1);
  return found.length > 0;
}
