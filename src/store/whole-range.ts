/** Short ranges of a log of which everything is there. Most pages are such: a log has holes only where it was cut. */

import { messagePublication, publicationSeq } from "../protocol/events.ts";
import { changeText } from "./event-texts.ts";
import type { FirstRow } from "./gathered-reads.ts";
import { namesOf } from "./names.ts";
import { changes, messages } from "./schema.ts";
import { isTooLarge } from "./too-large.ts";
import type { UserIds } from "./user-ids.ts";

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
const joined = (value: string): string => `group_concat(${value}, '\n')`;

/**
 * ?1 room, ?2 first and ?3 last seq, ?4 bytes at most. Each column of the messages is one cell, and their texts are made of
 * these: SQL takes twice as long to make them. Rows come in the order of the index, which is named. Other events are looked
 * for where messages are not all.
 */
const sql = `SELECT count, CASE WHEN octet_length(datas) <= ?4 THEN datas END, octet_length(datas), ids, senders, times,
    CASE WHEN count <= ?3 - ?2 THEN (SELECT ${joined(changeText(`c.${c.of.data}`))}
      FROM ${c.table} c INDEXED BY changes_room_seq
      WHERE c.${c.of.room} = ?1 AND c.${c.of.seq} BETWEEN ?2 AND ?3) END
  FROM (SELECT count(*) AS count, ${joined(`g.${g.of.data}`)} AS datas, ${joined(`g.${g.of.id}`)} AS ids,
      ${joined(`g.${g.of.sender}`)} AS senders, ${joined(`g.${g.of.sent_at}`)} AS times
    FROM ${g.table} g INDEXED BY messages_room_seq
    WHERE g.${g.of.room} = ?1 AND g.${g.of.seq} BETWEEN ?2 AND ?3)`;

/** UTF-8 has so many for a unit of a string, at most. */
const bytes_per_unit = 3;

/** All events of a range: the columns of its messages, and the publications of the others. */
interface Columns {
  readonly from: number;
  readonly datas: readonly string[];
  readonly ids: readonly string[];
  readonly senders: readonly string[];
  readonly times: readonly string[];
  readonly others: readonly string[];
}

/** The values of a cell: none of them contains a newline. */
const valuesOf = (cell: unknown): string[] => (typeof cell === "string" ? cell.split("\n") : []);

/** Every publication, in order; undefined where a sender's id is not known. */
function textsOf({ from, datas, ids, senders, times, others }: Columns, userIds: UserIds): string[] | undefined {
  const texts: string[] = [];
  let other = 0;
  for (let at = 0; at < datas.length; at++) {
    const sender = userIds.get(senders[at] as string);
    if (sender === undefined) return undefined;
    // None is missing, so the place of an event says its seq.
    while (other < others.length && publicationSeq(others[other] as string) === from + texts.length)
      texts.push(others[other++] as string);
    const [data, time, id] = [datas[at] as string, times[at] as string, ids[at] as string];
    texts.push(messagePublication({ seq: from + texts.length, data, sender, time, id }));
  }
  for (; other < others.length; other++) texts.push(others[other] as string);
  return texts;
}

/** SQLite joins the words before it is known that they are too many. A libSQL server has no text that is so long. */
async function readUnlessTooLarge(read: FirstRow, args: readonly number[]): Promise<readonly unknown[] | undefined> {
  try {
    return await read(sql, args);
  } catch (error) {
    if (isTooLarge(error)) return undefined;
    throw error;
  }
}

/** Every event of the range, ascending; undefined where one is not there, or where they may be too large together. */
export async function readWholeRange(
  { read, userIds }: { read: FirstRow; userIds: UserIds },
  { room, from, to, bytes_max }: WholeRange,
): Promise<string[] | undefined> {
  const row = await readUnlessTooLarge(read, [room, from, to, bytes_max]);
  if (row === undefined) return undefined;
  const [count, cell, cell_bytes, ids, senders, times, changed] = row;
  const [datas, others] = [valuesOf(cell), valuesOf(changed)];
  if (datas.length !== count || datas.length + others.length !== to - from + 1) return undefined;
  const columns = { from, datas, others, ids: valuesOf(ids), senders: valuesOf(senders), times: valuesOf(times) };
  let texts = textsOf(columns, userIds);
  if (texts === undefined) {
    await userIds.learn(columns.senders);
    texts = textsOf(columns, userIds);
  }
  if (texts === undefined) return undefined;
  // What stands around the data has a byte for each unit.
  let bytes = Number(cell_bytes);
  for (const text of texts) bytes += text.length;
  for (const data of datas) bytes -= data.length;
  for (const other of others) bytes += (bytes_per_unit - 1) * other.length;
  return bytes <= bytes_max ? texts : undefined;
}
