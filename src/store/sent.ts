/** Who wrote a message, and what its own id was used for. */

import { and, eq } from "drizzle-orm";
import { commitSql } from "./commit-sql.ts";
import { retryOf, type Outcome } from "./draft.ts";
import type { Database } from "./orm.ts";
import { messages, users } from "./schema.ts";

/** `users.id` of who wrote a message, whether it still has words or not. */
export async function senderOf(db: Database, at: { room: number; seq: number }): Promise<string | undefined> {
  const [row] = await db
    .select({ id: users.id })
    .from(messages)
    .innerJoin(users, eq(users.n, messages.sender))
    .where(and(eq(messages.room, at.room), eq(messages.seq, at.seq)));
  return row?.id;
}

/** What a commit would tell a retry; undefined where the id is new. */
export async function findSent(
  db: Database,
  sent: { room: number; actor: number; id: string; data: string },
): Promise<Outcome | undefined> {
  const { actor, id, room } = sent;
  const { rows } = await db.$client.execute({ sql: commitSql.stored, args: [id, actor, room] });
  const [row] = rows;
  if (row === undefined) return undefined;
  return retryOf(sent, { seq: Number(row[0]), time: Number(row[1]), data: row[2] as string | null });
}
