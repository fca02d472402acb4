/** Short ranges of a log of which everything is there. Most pages are such: a log has holes only where it was cut. */

import { publicationSeq } from "../protocol/events.ts";
import { changeText, messageText } from "./event-texts.ts";
import type { FirstRow } from "./gathered-reads.ts";
import { namesOf } from "./names.ts";
import { changes, messages } from "./schema.ts";

export interface WholeRange {
  readonly room: number;
  /** First and last seq, both inclusive: few, as all of them are read. */
  readonly from: number;
  readonly to: number;
  readonly bytes_max: number;
}

const g = namesOf(messages);
const c = namesOf(changes);

/** The newline as it is: a function that makes it would be called for each row. */
const joined = (text: string): string => `group_concat(${text}, '\n')`;

/**
 * ?1 room, ?2 first and ?3 last seq, ?4 bytes at most. No row is copied for an order or a limit on its way into the cell;
 * other events than messages are looked for where messages are not all.
 */
const sql = `SELECT count, CASE WHEN octet_length(texts) <= ?4 THEN texts END, octet_length(texts),
    CASE WHEN count <= ?3 - ?2 THEN (SELECT ${joined(changeText(`c.${c.of.data}`))} FROM ${c.table} c
      WHERE c.${c.of.room} = ?1 AND c.${c.of.seq} BETWEEN ?2 AND ?3) END
  FROM (SELECT count(*) AS count, ${joined(messageText(`g.${g.of.data}`))} AS texts FROM ${g.table} g
    WHERE g.${g.of.room} = ?1 AND g.${g.of.seq} BETWEEN ?2 AND ?3)`;

/** UTF-8 has so many for a unit of a string, at most. */
const bytes_per_unit = 3;

/** Every event of the range, ascending; undefined where one is not there, or where they may be too large together. */
export async function readWholeRange(read: FirstRow, range: WholeRange): Promise<string[] | undefined> {
  const { room, from, to, bytes_max } = range;
  const [count, cell, bytes, others] = (await read(sql, [room, from, to, bytes_max])) ?? [];
  const texts = typeof cell === "string" ? cell.split("\n") : [];
  if (texts.length !== count) return undefined;
  const size = to - from + 1;
  if (typeof others === "string") {
    if (Number(bytes) + bytes_per_unit * others.length > bytes_max) return undefined;
    texts.push(...others.split("\n"));
    texts.sort((one, other) => publicationSeq(one) - publicationSeq(other));
  }
  // The index gives messages in order, which is looked at, as no order was asked for.
  const [first, last] = [texts[0], texts.at(-1)];
  if (texts.length !== size || first === undefined || last === undefined) return undefined;
  return publicationSeq(first) === from && publicationSeq(last) === to ? texts : undefined;
}
