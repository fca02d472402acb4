/** Pages of a room's log, as the texts of publications: the same bytes that went out live. */

import { page_bytes_max } from "../protocol/limits.ts";
import type { FirstRow } from "./gathered-reads.ts";
import { changeText, messageText } from "./event-texts.ts";
import { namesOf } from "./names.ts";
import { changes, messages } from "./schema.ts";
import { UserIds } from "./user-ids.ts";
import type { View } from "./view.ts";
import { readWholeRange } from "./whole-range.ts";

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

const g = namesOf(messages);
const c = namesOf(changes);

/** Of a range of at most so many seqs all events are read in one go and measured afterwards. */
const whole_range_max = 100;

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
 * Any page, as one cell: the texts joined by newlines, which no text contains; reading rows one by one is half as fast.
 * An aggregate takes the rows in the order of its subquery. (sqld's parser knows no order inside of an aggregate.)
 */
function pageSql(take: Range["take"]): string {
  const order = take === "oldest" ? "ASC" : "DESC";
  return `SELECT group_concat(text, char(10)) FROM (${texts} ORDER BY seq ${order} LIMIT (
      SELECT count(*) FROM (
        SELECT bytes, sum(bytes) OVER (ORDER BY seq ${order} ROWS UNBOUNDED PRECEDING) AS total
        FROM (${sizes} ORDER BY seq ${order} LIMIT ?4)
      ) WHERE total <= ?5 OR total = bytes))`;
}

const sqlOf = { oldest: pageSql("oldest"), newest: pageSql("newest") };

export function createHistory(read: FirstRow): History {
  const userIds = new UserIds(read);
  return {
    async page(view, { from: first, to: last, limit, take, bytes_max = page_bytes_max }) {
      const { room } = view;
      const from = Math.max(first, view.from);
      if (from > last || limit < 1) return [];
      if (limit <= whole_range_max) {
        // A log has no holes, so a page that lies inside of it is the whole of a range.
        const range =
          take === "oldest"
            ? { from, to: Math.min(last, from + limit - 1) }
            : { from: Math.max(from, last - limit + 1), to: last };
        const whole = await readWholeRange({ read, userIds }, { room, ...range, bytes_max });
        if (whole !== undefined) return whole;
      }
      const [cell] = (await read(sqlOf[take], [room, from, last, limit, bytes_max])) ?? [];
      const page = typeof cell === "string" && cell !== "" ? cell.split("\n") : [];
      return take === "oldest" ? page : page.reverse();
    },
  };
}
