/** The places of people in rooms, as rows, for lists. */

import type { Client } from "@libsql/client";
import { and, eq, sql } from "drizzle-orm";
import type { RoomRole } from "../protocol/roles.ts";
import { namesOf } from "./names.ts";
import type { Database } from "./orm.ts";
import { members, users } from "./schema.ts";

export interface MemberEntry {
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
  readonly role: RoomRole;
  readonly muted_until: number;
  readonly banned_until: number;
  readonly ban_reason: string | null;
}

export interface MembersAsked {
  readonly room: number;
  readonly state: "joined" | "banned" | "invited";
  readonly role: RoomRole | undefined;
  /** What the name or the user name is like; undefined for all. */
  readonly pattern: string | undefined;
  /** `users.id` behind which the page begins. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface MembersPage {
  readonly members: MemberEntry[];
  /** `users.id` behind which the next page begins; null where there is none. */
  readonly next: string | null;
}

/** Members that a search looks through for one page: 100,000 take a few pages, each of which is quick. */
export const members_searched_max = 5_000;

const m = namesOf(members);
const u = namesOf(users);

/**
 * The places of a page in the order of their keys: ?1 room, ?2 state, ?3 role or null, ?4 after or null. Those who are
 * more than members have an index of their own, which is used where the condition says so in these words.
 */
function placesSql(above: boolean, limit: string): string {
  return `SELECT m.${m.of.user} AS n, m.${m.of.role} AS role, m.${m.of.muted_until} AS muted_until,
      m.${m.of.banned_until} AS banned_until, m.${m.of.ban_reason} AS ban_reason
    FROM ${m.table} m
    WHERE m.${m.of.room} = ?1 AND ${above ? `m.${m.of.role} <> 'member' AND ` : ""}m.${m.of.state} = ?2
      AND (?3 IS NULL OR m.${m.of.role} = ?3)
      AND m.${m.of.user} > ifnull((SELECT ${u.of.n} FROM ${u.table} WHERE ${u.of.id} = ?4), 0)
    ORDER BY m.${m.of.user} LIMIT ${limit}`;
}

const entry = `json_array(n, id, name, username, role, muted_until, banned_until, ban_reason)`;
const named = `u.${u.of.id} AS id, u.${u.of.name} AS name, u.${u.of.username} AS username`;

function listSql(above: boolean): string {
  return `SELECT json_group_array(${entry}), NULL FROM (
    SELECT p.*, ${named} FROM (${placesSql(above, "?5")}) p JOIN ${u.table} u ON u.${u.of.n} = p.n ORDER BY p.n)`;
}

/** ?6 a pattern. The second value is the last one that was looked at, where so many were. */
function searchSql(above: boolean): string {
  const looked = placesSql(above, String(members_searched_max));
  return `SELECT json_group_array(${entry}),
      (SELECT u.${u.of.id} FROM (${looked}) p JOIN ${u.table} u ON u.${u.of.n} = p.n ORDER BY p.n LIMIT 1 OFFSET ${members_searched_max - 1})
    FROM (
      SELECT p.*, ${named} FROM (${looked}) p JOIN ${u.table} u ON u.${u.of.n} = p.n
      WHERE u.${u.of.name} LIKE ?6 ESCAPE '\\' OR u.${u.of.username} LIKE ?6 ESCAPE '\\' ORDER BY p.n LIMIT ?5)`;
}

const sqlOf = {
  all: { list: listSql(false), search: searchSql(false) },
  above: { list: listSql(true), search: searchSql(true) },
};

type Cells = [
  ...[n: number, id: string, name: string, username: string | null, role: RoomRole],
  ...[muted_until: number, banned_until: number, ban_reason: string | null],
];

/** A page of the people of one state, in the order of their keys. */
export async function listMembers(client: Client, asked: MembersAsked): Promise<MembersPage> {
  const { room, state, role, pattern, after, limit } = asked;
  const which = role === undefined || role === "member" ? sqlOf.all : sqlOf.above;
  const args = [room, state, role ?? null, after ?? null, limit + 1];
  const statement = pattern === undefined ? { sql: which.list, args } : { sql: which.search, args: [...args, pattern] };
  const { rows } = await client.execute(statement);
  const found = (JSON.parse(rows[0]?.[0] as string) as Cells[]).map(
    ([n, id, name, username, itsRole, muted_until, banned_until, ban_reason]): MemberEntry => {
      return { n, id, name, username, role: itsRole, muted_until, banned_until, ban_reason };
    },
  );
  const shown = found.slice(0, limit);
  const next = found.length > limit ? (shown.at(-1)?.id ?? null) : ((rows[0]?.[1] as string | null) ?? null);
  return { members: shown, next };
}

/** How many people of a state a room has; of those who joined the room's row keeps the count. */
export async function countMembers(
  db: Database,
  asked: { room: number; state: "banned" | "invited" },
): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)` })
    .from(members)
    .where(and(eq(members.room, asked.room), eq(members.state, asked.state)));
  return row?.count ?? 0;
}

/** Those of some people who are members of a room, by their keys. */
export async function membersAmong(
  db: Database,
  asked: { room: number; users: readonly number[] },
): Promise<Set<number>> {
  const listed = JSON.stringify(asked.users);
  const rows = await db
    .select({ user: members.user })
    .from(members)
    .where(
      and(
        eq(members.room, asked.room),
        eq(members.state, "joined"),
        sql`${members.user} IN (SELECT value FROM json_each(${listed}))`,
      ),
    );
  return new Set(rows.map(({ user }) => user));
}
