/** Rooms as whoever runs the server sees them, as rows. */

import { and, asc, desc, eq, isNull, or, sql } from "drizzle-orm";
import type { Database } from "./orm.ts";
import { patternOf, type ListedRow } from "./room-list.ts";
import { roomColumns } from "./rooms.ts";
import { rooms } from "./schema.ts";

const columns = { ...roomColumns, last_at: rooms.last_at };

/** The server has a room of its own, with which it looks after itself. */
const isOfPeople = and(isNull(rooms.deleted_at), sql`substr(${rooms.id}, 1, 1) <> '$'`);

function isLike(text: string) {
  const pattern = patternOf(text);
  return or(
    sql`${rooms.name} LIKE ${pattern} ESCAPE '\\'`,
    sql`${rooms.topic} LIKE ${pattern} ESCAPE '\\'`,
    eq(rooms.id, text),
  );
}

/** The most recently active first. A search may find a few too many: see `patternOf`. */
export async function listAllRooms(
  db: Database,
  asked: { search: string | undefined; limit: number },
): Promise<ListedRow[]> {
  const { limit, search } = asked;
  return await db
    .select(columns)
    .from(rooms)
    .where(and(isOfPeople, search === undefined ? undefined : isLike(search)))
    .orderBy(desc(rooms.last_at), asc(rooms.n))
    .limit(limit);
}

export async function findAnyRoom(db: Database, id: string): Promise<ListedRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(rooms)
    .where(and(isOfPeople, eq(rooms.id, id)))
    .limit(1);
  return row;
}
