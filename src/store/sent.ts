/** Who wrote a message, and what its own id was used for. */

import { and, eq } from "drizzle-orm";
import type { Outcome } from "./draft.ts";
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
  const { actor, data, id, room } = sent;
  const [row] = await db
    .select({
      seq: messages.seq,
      time: messages.sent_at,
      data: messages.data,
      edited: messages.edited_seq,
      deleted: messages.deleted_seq,
    })
    .from(messages)
    .where(and(eq(messages.id, id), eq(messages.sender, actor), eq(messages.room, room)))
    .limit(1);
  if (row === undefined) return undefined;
  const isSame = row.edited !== null || row.deleted !== null || row.data === data;
  return { code: isSame ? "repeated" : "id_conflict", seq: row.seq, time: row.time, room };
}
