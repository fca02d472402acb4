/**
 * The statements of a commit on a libSQL server: sets of drafts as one JSON text each, judged and numbered inside the
 * transaction. Rooms are advanced last, so a seq above `last_seq` is one that this transaction gave.
 */

import { namesOf } from "./names.ts";
import { changes, commits, members, messages, rooms } from "./schema.ts";

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const k = namesOf(commits);

/** The database's clock in Unix milliseconds: nodes may disagree, it does not. One value within a statement. */
const now = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/** The last seq of a room, that of events which this transaction has added included. */
const top = `max(r.${r.of.last_seq},
      ifnull((SELECT max(g.${g.of.seq}) FROM ${g.table} g WHERE g.${g.of.room} = r.${r.of.n}), 0),
      ifnull((SELECT max(c.${c.of.seq}) FROM ${c.table} c WHERE c.${c.of.room} = r.${r.of.n}), 0))`;
/** The time of that event. */
const at = `max(r.${r.of.last_at},
      ifnull((SELECT g.${g.of.sent_at} FROM ${g.table} g WHERE g.${g.of.room} = r.${r.of.n} ORDER BY g.${g.of.seq} DESC LIMIT 1), 0),
      ifnull((SELECT c.${c.of.sent_at} FROM ${c.table} c WHERE c.${c.of.room} = r.${r.of.n} ORDER BY c.${c.of.seq} DESC LIMIT 1), 0))`;

/** The rooms of the drafts. */
function touchedRooms(of: { top: string; at: string }): string {
  return `touched AS MATERIALIZED (
    SELECT r.${r.of.n} AS n, r.${r.of.kind} AS kind, r.${r.of.history} AS history, r.${r.of.first_seq} AS first_seq,
      r.${r.of.last_seq} AS last_seq, r.${r.of.closed_at} IS NOT NULL AS closed, ${of.top} AS top, ${of.at} AS at
    FROM ${r.table} r WHERE r.${r.of.n} IN (SELECT room FROM drafts))`;
}

const touched = touchedRooms({ top, at });
/** The same where it does not matter what this transaction has added to them. */
const untouched = touchedRooms({ top: `r.${r.of.last_seq}`, at: `r.${r.of.last_at}` });

function messageDrafts(list: string): string {
  return `drafts AS MATERIALIZED (
    SELECT key AS place, value ->> 0 AS room, value ->> 1 AS actor, value ->> 2 AS id, value ->> 3 AS data FROM json_each(${list}))`;
}

/** Drafts of joining and leaving are `[room, actor, target, role, data]`. */
const memberDrafts = `WITH drafts AS MATERIALIZED (
    SELECT key AS place, value ->> 0 AS room, value ->> 1 AS actor, value ->> 2 AS target, value ->> 3 AS role, value ->> 4 AS data
    FROM json_each(?1)
  ), ${touched}`;

const numbered = "t.top + row_number() OVER (PARTITION BY d.room ORDER BY d.place)";
const targetMember = `${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.target`;
const storedMessage = `g.${g.of.id} = d.id AND g.${g.of.sender} = d.actor AND g.${g.of.room} = d.room`;

function changeOf(kind: "joined" | "left", seq: string): string {
  return `${memberDrafts}
    INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    SELECT d.room, m.${seq}, '${kind}', d.target, d.actor, max(${now}, t.at), d.data
    FROM drafts d JOIN touched t ON t.n = d.room JOIN ${targetMember}
    WHERE m.${m.of.state} = '${kind}' AND m.${seq} > t.top`;
}

/** What became of drafts, as one cell: `[place, code, seq, time]` of each. */
function outcomesOf(code: string, seq: string): string {
  return `${memberDrafts}
    SELECT json_group_array(json_array(d.place, ${code}, ifnull(m.${seq}, 0), ifnull(t.at, 0)))
    FROM drafts d LEFT JOIN touched t ON t.n = d.room LEFT JOIN ${targetMember}`;
}

/** Rooms of which a transaction may have advanced: ?1 lists keys, ?2 ids of new ones. */
const advanced = `r.${r.of.n} IN (SELECT value FROM json_each(?1)
    UNION ALL SELECT x.${r.of.n} FROM json_each(?2) JOIN ${r.table} x ON x.${r.of.id} = value)`;

/** A room of ?1, whose first value is its id, that has no event yet: this transaction has made it. */
const newRoom = `json_each(?1) d JOIN ${r.table} r ON r.${r.of.id} = d.value ->> 0
    WHERE r.${r.of.kind} <> 'open' AND ${top} = 0`;

export const remoteSql = {
  created: `INSERT INTO ${r.table} (${r.of.id}, ${r.of.kind}, ${r.of.name}, ${r.of.history}, ${r.of.created_by}, ${r.of.created_at})
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ${now} FROM json_each(?1) WHERE true
    ON CONFLICT (${r.of.id}) DO NOTHING RETURNING ${r.of.n}`,
  createdMember: `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq})
    SELECT r.${r.of.n}, d.value ->> 4, 'owner', 'joined', 1, 1 FROM ${newRoom}`,
  createdChange: `INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    SELECT r.${r.of.n}, 1, 'joined', d.value ->> 4, d.value ->> 4, r.${r.of.created_at}, d.value ->> 5 FROM ${newRoom}`,
  createdOutcomes: `SELECT json_group_array(json_array(d.key, r.${r.of.n}, r.${r.of.kind}, r.${r.of.last_seq}, r.${r.of.created_at}))
    FROM json_each(?1) d JOIN ${r.table} r ON r.${r.of.id} = d.value ->> 0`,

  messages: `WITH ${messageDrafts("?1")}, ${touched}
    INSERT INTO ${g.table} (${g.of.room}, ${g.of.seq}, ${g.of.id}, ${g.of.sender}, ${g.of.sent_at}, ${g.of.data})
    SELECT d.room, ${numbered}, d.id, d.actor, max(${now}, t.at), d.data
    FROM drafts d JOIN touched t ON t.n = d.room
    LEFT JOIN ${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.actor
    WHERE NOT t.closed AND (t.kind = 'open' OR (m.${m.of.state} = 'joined' AND m.${m.of.muted_until} <= ${now}))
      AND NOT EXISTS (SELECT 1 FROM ${g.table} g WHERE ${storedMessage})`,
  /**
   * Behind the insert. Where that has stored all of ?2 drafts, as it nearly always has, nothing is looked up but the last
   * message of each room in ?3, for the rest follows from it. Else: the words come along only where the id was stored
   * before, to be compared. Who was muted at the insert a millisecond ago is told so though the time is up by now.
   */
  messageOutcomes: `WITH ${messageDrafts("CASE WHEN changes() = ?2 THEN '[]' ELSE ?1 END")}, ${untouched}
    SELECT json_group_array(json_array(d.place,
      CASE
        WHEN g.${g.of.seq} > t.last_seq THEN 'committed'
        WHEN g.${g.of.seq} IS NOT NULL THEN 'repeated'
        WHEN t.n IS NULL THEN 'room_not_found'
        WHEN t.closed THEN 'room_closed'
        WHEN m.${m.of.state} IS NOT 'joined' THEN 'room_not_found'
        WHEN m.${m.of.muted_until} > 0 THEN 'muted'
        ELSE 'internal' END,
      ifnull(g.${g.of.seq}, 0), ifnull(g.${g.of.sent_at}, 0),
      CASE WHEN g.${g.of.seq} <= t.last_seq AND g.${g.of.edited_seq} IS NULL AND g.${g.of.deleted_seq} IS NULL THEN g.${g.of.data} END)),
      (SELECT json_group_array(json_array(g.${g.of.room}, g.${g.of.seq}, g.${g.of.sent_at})) FROM json_each(?3) AS ends JOIN ${g.table} g
        ON g.${g.of.room} = ends.value AND g.${g.of.seq} = (SELECT max(x.${g.of.seq}) FROM ${g.table} x WHERE x.${g.of.room} = ends.value))
    FROM drafts d LEFT JOIN touched t ON t.n = d.room
    LEFT JOIN ${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.actor
    LEFT JOIN ${g.table} g ON ${storedMessage}`,

  joined: `${memberDrafts}
    INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq})
    SELECT room, target, role, 'joined', CASE history WHEN 'all' THEN first_seq ELSE seq END, seq FROM (
      SELECT d.room AS room, d.target AS target, d.role AS role, t.history AS history, t.first_seq AS first_seq, ${numbered} AS seq
      FROM drafts d JOIN touched t ON t.n = d.room LEFT JOIN ${targetMember}
      WHERE t.kind <> 'open' AND NOT t.closed AND ifnull(m.${m.of.state}, '') NOT IN ('joined', 'banned')
        AND (d.actor <> d.target OR t.kind = 'public' OR m.${m.of.state} = 'invited')
    ) WHERE true
    ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.role} = excluded.${m.of.role}, ${m.of.state} = 'joined',
      ${m.of.visible_from} = excluded.${m.of.visible_from}, ${m.of.joined_seq} = excluded.${m.of.joined_seq}, ${m.of.left_seq} = NULL`,
  joinedChange: changeOf("joined", m.of.joined_seq),
  joinedOutcomes: outcomesOf(
    `CASE WHEN t.n IS NULL OR t.kind = 'open' THEN 'room_not_found' WHEN t.closed THEN 'room_closed'
      WHEN m.${m.of.state} IS NOT 'joined' THEN 'room_not_found'
      WHEN m.${m.of.joined_seq} > t.last_seq THEN 'committed' ELSE 'repeated' END`,
    m.of.joined_seq,
  ),

  left: `${memberDrafts}
    UPDATE ${m.table} SET ${m.of.state} = 'left', ${m.of.left_seq} = gone.seq FROM (
      SELECT d.room AS room, d.target AS target, ${numbered} AS seq
      FROM drafts d JOIN touched t ON t.n = d.room JOIN ${targetMember} WHERE m.${m.of.state} = 'joined'
    ) AS gone WHERE ${m.table}.${m.of.room} = gone.room AND ${m.table}.${m.of.user} = gone.target`,
  leftChange: changeOf("left", m.of.left_seq),
  leftOutcomes: outcomesOf(
    `CASE WHEN t.n IS NULL OR m.${m.of.state} IS NULL THEN 'room_not_found'
      WHEN m.${m.of.left_seq} > t.last_seq THEN 'committed' ELSE 'repeated' END`,
    m.of.left_seq,
  ),

  announce: `INSERT INTO ${k.table} (${k.of.room}, ${k.of.first_seq}, ${k.of.last_seq}, ${k.of.at})
    SELECT n, last_seq + 1, top, ${now} FROM (
      SELECT r.${r.of.n} AS n, r.${r.of.last_seq} AS last_seq, ${top} AS top FROM ${r.table} r WHERE ${advanced}
    ) WHERE top > last_seq`,
  advance: `UPDATE ${r.table} SET ${r.of.last_seq} = moved.top, ${r.of.last_at} = moved.at FROM (
      SELECT r.${r.of.n} AS n, ${top} AS top, ${at} AS at FROM ${r.table} r WHERE ${advanced}
    ) AS moved WHERE ${r.table}.${r.of.n} = moved.n AND moved.top > ${r.table}.${r.of.last_seq}`,
} as const;
