/** Looks for what must never be in a database: damage, holes, marks that point at nothing. */

import type { Client } from "@libsql/client";
import { namesOf } from "./names.ts";
import { changes, commits, members, messages, rooms } from "./schema.ts";

/** What is wrong: how often, and the first few places. */
export interface Problem {
  readonly check: string;
  readonly count: number;
  readonly examples: readonly string[];
}

export interface Verification {
  readonly ok: boolean;
  readonly rooms: number;
  readonly messages: number;
  readonly changes: number;
  readonly problems: readonly Problem[];
}

const examples_max = 5;

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const k = namesOf(commits);

const events = `SELECT ${g.of.room} AS room, ${g.of.seq} AS seq, ${g.of.sent_at} AS at FROM ${g.table}
  UNION ALL SELECT ${c.of.room}, ${c.of.seq}, ${c.of.sent_at} FROM ${c.table}`;

/** Each gives a row for a problem, with a text that names the place. */
const checks: Readonly<Record<string, string>> = {
  "the file is whole": `SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
  "every row that is pointed at is there": `SELECT "table" || ' row ' || coalesce(rowid, '?') || ' points at no ' || parent
    FROM pragma_foreign_key_check`,
  "the events of a room are numbered without holes": `SELECT 'room ' || x.${r.of.id} || ': ' || coalesce(e.count, 0) || ' events from '
      || x.${r.of.first_seq} || ' to ' || x.${r.of.last_seq}
    FROM ${r.table} x LEFT JOIN (
      SELECT room, count(*) AS count, count(DISTINCT seq) AS seqs, min(seq) AS first, max(seq) AS last FROM (${events}) GROUP BY room
    ) e ON e.room = x.${r.of.n}
    WHERE coalesce(e.count, 0) <> x.${r.of.last_seq} - x.${r.of.first_seq} + 1 OR e.seqs <> e.count
      OR e.first <> x.${r.of.first_seq} OR e.last <> x.${r.of.last_seq}`,
  "every event has its room": `SELECT 'room ' || room || ' seq ' || seq FROM (${events})
    WHERE room NOT IN (SELECT ${r.of.n} FROM ${r.table})`,
  "no event is earlier than the one before it": `SELECT 'room ' || room || ' seq ' || seq FROM (
      SELECT room, seq, at, lag(at) OVER (PARTITION BY room ORDER BY seq) AS before FROM (${events})
    ) WHERE before > at`,
  "the commits of a room follow each other": `SELECT 'commit ' || n || ' of room ' || room FROM (
      SELECT ${k.of.n} AS n, ${k.of.room} AS room, ${k.of.first_seq} AS first, ${k.of.last_seq} AS last,
        lag(${k.of.last_seq}) OVER (PARTITION BY ${k.of.room} ORDER BY ${k.of.n}) AS before FROM ${k.table}
    ) WHERE first > last OR before + 1 <> first`,
  "the last commit of a room reaches its top": `SELECT 'room ' || x.${r.of.id} || ' at ' || x.${r.of.last_seq} || ', commits to ' || max(y.${k.of.last_seq})
    FROM ${r.table} x JOIN ${k.table} y ON y.${k.of.room} = x.${r.of.n}
    GROUP BY x.${r.of.n} HAVING max(y.${k.of.last_seq}) <> x.${r.of.last_seq}`,
  "marks lie inside of their room": `SELECT 'room ' || x.${r.of.id} || ' user ' || y.${m.of.user}
    FROM ${m.table} y JOIN ${r.table} x ON x.${r.of.n} = y.${m.of.room}
    WHERE y.${m.of.read_seq} > x.${r.of.last_seq} OR y.${m.of.recv_seq} > x.${r.of.last_seq} OR y.${m.of.joined_seq} > x.${r.of.last_seq}
      OR y.${m.of.visible_from} > x.${r.of.last_seq} + 1`,
};

const counts = [r.table, g.table, c.table].map((table) => `SELECT count(*) FROM ${table}`);

function textOf(cell: unknown): string {
  return typeof cell === "string" ? cell : JSON.stringify(cell);
}

/** Checks one state of the database. It reads everything: on a large database it takes a while, on a thread of its own. */
export async function verifyDatabase(client: Client): Promise<Verification> {
  const results = await client.batch([...counts, ...Object.values(checks)], "read");
  const [rooms = 0, messages = 0, changes = 0] = results
    .slice(0, counts.length)
    .map(({ rows }) => Number(rows[0]?.[0]));
  const problems: Problem[] = [];
  for (const [at, check] of Object.keys(checks).entries()) {
    const rows = results[counts.length + at]?.rows ?? [];
    if (rows.length === 0) continue;
    problems.push({ check, count: rows.length, examples: rows.slice(0, examples_max).map((row) => textOf(row[0])) });
  }
  return { ok: problems.length === 0, rooms, messages, changes, problems };
}
