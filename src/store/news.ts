/**
 * What has happened in a database that several nodes write to, since one of them last looked: the truth behind every
 * hint. `n` of `commits` and of `controls` rise with the commits, so that nothing that is looked for later was earlier.
 */

import type { Client, ResultSet } from "@libsql/client";
import { namesOf } from "./names.ts";
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
  /** Changes of membership: the room's key and id, the seq, and `users.id` of whose place it is. */
  readonly places: readonly (readonly [n: number, id: string, seq: number, user: string])[];
  /** Sign-ins that have ended: the user, and the hash of the sign-in. */
  readonly sessions: readonly (readonly [user: string, hash: string])[];
  /** Users who were disabled. */
  readonly disabled: readonly string[];
}

const c = namesOf(changes);
const k = namesOf(commits);
const o = namesOf(controls);
const r = namesOf(rooms);
const s = namesOf(sessions);
const u = namesOf(users);

/** After a long outage the news is read in pieces, each of which must be answered in time. */
const commits_at_once_max = 20_000;

const commitTop = `(SELECT ifnull(max(${k.of.n}), 0) FROM ${k.table})`;
const controlTop = `(SELECT ifnull(max(${o.of.n}), 0) FROM ${o.table})`;
// Both tables are trimmed: an empty one must not turn the cursor back.
const tops = `SELECT max(?1, min(${commitTop}, ?1 + ${commits_at_once_max})), max(?2, ${controlTop})`;
const since = `BETWEEN ?1 + 1 AND ?1 + ${commits_at_once_max}`;
const moved = `SELECT json_group_array(json_array(room, top)) FROM (
  SELECT ${k.of.room} AS room, max(${k.of.last_seq}) AS top FROM ${k.table} WHERE ${k.of.n} ${since} GROUP BY ${k.of.room})`;
const places = `SELECT json_group_array(json_array(r.${r.of.n}, r.${r.of.id}, c.${c.of.seq}, u.${u.of.id}))
  FROM ${k.table} k JOIN ${c.table} c ON c.${c.of.room} = k.${k.of.room}
    AND c.${c.of.seq} BETWEEN k.${k.of.first_seq} AND k.${k.of.last_seq}
  JOIN ${r.table} r ON r.${r.of.n} = c.${c.of.room} JOIN ${u.table} u ON u.${u.of.n} = c.${c.of.target}
  WHERE k.${k.of.n} ${since} AND c.${c.of.kind} IN ('joined', 'left')`;
// The rows of controls only point: what counts is what the rows that they point at say now.
const ended = `SELECT json_group_array(json_array(u.${u.of.id}, s.${s.of.hash}))
  FROM ${o.table} o JOIN ${s.table} s ON s.${s.of.n} = o.${o.of.subject} JOIN ${u.table} u ON u.${u.of.n} = s.${s.of.user}
  WHERE o.${o.of.n} > ?1 AND o.${o.of.kind} = 'session' AND s.${s.of.revoked_at} IS NOT NULL`;
const disabled = `SELECT json_group_array(u.${u.of.id}) FROM ${o.table} o JOIN ${u.table} u ON u.${u.of.n} = o.${o.of.subject}
  WHERE o.${o.of.n} > ?1 AND o.${o.of.kind} = 'user' AND u.${u.of.disabled_at} IS NOT NULL`;

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

/** What has happened since the cursor, as of one moment; `more` says that there is more behind the new cursor. */
export async function readNews(client: Client, from: NewsCursor): Promise<News> {
  const results = await client.batch(
    [
      { sql: tops, args: [from.commit, from.control] },
      { sql: moved, args: [from.commit] },
      { sql: places, args: [from.commit] },
      { sql: ended, args: [from.control] },
      { sql: disabled, args: [from.control] },
    ],
    "read",
  );
  const cursor = cursorOf(results[0]);
  return {
    cursor,
    more: cursor.commit === from.commit + commits_at_once_max,
    rooms: listOf(results[1]),
    places: listOf(results[2]),
    sessions: listOf(results[3]),
    disabled: listOf(results[4]),
  };
}
