/**
 * What has happened in a database that several nodes write to, since one of them last looked: the truth behind every
 * hint. `n` of `commits` and of `controls` rise with the commits, so that nothing that is looked for later was earlier.
 */

import type { Client, ResultSet } from "@libsql/client";
import { memberKinds, roomKinds, type RoomChangeKind } from "../protocol/events.ts";
import { namesOf } from "./names.ts";
import type { Status } from "../protocol/passing.ts";
import type { ServerRole } from "../protocol/roles.ts";
import { accountSessions, apiKeys } from "./accounts/schema.ts";
import { changes, commits, controls, rooms, sessions, users } from "./schema.ts";

/** The last rows that were looked at. */
export interface NewsCursor {
  readonly commit: number;
  readonly control: number;
}

export interface News {
  readonly cursor: NewsCursor;
  readonly more: boolean;
  /** Rooms that have moved, by key, with their last seq. */
  readonly rooms: readonly (readonly [n: number, top: number])[];
  /** Changes of places: the room's key and id, the seq, and `users.id` of whose it is; `silent` ones have no event. */
  readonly places: readonly (readonly [n: number, id: string, seq: number, user: string, silent: 0 | 1])[];
  /** Rooms that have changed themselves, by key, with the kind of the change and its seq. */
  readonly changed: readonly (readonly [n: number, kind: RoomChangeKind, seq: number])[];
  /** Sign-ins that have ended: the user, and the sign-in (a guest's by its hash, an account's or a key's by its id). */
  readonly sessions: readonly (readonly [user: string, session: string])[];
  /** People who were changed: what they may do now, and whether they are let in (1: they are not), and what they are shown as. */
  readonly people: readonly (readonly [
    ...[id: string, role: ServerRole, disabled: 0 | 1],
    ...[status: Status, status_text: string],
  ])[];
  /** Settings of the server, its rules or its banned addresses have changed. */
  readonly settings: boolean;
}

const a = namesOf(accountSessions);
const c = namesOf(changes);
const k = namesOf(commits);
const o = namesOf(controls);
const r = namesOf(rooms);
const s = namesOf(sessions);
const u = namesOf(users);
const y = namesOf(apiKeys);

/** After a long outage the news is read in pieces, each of which must be answered in time: so many rows of each table. */
export const news_at_once_max = 20_000;

const commitTop = `(SELECT ifnull(max(${k.of.n}), 0) FROM ${k.table})`;
const controlTop = `(SELECT ifnull(max(${o.of.n}), 0) FROM ${o.table})`;
// Both tables are trimmed: an empty one must not turn the cursor back.
const tops = `SELECT max(?1, min(${commitTop}, ?1 + ?3)), max(?2, min(${controlTop}, ?2 + ?3))`;
// ?1 the row that was read last, ?2 how many there may be.
const since = `BETWEEN ?1 + 1 AND ?1 + ?2`;
const moved = `SELECT json_group_array(json_array(room, top)) FROM (
  SELECT ${k.of.room} AS room, max(${k.of.last_seq}) AS top FROM ${k.table} WHERE ${k.of.n} ${since} GROUP BY ${k.of.room})`;
const listed = (kinds: readonly string[]): string => kinds.map((kind) => `'${kind}'`).join(", ");
const places = `SELECT json_group_array(json_array(r.${r.of.n}, r.${r.of.id}, c.${c.of.seq}, u.${u.of.id}, 0))
  FROM ${k.table} k JOIN ${c.table} c ON c.${c.of.room} = k.${k.of.room}
    AND c.${c.of.seq} BETWEEN k.${k.of.first_seq} AND k.${k.of.last_seq}
  JOIN ${r.table} r ON r.${r.of.n} = c.${c.of.room} JOIN ${u.table} u ON u.${u.of.n} = c.${c.of.target}
  WHERE k.${k.of.n} ${since} AND c.${c.of.kind} IN (${listed(memberKinds)})`;
const changed = `SELECT json_group_array(json_array(c.${c.of.room}, c.${c.of.kind}, c.${c.of.seq}))
  FROM ${k.table} k JOIN ${c.table} c ON c.${c.of.room} = k.${k.of.room}
    AND c.${c.of.seq} BETWEEN k.${k.of.first_seq} AND k.${k.of.last_seq}
  WHERE k.${k.of.n} ${since} AND c.${c.of.kind} IN (${listed(roomKinds)})`;
const silent = `SELECT json_group_array(json_array(r.${r.of.n}, r.${r.of.id}, o.${o.of.seq}, u.${u.of.id}, 1))
  FROM ${o.table} o JOIN ${r.table} r ON r.${r.of.n} = o.${o.of.subject} JOIN ${u.table} u ON u.${u.of.n} = o.${o.of.user}
  WHERE o.${o.of.n} ${since} AND o.${o.of.kind} = 'place'`;
// The rows of controls only point: what counts is what the rows that they point at say now.
const userOfGuest = `JOIN ${s.table} s ON s.${s.of.n} = o.${o.of.subject} JOIN ${u.table} u ON u.${u.of.n} = s.${s.of.user}`;
const userOfAccount = `JOIN ${a.table} s ON s.${a.of.n} = o.${o.of.subject}
  JOIN ${u.table} u ON u.${u.of.issuer} = 'local' AND u.${u.of.subject} = s.${a.of.userId}`;
const userOfKey = `JOIN ${y.table} s ON s.${y.of.n} = o.${o.of.subject} JOIN ${u.table} u ON u.${u.of.n} = s.${y.of.user}`;
const news = `FROM ${o.table} o`;
const isNew = (kind: string): string => `WHERE o.${o.of.n} ${since} AND o.${o.of.kind} = '${kind}'`;
const ended = `SELECT json_group_array(json_array(user, session)) FROM (
  SELECT u.${u.of.id} AS user, s.${s.of.hash} AS session ${news} ${userOfGuest} ${isNew("session")} AND s.${s.of.revoked_at} IS NOT NULL
  UNION SELECT u.${u.of.id}, s.${a.of.id} ${news} ${userOfAccount} ${isNew("account_session")} AND s.${a.of.revokedAt} IS NOT NULL
  UNION SELECT u.${u.of.id}, s.${y.of.id} ${news} ${userOfKey} ${isNew("api_key")} AND s.${y.of.revoked_at} IS NOT NULL)`;
const people = `SELECT json_group_array(json_array(u.${u.of.id}, u.${u.of.role}, u.${u.of.disabled_at} IS NOT NULL,
    u.${u.of.status}, u.${u.of.status_text}))
  ${news} JOIN ${u.table} u ON u.${u.of.n} = o.${o.of.subject} ${isNew("user")}`;

const settings = `SELECT EXISTS (SELECT 1 ${news} ${isNew("settings")})`;

function cursorOf(result: ResultSet | undefined): NewsCursor {
  const row = result?.rows[0];
  return { commit: Number(row?.[0] ?? 0), control: Number(row?.[1] ?? 0) };
}

function listOf<T>(result: ResultSet | undefined): T[] {
  return JSON.parse((result?.rows[0]?.[0] ?? "[]") as string) as T[];
}

/** Where looking begins. */
export async function newestNews(client: Client): Promise<NewsCursor> {
  return cursorOf(await client.execute(`SELECT ${commitTop}, ${controlTop}`));
}

/**
 * What has happened since the cursor, as of one moment, by so many rows at most; `more` says that there may be more behind
 * the new cursor.
 */
export async function readNews(client: Client, from: NewsCursor, rows_max = news_at_once_max): Promise<News> {
  const results = await client.batch(
    [
      { sql: tops, args: [from.commit, from.control, rows_max] },
      { sql: moved, args: [from.commit, rows_max] },
      { sql: places, args: [from.commit, rows_max] },
      { sql: ended, args: [from.control, rows_max] },
      { sql: people, args: [from.control, rows_max] },
      { sql: silent, args: [from.control, rows_max] },
      { sql: changed, args: [from.commit, rows_max] },
      { sql: settings, args: [from.control, rows_max] },
    ],
    "read",
  );
  const cursor = cursorOf(results[0]);
  return {
    cursor,
    more: cursor.commit === from.commit + rows_max || cursor.control === from.control + rows_max,
    rooms: listOf(results[1]),
    places: [...listOf<News["places"][number]>(results[2]), ...listOf<News["places"][number]>(results[5])],
    changed: listOf(results[6]),
    sessions: listOf(results[3]),
    people: listOf(results[4]),
    settings: Number(results[7]?.rows[0]?.[0] ?? 0) === 1,
  };
}
