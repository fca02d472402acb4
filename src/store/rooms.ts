/** Rooms and the places of people in them, as rows. */

import type { Client, Row } from "@libsql/client";
import { and, eq, sql } from "drizzle-orm";
import type { RoomRole } from "../protocol/roles.ts";
import type { RoomSettings } from "./draft.ts";
import { namesOf, rowOf } from "./names.ts";
import type { Database } from "./orm.ts";
import { members, rooms, users } from "./schema.ts";
import { isTooLarge } from "./too-large.ts";

export interface RoomRow {
  readonly n: number;
  readonly id: string;
  readonly kind: "public" | "private" | "direct" | "broadcast" | "open";
  readonly name: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly history: "all" | "joined";
  readonly created_at: number;
  readonly closed_at: number | null;
  readonly topic: string;
  readonly post: RoomSettings["post"];
  readonly invite: RoomSettings["invite"];
  readonly slow_ms: number;
  /** How many have joined and not left. */
  readonly members: number;
}

export interface MemberRow {
  readonly role: RoomRole;
  readonly state: "joined" | "left" | "banned" | "invited";
  readonly visible_from: number;
  readonly muted_until: number;
  /** Unix milliseconds at which a ban ends; 0: it never does. */
  readonly banned_until: number;
}

/** A room that a person is in, and their place in it. */
export interface KnownRoom {
  readonly room: Pick<RoomRow, "n" | "id">;
  readonly member: MemberRow;
}

export const roomColumns = {
  n: rooms.n,
  id: rooms.id,
  kind: rooms.kind,
  name: rooms.name,
  first_seq: rooms.first_seq,
  last_seq: rooms.last_seq,
  history: rooms.history,
  created_at: rooms.created_at,
  closed_at: rooms.closed_at,
  topic: rooms.topic,
  post: rooms.post,
  invite: rooms.invite,
  slow_ms: rooms.slow_ms,
  members: rooms.members,
};

/** The id of a room's key. */
export async function roomIdOf(db: Database, n: number): Promise<string | undefined> {
  const [row] = await db.select({ id: rooms.id }).from(rooms).where(eq(rooms.n, n)).limit(1);
  return row?.id;
}

const r = namesOf(rooms);
const m = namesOf(members);

const roomCells = Object.keys(roomColumns) as (keyof RoomRow)[];
const memberCells = ["role", "state", "visible_from", "muted_until", "banned_until"] as const;

/** A room, and a person's place in it if they ever had one. */
export interface FoundRoom {
  readonly room: RoomRow;
  readonly member: MemberRow | undefined;
}

/** Written by hand and given back as one cell: whoever comes into a room asks this. */
const foundCell = `json_array(${roomCells.map((cell) => `r.${r.of[cell]}`).join(", ")},
    ${memberCells.map((cell) => `m.${m.of[cell]}`).join(", ")})`;
/** ?1 the room's id, ?2 the person. */
const findSql = `SELECT ${foundCell}
  FROM ${r.table} r LEFT JOIN ${m.table} m ON m.${m.of.room} = r.${r.of.n} AND m.${m.of.user} = ?2
  WHERE r.${r.of.id} = ?1 AND r.${r.of.deleted_at} IS NULL`;
/** ?1 pairs of those; a row for each, in their order. */
const findAllSql = `SELECT CASE WHEN r.${r.of.n} IS NOT NULL THEN ${foundCell} END
  FROM json_each(?1) asked
    LEFT JOIN ${r.table} r ON r.${r.of.id} = asked.value ->> 0 AND r.${r.of.deleted_at} IS NULL
    LEFT JOIN ${m.table} m ON m.${m.of.room} = r.${r.of.n} AND m.${m.of.user} = asked.value ->> 1
  ORDER BY asked.key`;

function foundOf(cell: unknown): FoundRoom | undefined {
  if (typeof cell !== "string") return undefined;
  const values = JSON.parse(cell) as unknown[];
  const place = values.slice(roomCells.length);
  const member = place[0] === null ? undefined : rowOf<MemberRow>(memberCells, place);
  return { room: rowOf<RoomRow>(roomCells, values), member };
}

/** The room and one person's place in it, in one read. */
export async function findRoom(db: Database, asked: { id: string; user: number }): Promise<FoundRoom | undefined> {
  const { rows } = await db.$client.execute({ sql: findSql, args: [asked.id, asked.user] });
  return foundOf(rows[0]?.[0]);
}

/** The same for many, in the order of the question. */
export async function findRooms(
  db: Database,
  asked: readonly { readonly id: string; readonly user: number }[],
): Promise<(FoundRoom | undefined)[]> {
  const [first] = asked;
  if (first !== undefined && asked.length === 1) return [await findRoom(db, first)];
  const pairs = JSON.stringify(asked.map(({ id, user }) => [id, user]));
  const { rows } = await db.$client.execute({ sql: findAllSql, args: [pairs] });
  return rows.map((row) => foundOf(row[0]));
}

/**
 * One row a person, one cell for all of their rooms: a storm of reconnects asks for thousands of people at once. (sqld's
 * parser knows no order inside of an aggregate, so what the order goes by comes along.)
 */
const activeSql = `SELECT asked.value, (
    SELECT json_group_array(json_array(n, id, role, visible_from, muted_until, last_at))
    FROM (
      SELECT r.${r.of.n} AS n, r.${r.of.id} AS id, m.${m.of.role} AS role, m.${m.of.visible_from} AS visible_from,
        m.${m.of.muted_until} AS muted_until, r.${r.of.last_at} AS last_at
      FROM ${m.table} m JOIN ${r.table} r ON r.${r.of.n} = m.${m.of.room}
      WHERE m.${m.of.user} = asked.value AND m.${m.of.state} = 'joined' AND r.${r.of.deleted_at} IS NULL
      ORDER BY r.${r.of.last_at} DESC, r.${r.of.n} LIMIT ?2
    )
  ) FROM json_each(?1) asked`;

type ActiveRow = [n: number, id: string, role: RoomRole, visible_from: number, muted_until: number, last_at: number];

/** A libSQL server answers with so many bytes at most (sqld: 10 MB): people with many rooms are then asked for by fewer at a time. */
async function readActive(client: Client, asked: { users: readonly number[]; limit: number }): Promise<Row[]> {
  const { users, limit } = asked;
  try {
    return (await client.execute({ sql: activeSql, args: [JSON.stringify(users), limit] })).rows;
  } catch (error) {
    if (!isTooLarge(error) || users.length === 1) throw error;
    const half = Math.ceil(users.length / 2);
    const first = await readActive(client, { users: users.slice(0, half), limit });
    return [...first, ...(await readActive(client, { users: users.slice(half), limit }))];
  }
}

/** The rooms of each person asked for, the most recently active first; in the order of the question. */
export async function activeRooms(
  client: Client,
  asked: { users: readonly number[]; limit: number },
): Promise<KnownRoom[][]> {
  const rows = await readActive(client, asked);
  const found = new Map(rows.map((row) => [Number(row[0]), JSON.parse(row[1] as string) as ActiveRow[]]));
  return asked.users.map((user) =>
    (found.get(user) ?? [])
      .sort((a, b) => b[5] - a[5] || a[0] - b[0])
      .map(([n, id, role, visible_from, muted_until]) => ({
        room: { n, id },
        member: { role, state: "joined" as const, visible_from, muted_until, banned_until: 0 },
      })),
  );
}

/** How many rooms a person has made, and how many open ones there are: both are bounded. */
export async function countRooms(db: Database, asked: { createdBy: number } | { kind: "open" }): Promise<number> {
  const which = "createdBy" in asked ? eq(rooms.created_by, asked.createdBy) : eq(rooms.kind, asked.kind);
  const [row] = await db
    .select({ count: sql<number>`count(*)` })
    .from(rooms)
    .where(which);
  return row?.count ?? 0;
}

/** What there is to know of an open room without a message. */
export interface EmptyRoom {
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
}

/** The database's clock in Unix milliseconds: nodes may disagree, it does not. */
const databaseTime = sql<number>`CAST(round(unixepoch('subsec') * 1000) AS INTEGER)`;
const isEmpty = and(eq(rooms.kind, "open"), eq(rooms.last_seq, 0));

/**
 * Somebody is in these rooms: they stay for another while. One that has vanished meanwhile is put back, unless another one
 * has its name by now. Returns the keys of those that are there.
 */
export async function visitEmptyRooms(db: Database, visited: readonly EmptyRoom[]): Promise<Set<number>> {
  const keys = JSON.stringify(visited.map(({ n }) => n));
  const among = sql`${rooms.n} IN (SELECT value FROM json_each(${keys}))`;
  const values = visited.map(({ n, id, name, createdAt }) => ({
    n,
    id,
    kind: "open" as const,
    name,
    created_at: createdAt,
  }));
  const [, , found] = await db.batch([
    db.insert(rooms).values(values).onConflictDoNothing(),
    db.update(rooms).set({ last_at: databaseTime }).where(and(isEmpty, among)),
    db.select({ n: rooms.n }).from(rooms).where(among),
  ]);
  return new Set(found.map(({ n }) => n));
}

/** Open rooms without a message vanish: all, one, or those that nobody has visited for a while. Returns the ids of what went. */
export async function removeEmptyRooms(
  db: Database,
  which: "all" | { readonly n: number } | { readonly unvisited_ms: number },
): Promise<string[]> {
  const chosen =
    which === "all"
      ? undefined
      : "n" in which
        ? eq(rooms.n, which.n)
        : sql`max(${rooms.last_at}, ${rooms.created_at}) < ${databaseTime} - ${which.unvisited_ms}`;
  const removed = await db.delete(rooms).where(and(isEmpty, chosen)).returning({ id: rooms.id });
  return removed.map(({ id }) => id);
}

/** People with their names, for whoever renders what they wrote. Unknown ids are left out. */
export async function usersByIds(db: Database, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const listed = JSON.stringify(ids);
  return await db
    .select({ id: users.id, name: users.name })
    .from(users)
    .where(sql`${users.id} IN (SELECT value FROM json_each(${listed}))`);
}
