/** Pages of a room's log, as the texts of publications: the same bytes that went out live. */

import type { Client } from "@libsql/client";
import { page_bytes_max } from "../protocol/limits.ts";
import { namesOf } from "./names.ts";
import { changes, messages, users } from "./schema.ts";
import type { View } from "./view.ts";

export interface Range {
  /** First and last seq wanted, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  /** Where there are more than `limit`: the oldest of the range, or the newest. */
  readonly take: "oldest" | "newest";
  /** The page ends before it would pass this, but has one event at least. */
  readonly bytes_max?: number;
}

/** Reads pages; ascending by seq, whichever end of the range they are taken from. */
export interface History {
  page(view: View, range: Range): Promise<string[]>;
}

const u = namesOf(users);
const g = namesOf(messages);
const c = namesOf(changes);

/** A page of at most so many events is read in one go and measured afterwards; a longer one is measured first. */
const quick_events_max = 100;

/** The sender by a look-up a row: cheaper than a join, and rows come in the order of the index. */
const userId = (key: string): string => `(SELECT ${u.of.id} FROM ${u.table} WHERE ${u.of.n} = ${key})`;

// The two texts must equal what `publicationText` makes; test/unit/store/history.test.ts compares them.
export const messageText = (
  data: string,
): string => `'{"offset":'||g.${g.of.seq}||',"data":'||${data}||',"info":{"user":"'
  ||${userId(`g.${g.of.sender}`)}||'"},"time":'||g.${g.of.sent_at}||',"tags":{"id":"'||g.${g.of.id}||'","at":"'||g.${g.of.sent_at}||'"}}'`;
export const changeText = (
  data: string,
): string => `'{"offset":'||c.${c.of.seq}||',"data":'||${data}||',"info":{"user":"'
  ||${userId(`c.${c.of.actor}`)}||'"},"time":'||c.${c.of.sent_at}||',"tags":{"at":"'||c.${c.of.sent_at}||'","kind":"'||c.${c.of.kind}||'"}}'`;

/** Both tables merged by seq, each read along its index: ?1 room, ?2 first and ?3 last seq. */
function merged(of: { message: string; change: string }, name: string): string {
  return `SELECT g.${g.of.seq} AS seq, ${of.message} AS ${name} FROM ${g.table} g
      WHERE g.${g.of.room} = ?1 AND g.${g.of.seq} BETWEEN ?2 AND ?3
    UNION ALL SELECT c.${c.of.seq} AS seq, ${of.change} AS ${name} FROM ${c.table} c
      WHERE c.${c.of.room} = ?1 AND c.${c.of.seq} BETWEEN ?2 AND ?3`;
}

const texts = merged({ message: messageText(`g.${g.of.data}`), change: changeText(`c.${c.of.data}`) }, "text");
// SQLite takes the length of a column without reading it, so that measuring large messages costs little.
const sizes = merged(
  {
    message: `octet_length(${messageText("''")}) + octet_length(g.${g.of.data})`,
    change: `octet_length(${changeText("''")}) + octet_length(c.${c.of.data})`,
  },
  "bytes",
);

/**
 * A page is one cell: the texts joined by newlines, which no text contains; reading rows one by one is half as fast. An
 * aggregate takes the rows in the order of its subquery. (sqld's parser knows no order inside of an aggregate.)
 */
function pageSql(take: Range["take"]): { readonly quick: string; readonly measured: string } {
  const order = take === "oldest" ? "ASC" : "DESC";
  return {
    /** The second value says whether there is anything, where the first is null because it would be too large. */
    quick: `SELECT CASE WHEN sum(octet_length(text)) <= ?5 THEN group_concat(text, char(10)) END, count(*)
      FROM (${texts} ORDER BY seq ${order} LIMIT ?4)`,
    measured: `SELECT group_concat(text, char(10)) FROM (${texts} ORDER BY seq ${order} LIMIT (
      SELECT count(*) FROM (
        SELECT bytes, sum(bytes) OVER (ORDER BY seq ${order} ROWS UNBOUNDED PRECEDING) AS total
        FROM (${sizes} ORDER BY seq ${order} LIMIT ?4)
      ) WHERE total <= ?5 OR total = bytes))`,
  };
}

const sqlOf = { oldest: pageSql("oldest"), newest: pageSql("newest") };

export function createHistory(client: Client): History {
  const read = async (sql: string, args: number[]): Promise<{ cell: unknown; count: unknown }> => {
    const { rows } = await client.execute({ sql, args });
    return { cell: rows[0]?.[0], count: rows[0]?.[1] };
  };
  return {
    async page(view, range) {
      const from = Math.max(range.from, view.from);
      if (from > range.to || range.limit < 1) return [];
      const { quick, measured } = sqlOf[range.take];
      const args = [view.room, from, range.to, range.limit, range.bytes_max ?? page_bytes_max];
      let cell: unknown;
      if (range.limit <= quick_events_max) {
        const answer = await read(quick, args);
        if (answer.count === 0) return [];
        cell = answer.cell;
      }
      cell ??= (await read(measured, args)).cell;
      const page = typeof cell === "string" && cell !== "" ? cell.split("\n") : [];
      return range.take === "oldest" ? page : page.reverse();
    },
  };
}
