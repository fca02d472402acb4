/** Messages that somebody has reported, as a queue of rows. */

import type { Client } from "@libsql/client";
import { and, asc, eq, gt, isNotNull, isNull, ne, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { namesOf } from "./names.ts";
import type { Database } from "./orm.ts";
import { messages, reports, rooms, users } from "./schema.ts";
import type { View } from "./view.ts";

export type ReportOutcome = "kept" | "deleted" | "muted" | "banned";

interface Somebody {
  readonly id: string;
  readonly name: string;
}

export interface ReportRow {
  readonly n: number;
  readonly id: string;
  readonly room: { readonly n: number; readonly id: string };
  readonly seq: number;
  /** Null where a rule has reported it. */
  readonly reporter: Somebody | null;
  readonly reason: string;
  readonly at: number;
  readonly outcome: ReportOutcome | null;
  readonly handled_by: Somebody | null;
  readonly handled_at: number | null;
  /** Who wrote the message. */
  readonly author: { readonly n: number; readonly id: string } | null;
}

export interface ReportedMessage {
  readonly user: Somebody;
  readonly time: number;
  /** JSON text. */
  readonly data: string;
}

/** Rules report in nobody's name. */
export const byRule = 0;

const reporters = alias(users, "reporters");
const handlers = alias(users, "handlers");
const authors = alias(users, "authors");

const columns = {
  n: reports.n,
  id: reports.id,
  room: { n: rooms.n, id: rooms.id },
  seq: reports.seq,
  reporter: { id: reporters.id, name: reporters.name },
  reason: reports.reason,
  at: reports.at,
  outcome: reports.outcome,
  handled_by: { id: handlers.id, name: handlers.name },
  handled_at: reports.handled_at,
  author: { n: authors.n, id: authors.id },
};

function rowsOf(db: Database) {
  return db
    .select(columns)
    .from(reports)
    .innerJoin(rooms, and(eq(rooms.n, reports.room), isNull(rooms.deleted_at)))
    .leftJoin(messages, and(eq(messages.room, reports.room), eq(messages.seq, reports.seq)))
    .leftJoin(authors, eq(authors.n, messages.sender))
    .leftJoin(reporters, eq(reporters.n, reports.reporter))
    .leftJoin(handlers, eq(handlers.n, reports.handled_by));
}

/** Adds a report; gives its id, or that of the one which the person has made of this message before. */
export async function addReport(
  db: Database,
  report: { id: string; room: number; seq: number; reporter: number; reason: string; at: number },
): Promise<string> {
  const { reporter, room, seq } = report;
  const of = and(eq(reports.room, room), eq(reports.seq, seq), eq(reports.reporter, reporter));
  const [, found] = await db.batch([
    db.insert(reports).values(report).onConflictDoNothing(),
    db.select({ id: reports.id }).from(reports).where(of),
  ]);
  return found[0]?.id ?? report.id;
}

export async function findReport(db: Database, id: string): Promise<ReportRow | undefined> {
  const [row] = await rowsOf(db).where(eq(reports.id, id)).limit(1);
  return row;
}

/** The queue of one room, or of all; without those about what one person has written. The oldest first. */
export async function listReports(
  db: Database,
  asked: {
    room: number | undefined;
    notBy: number | undefined;
    state: "waiting" | "handled";
    after: string | undefined;
    limit: number;
  },
): Promise<ReportRow[]> {
  const { after, limit, notBy, room, state } = asked;
  const behind = sql`(SELECT ${reports.n} FROM ${reports} WHERE ${reports.id} = ${after ?? ""})`;
  return await rowsOf(db)
    .where(
      and(
        state === "waiting" ? isNull(reports.outcome) : isNotNull(reports.outcome),
        room === undefined ? undefined : eq(reports.room, room),
        notBy === undefined ? undefined : ne(messages.sender, notBy),
        after === undefined ? undefined : gt(reports.n, behind),
      ),
    )
    .orderBy(asc(reports.n))
    .limit(limit);
}

/** Closes all that wait of a message. Gives their number. */
export async function closeReports(
  db: Database,
  closing: { room: number; seq: number; outcome: ReportOutcome; by: number; at: number },
): Promise<number> {
  const { at, by, outcome, room, seq } = closing;
  const closed = await db
    .update(reports)
    .set({ outcome, handled_by: by, handled_at: at })
    .where(and(eq(reports.room, room), eq(reports.seq, seq), isNull(reports.outcome)));
  return closed.rowsAffected;
}

const g = namesOf(messages);
const u = namesOf(users);
const wordsSql = `SELECT g.${g.of.room}, g.${g.of.seq}, u.${u.of.id}, u.${u.of.name}, g.${g.of.sent_at}, g.${g.of.data}
  FROM json_each(?) a JOIN ${g.table} g ON g.${g.of.room} = a.value ->> 0 AND g.${g.of.seq} = a.value ->> 1
  JOIN ${u.table} u ON u.${u.of.n} = g.${g.of.sender}
  WHERE g.${g.of.seq} >= a.value ->> 2 AND g.${g.of.deleted_seq} IS NULL`;

/** The name of a message in what `messagesOf` gives. */
export function messageKey(of: { room: number; seq: number }): string {
  return `${of.room} ${of.seq}`;
}

/** Messages as far as the views of who asks reach, and as long as they have words. */
export async function messagesOf(
  client: Client,
  asked: readonly { readonly view: View; readonly seq: number }[],
): Promise<ReadonlyMap<string, ReportedMessage>> {
  const listed = JSON.stringify(asked.map(({ seq, view }) => [view.room, seq, view.from]));
  const { rows } = await client.execute({ sql: wordsSql, args: [listed] });
  return new Map(
    rows.map((row) => {
      const [room, seq, time] = [Number(row[0]), Number(row[1]), Number(row[4])];
      const user = { id: row[2] as string, name: row[3] as string };
      return [messageKey({ room, seq }), { user, time, data: row[5] as string }];
    }),
  );
}
