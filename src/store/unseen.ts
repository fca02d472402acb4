/** What others have added to the rooms of a batch: read inside its transaction, so that it costs no round trip of its own. */

import type { InStatement, ResultSet } from "@libsql/client";
import { publicationSeq } from "../protocol/events.ts";
import type { Seen, Unseen } from "./draft.ts";
import { changeText, messageText } from "./event-texts.ts";
import { namesOf } from "./names.ts";
import { changes, messages, rooms } from "./schema.ts";

const r = namesOf(rooms);
const g = namesOf(messages);
const c = namesOf(changes);

/** Of all rooms of a batch together; what is above is read page by page, by those who miss it. */
export const unseen_events_max = 256;
export const unseen_bytes_max = 256 * 1024;

const between = (of: { room: string; seq: string }): string =>
  `${of.room} = b.room AND ${of.seq} > b.seen AND ${of.seq} <= b.top`;

/**
 * ?1 lists rooms with the last seq that is known. As long as the batch has not advanced its rooms, their `last_seq` is where
 * they stood before it. A room whose top is known costs one look at its row. One cell, a line an event, the room's key in
 * front; null where there is nothing, or too much: that is never joined, for a server may have no text that is so long, and
 * the batch would fail.
 */
const sql = `WITH behind AS MATERIALIZED (
    SELECT r.${r.of.n} AS room, w.value ->> 1 AS seen, r.${r.of.last_seq} AS top
    FROM json_each(?1) w CROSS JOIN ${r.table} r ON r.${r.of.n} = w.value ->> 0 WHERE r.${r.of.last_seq} > w.value ->> 1)
  SELECT group_concat(room || ' ' || text, char(10)) FROM (SELECT room, text, sum(octet_length(text)) OVER () AS bytes FROM (
    SELECT * FROM (
      SELECT b.room AS room, ${messageText(`g.${g.of.data}`)} AS text FROM behind b
        CROSS JOIN ${g.table} g ON ${between({ room: `g.${g.of.room}`, seq: `g.${g.of.seq}` })}
      UNION ALL SELECT b.room AS room, ${changeText(`c.${c.of.data}`)} AS text FROM behind b
        CROSS JOIN ${c.table} c ON ${between({ room: `c.${c.of.room}`, seq: `c.${c.of.seq}` })}
    ) LIMIT ${unseen_events_max})) WHERE bytes <= ${unseen_bytes_max}`;

/** Asks for what is above the seqs given; before the batch advances its rooms. */
export function unseenStatement(seen: Seen): InStatement {
  return { sql, args: [JSON.stringify([...seen])] };
}

/** Of each room the events that follow what is known, without holes. */
export function unseenOf(result: ResultSet | undefined, seen: Seen): Unseen[] {
  const cell = result?.rows[0]?.[0];
  if (typeof cell !== "string") return [];
  const found = new Map<number, Map<number, string>>();
  for (const line of cell.split("\n")) {
    const space = line.indexOf(" ");
    const room = Number(line.slice(0, space));
    const text = line.slice(space + 1);
    let texts = found.get(room);
    if (texts === undefined) found.set(room, (texts = new Map<number, string>()));
    texts.set(publicationSeq(text), text);
  }
  const unseen: Unseen[] = [];
  for (const [room, bySeq] of found) {
    const first = (seen.get(room) ?? 0) + 1;
    const texts: string[] = [];
    for (let text = bySeq.get(first); text !== undefined; text = bySeq.get(first + texts.length)) texts.push(text);
    if (texts.length > 0) unseen.push({ room, first, texts });
  }
  return unseen;
}
