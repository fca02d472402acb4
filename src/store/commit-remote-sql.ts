/**
 * The statements of a commit on a libSQL server: sets of drafts as one JSON text each, judged and numbered inside the
 * transaction. Rooms are advanced last, so a seq above `last_seq` is one that this transaction gave.
 */

import { listed_members_max } from "../protocol/limits.ts";
import { isAtLeast, roomRoles } from "../protocol/roles.ts";
import { namesOf } from "./names.ts";
import { blocks, changes, commits, controls, members, messages, rooms } from "./schema.ts";

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const k = namesOf(commits);
const b = namesOf(blocks);
const o = namesOf(controls);

/** The database's clock in Unix milliseconds: nodes may disagree, it does not. One value within a statement. */
export const now = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER)";

/** The last seq of a room, that of events which this transaction has added included. */
const top = `max(r.${r.of.last_seq},
      ifnull((SELECT max(g.${g.of.seq}) FROM ${g.table} g WHERE g.${g.of.room} = r.${r.of.n}), 0),
      ifnull((SELECT max(c.${c.of.seq}) FROM ${c.table} c WHERE c.${c.of.room} = r.${r.of.n}), 0))`;
/** The time of that event. */
const at = `max(r.${r.of.last_at},
      ifnull((SELECT g.${g.of.sent_at} FROM ${g.table} g WHERE g.${g.of.room} = r.${r.of.n} ORDER BY g.${g.of.seq} DESC LIMIT 1), 0),
      ifnull((SELECT c.${c.of.sent_at} FROM ${c.table} c WHERE c.${c.of.room} = r.${r.of.n} ORDER BY c.${c.of.seq} DESC LIMIT 1), 0))`;

/** Rooms as the drafts before have left them; one that is gone is not among them. */
function roomsAs(of: { top: string; at: string }): string {
  return `SELECT r.${r.of.n} AS n, r.${r.of.kind} AS kind, r.${r.of.history} AS history, r.${r.of.first_seq} AS first_seq,
      r.${r.of.last_seq} AS last_seq, r.${r.of.closed_at} IS NOT NULL AS closed, r.${r.of.post} AS post, r.${r.of.invite} AS invite,
      r.${r.of.slow_ms} AS slow_ms, r.${r.of.members} AS members, ${of.top} AS top, ${of.at} AS at
    FROM ${r.table} r WHERE r.${r.of.deleted_at} IS NULL`;
}

const ofDrafts = `r.${r.of.n} IN (SELECT room FROM drafts)`;
/** The rooms of the drafts. */
export const touched = `touched AS MATERIALIZED (${roomsAs({ top, at })} AND ${ofDrafts})`;
/** The same where it does not matter what this transaction has added to them. */
const known = roomsAs({ top: `r.${r.of.last_seq}`, at: `r.${r.of.last_at}` });
const untouched = `touched AS MATERIALIZED (${known} AND ${ofDrafts})`;

/**
 * Drafts of messages are `[room, actor, id, data]`, with a 1 behind them where an earlier one of the set is by the same
 * person; whoever asks for their outcomes leaves the words out, and says 1 in their place for a copy of an earlier draft
 * of the batch.
 */
function messageDrafts(list: string): string {
  return `drafts AS MATERIALIZED (
    SELECT key AS place, value ->> 0 AS room, value ->> 1 AS actor, value ->> 2 AS id, value ->> 3 AS data, value ->> 4 AS later
    FROM json_each(${list}))`;
}

/** Drafts of joining and leaving are `[room, target, actor, right, role, data]`; what few statements need is taken out there. */
function memberDrafts(rooms: string): string {
  return `WITH drafts AS MATERIALIZED (
    SELECT key AS place, value, value ->> 0 AS room, value ->> 1 AS target FROM json_each(?1)
  ), ${rooms}`;
}
const member = {
  actor: "d.value ->> 2",
  right: "d.value ->> 3",
  role: "d.value ->> 4",
  data: "d.value ->> 5",
} as const;

const numbered = "t.top + row_number() OVER (PARTITION BY d.room ORDER BY d.place)";
const targetMember = `${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.target`;
const actorMember = `${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.actor`;
const storedMessage = `g.${g.of.id} = d.id AND g.${g.of.sender} = d.actor AND g.${g.of.room} = d.room`;

/** Who moderates is not held back by who may post and how often. */
const moderates = `m.${m.of.role} IN (${roomRoles
  .filter((role) => isAtLeast(role, "moderator"))
  .map((role) => `'${role}'`)
  .join(", ")})`;
const waits = `m.${m.of.last_sent_at} + t.slow_ms > ${now} AND m.${m.of.last_sent_at} <= ${now}`;
/** One of a direct room's people does not want to hear of who writes. */
const blocked = `t.kind = 'direct' AND EXISTS (SELECT 1 FROM ${b.table} b JOIN ${m.table} x
    ON x.${m.of.user} = b.${b.of.user} AND x.${m.of.room} = d.room WHERE b.${b.of.blocked} = d.actor)`;
/** An earlier draft of the set by the same person that is not stored yet: it takes the turn that slow mode allows. */
const second = `d.later AND EXISTS (SELECT 1 FROM drafts e WHERE e.room = d.room AND e.actor = d.actor AND e.place < d.place
    AND NOT EXISTS (SELECT 1 FROM ${g.table} g WHERE g.${g.of.id} = e.id AND g.${g.of.sender} = e.actor AND g.${g.of.room} = e.room))`;

/** A ban that has not run out. */
export const banned = `m.${m.of.state} IS 'banned' AND (m.${m.of.banned_until} = 0 OR m.${m.of.banned_until} > ${now})`;

const mayJoin = `CASE ${member.right} WHEN 'self' THEN t.kind IN ('public', 'broadcast') OR m.${m.of.state} IS 'invited'
    WHEN 'room' THEN t.kind = 'direct' AND EXISTS (SELECT 1 FROM ${m.table} a
      WHERE a.${m.of.room} = d.room AND a.${m.of.user} = ${member.actor} AND a.${m.of.state} = 'joined')
    ELSE true END`;

/**
 * Where a join or a leave has its seq. While a set is being done, that of one without an event stands there negated: so
 * the statements behind tell it from a place that was there before, though the seq is that of another's event.
 */
const seqOf = { joined: m.of.joined_seq, left: m.of.left_seq } as const;

/** One of the rooms in ?2 may have been large enough for that, before ?3 people came or went. */
const crowded = `EXISTS (SELECT 1 FROM json_each(?2) x JOIN ${r.table} r ON r.${r.of.n} = x.value WHERE r.${r.of.members} + ?3 > ${listed_members_max})`;

/** The events of joins or leaves, once the places are written. */
function changeOf(kind: "joined" | "left", rooms: string): string {
  const seq = seqOf[kind];
  return `${memberDrafts(rooms)}
    INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    SELECT d.room, m.${seq}, '${kind}', d.target, ${member.actor}, max(${now}, t.at), ${member.data}
    FROM drafts d JOIN touched t ON t.n = d.room JOIN ${targetMember}
    WHERE m.${m.of.state} = '${kind}' AND m.${seq} > t.top`;
}

/** Tells other nodes of joins or leaves without an event, then sets their seqs right. */
function silently(kind: "joined" | "left"): readonly string[] {
  const seq = seqOf[kind];
  return [
    `INSERT INTO ${o.table} (${o.of.kind}, ${o.of.subject}, ${o.of.user}, ${o.of.seq}, ${o.of.at})
    SELECT 'place', m.${m.of.room}, m.${m.of.user}, -m.${seq}, ${now}
    FROM json_each(?1) d JOIN ${m.table} m ON m.${m.of.room} = d.value ->> 0 AND m.${m.of.user} = d.value ->> 1
    WHERE ${crowded} AND m.${seq} < 0 ORDER BY d.key`,
    `UPDATE ${m.table} SET ${seq} = -${m.table}.${seq} FROM json_each(?1) d
    WHERE ${crowded} AND ${m.table}.${m.of.room} = d.value ->> 0 AND ${m.table}.${m.of.user} = d.value ->> 1 AND ${m.table}.${seq} < 0`,
  ];
}

/**
 * What became of joins or leaves, as one cell: `[place, code, seq, time, silent]` of each. `refused` gives the code of
 * those that were not done.
 */
function outcomesOf(kind: "joined" | "left", refused: string): string {
  const seq = seqOf[kind];
  const silent = `ifnull(m.${seq} < 0, 0)`;
  return `${memberDrafts(touched)}
    SELECT json_group_array(json_array(d.place,
      CASE ${refused}
        WHEN m.${seq} < 0 THEN 'committed'
        WHEN m.${seq} > t.last_seq AND EXISTS (SELECT 1 FROM ${c.table} c WHERE c.${c.of.room} = d.room AND c.${c.of.seq} = m.${seq}
          AND c.${c.of.kind} = '${kind}' AND c.${c.of.target} = d.target) THEN 'committed'
        ELSE 'repeated' END,
      ifnull(abs(m.${seq}), 0), CASE ${silent} WHEN 1 THEN max(${now}, t.at) ELSE ifnull(t.at, 0) END, ${silent}))
    FROM drafts d LEFT JOIN touched t ON t.n = d.room LEFT JOIN ${targetMember}`;
}

/** Past `listed` joins the room has more than `listed_members_max` members, and the rest are a count. */
function joinsTo(rooms: string): readonly string[] {
  return [
    `${memberDrafts(rooms)}
    INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq})
    SELECT room, target, role, 'joined', CASE history WHEN 'all' THEN first_seq ELSE top + min(nth, listed) + (nth > listed) END,
      CASE WHEN nth > listed THEN -(top + listed) ELSE top + nth END
    FROM (
      SELECT d.room AS room, d.target AS target, ${member.role} AS role, t.history AS history, t.first_seq AS first_seq, t.top AS top,
        max(${listed_members_max + 1} - t.members, 0) AS listed, row_number() OVER (PARTITION BY d.room ORDER BY d.place) AS nth
      FROM drafts d JOIN touched t ON t.n = d.room LEFT JOIN ${targetMember}
      WHERE t.kind <> 'open' AND NOT t.closed AND m.${m.of.state} IS NOT 'joined' AND NOT (${banned}) AND ${mayJoin}
    ) WHERE true
    ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.role} = excluded.${m.of.role}, ${m.of.state} = 'joined',
      ${m.of.visible_from} = excluded.${m.of.visible_from}, ${m.of.joined_seq} = excluded.${m.of.joined_seq}, ${m.of.left_seq} = NULL`,
    `${memberDrafts(rooms)}
    UPDATE ${r.table} SET ${r.of.members} = ${r.table}.${r.of.members} + come.count FROM (
      SELECT d.room AS room, count(*) AS count FROM drafts d JOIN touched t ON t.n = d.room JOIN ${targetMember}
      WHERE m.${m.of.state} = 'joined' AND (m.${m.of.joined_seq} > t.top OR m.${m.of.joined_seq} < 0) GROUP BY d.room
    ) AS come WHERE ${r.table}.${r.of.n} = come.room`,
    changeOf("joined", rooms),
  ];
}

/**
 * Members are counted before the leaves are written, for then nobody knows any more who was in and who was only invited.
 * At each leave there are those that stay, and who leaves with it and behind it.
 */
function leavesFrom(rooms: string): readonly string[] {
  return [
    `UPDATE ${r.table} SET ${r.of.members} = ${r.table}.${r.of.members} - gone.count FROM (
      SELECT m.${m.of.room} AS room, count(*) AS count
      FROM json_each(?1) d JOIN ${m.table} m ON m.${m.of.room} = d.value ->> 0 AND m.${m.of.user} = d.value ->> 1
      WHERE m.${m.of.state} = 'joined' GROUP BY 1
    ) AS gone WHERE ${r.table}.${r.of.n} = gone.room AND ${r.table}.${r.of.deleted_at} IS NULL`,
    `${memberDrafts(rooms)}
    UPDATE ${m.table} SET ${m.of.state} = 'left', ${m.of.left_seq} = gone.seq FROM (
      SELECT room, target, CASE WHEN silent THEN -top ELSE top + sum(NOT silent) OVER (PARTITION BY room ORDER BY place) END AS seq
      FROM (
        SELECT d.place AS place, d.room AS room, d.target AS target, t.top AS top, t.members + sum(m.${m.of.state} = 'joined') OVER
          (PARTITION BY d.room ORDER BY d.place ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) > ${listed_members_max} AS silent
        FROM drafts d JOIN touched t ON t.n = d.room JOIN ${targetMember}
        WHERE t.kind <> 'open' AND m.${m.of.state} IN ('joined', 'invited')
      )
    ) AS gone WHERE ${m.table}.${m.of.room} = gone.room AND ${m.table}.${m.of.user} = gone.target`,
    changeOf("left", rooms),
  ];
}

function messagesTo(rooms: string): string {
  return `WITH ${messageDrafts("?1")}, ${rooms}
    INSERT INTO ${g.table} (${g.of.room}, ${g.of.seq}, ${g.of.id}, ${g.of.sender}, ${g.of.sent_at}, ${g.of.data})
    SELECT d.room, ${numbered}, d.id, d.actor, max(${now}, t.at), d.data
    FROM drafts d JOIN touched t ON t.n = d.room LEFT JOIN ${actorMember}
    WHERE NOT t.closed AND (t.kind = 'open' OR (m.${m.of.state} = 'joined' AND m.${m.of.muted_until} <= ${now}
        AND (${moderates} OR (t.post <> 'moderators' AND (t.slow_ms = 0 OR NOT (${waits} OR ifnull(${second}, false)))))
        AND NOT (${blocked})))
      AND NOT EXISTS (SELECT 1 FROM ${g.table} g WHERE ${storedMessage})`;
}

/** Rooms of which a transaction may have advanced: ?1 lists keys, ?2 ids of new ones. */
const advanced = `r.${r.of.n} IN (SELECT value FROM json_each(?1)
    UNION ALL SELECT x.${r.of.n} FROM json_each(?2) JOIN ${r.table} x ON x.${r.of.id} = value)`;

/**
 * A room of ?1 that has no event yet: this transaction has made it. Drafts of rooms are `[id, kind, name, history, actor,
 * data, topic, post, invite, slow_ms, direct_key]`; the second one of an id has made nothing.
 */
const newRoom = `json_each(?1) d JOIN ${r.table} r ON r.${r.of.id} = d.value ->> 0
    WHERE r.${r.of.kind} <> 'open' AND r.${r.of.created_by} = d.value ->> 4 AND ${top} = 0 ORDER BY d.key`;

export const remoteSql = {
  created: `INSERT INTO ${r.table} (${r.of.id}, ${r.of.kind}, ${r.of.name}, ${r.of.history}, ${r.of.created_by}, ${r.of.created_at},
      ${r.of.topic}, ${r.of.post}, ${r.of.invite}, ${r.of.slow_ms}, ${r.of.direct_key}, ${r.of.members})
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ${now},
      value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 1 <> 'open' FROM json_each(?1) WHERE true
    ON CONFLICT DO NOTHING RETURNING ${r.of.n}`,
  createdMember: `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq})
    SELECT r.${r.of.n}, d.value ->> 4, 'owner', 'joined', 1, 1 FROM ${newRoom} ON CONFLICT DO NOTHING`,
  createdChange: `INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    SELECT r.${r.of.n}, 1, 'joined', d.value ->> 4, d.value ->> 4, r.${r.of.created_at}, d.value ->> 5 FROM ${newRoom} ON CONFLICT DO NOTHING`,
  /** The room that is there now: that of the id, else that of the same people. One that was made just now stands at 1. */
  createdOutcomes: `SELECT json_group_array(json_array(d.key, r.${r.of.n}, max(r.${r.of.last_seq}, r.${r.of.kind} <> 'open'), r.${r.of.created_at}))
    FROM json_each(?1) d JOIN ${r.table} r ON r.${r.of.n} = ifnull(
      (SELECT x.${r.of.n} FROM ${r.table} x WHERE x.${r.of.id} = d.value ->> 0),
      (SELECT x.${r.of.n} FROM ${r.table} x WHERE x.${r.of.direct_key} = d.value ->> 10))`,

  /** `first` is for rooms to which this batch has added nothing yet, as most of its drafts are. */
  messages: { later: messagesTo(touched), first: messagesTo(untouched) },
  /**
   * Behind the insert. Where that has stored all of ?2 drafts, as it nearly always has, nothing is looked up but the last
   * message of each room in ?3, for the rest follows from it. Else: the words come along only where the id was stored
   * before, to be compared. Who was muted or had to wait at the insert a millisecond ago is told so though the time is up
   * by now.
   */
  messageOutcomes: `WITH ${messageDrafts("CASE WHEN changes() = ?2 THEN '[]' ELSE ?1 END")}, touched AS (${known})
    SELECT json_group_array(json_array(d.place,
      CASE
        WHEN g.${g.of.seq} > t.last_seq THEN 'committed'
        WHEN g.${g.of.seq} IS NOT NULL THEN 'repeated'
        WHEN t.n IS NULL OR (t.kind <> 'open' AND m.${m.of.state} IS NOT 'joined') THEN 'room_not_found'
        WHEN t.closed THEN 'room_closed'
        WHEN m.${m.of.muted_until} > ${now} THEN 'muted'
        WHEN NOT ${moderates} AND t.post = 'moderators' THEN 'permission_denied'
        WHEN ${blocked} THEN 'permission_denied'
        WHEN NOT ${moderates} AND t.slow_ms > 0 THEN 'slow_mode'
        WHEN m.${m.of.muted_until} > 0 THEN 'muted'
        ELSE 'internal' END,
      ifnull(g.${g.of.seq}, 0), ifnull(g.${g.of.sent_at}, 0),
      CASE WHEN (d.data OR g.${g.of.seq} > t.last_seq IS NOT true) AND g.${g.of.edited_seq} IS NULL AND g.${g.of.deleted_seq} IS NULL
        THEN g.${g.of.data} END)),
      (SELECT json_group_array(json_array(g.${g.of.room}, g.${g.of.seq}, g.${g.of.sent_at})) FROM json_each(?3) AS ends JOIN ${g.table} g
        ON g.${g.of.room} = ends.value AND g.${g.of.seq} = (SELECT max(x.${g.of.seq}) FROM ${g.table} x WHERE x.${g.of.room} = ends.value))
    FROM drafts d LEFT JOIN touched t ON t.n = d.room LEFT JOIN ${actorMember}
    LEFT JOIN ${g.table} g ON ${storedMessage}`,
  /** Who has written to a room in slow mode, among those of ?1, since it last changed. */
  sent: `UPDATE ${m.table} SET ${m.of.last_sent_at} = min(x.at, ${now}) FROM (
      SELECT g.${g.of.room} AS room, g.${g.of.sender} AS user, max(g.${g.of.sent_at}) AS at
      FROM ${r.table} r JOIN ${g.table} g ON g.${g.of.room} = r.${r.of.n} AND g.${g.of.seq} >
        max(r.${r.of.last_seq}, ifnull((SELECT max(c.${c.of.seq}) FROM ${c.table} c WHERE c.${c.of.room} = r.${r.of.n}), 0))
      WHERE r.${r.of.n} IN (SELECT value FROM json_each(?1)) AND r.${r.of.slow_ms} > 0 AND r.${r.of.kind} <> 'open' GROUP BY 1, 2
    ) AS x WHERE ${m.table}.${m.of.room} = x.room AND ${m.table}.${m.of.user} = x.user`,

  joined: {
    later: joinsTo(touched),
    first: joinsTo(untouched),
    told: outcomesOf(
      "joined",
      `WHEN t.n IS NULL OR t.kind = 'open' THEN 'room_not_found'
        WHEN m.${m.of.state} IS NOT 'joined' THEN iif(t.closed AND NOT (${banned}) AND ${mayJoin}, 'room_closed', 'room_not_found')`,
    ),
    silently: silently("joined"),
  },
  left: {
    later: leavesFrom(touched),
    first: leavesFrom(untouched),
    told: outcomesOf("left", `WHEN t.n IS NULL OR t.kind = 'open' OR m.${m.of.state} IS NULL THEN 'room_not_found'`),
    silently: silently("left"),
  },

  /** Marks are `[room, actor, read, received]`. Nobody has read what was not there before this batch. */
  marks: `UPDATE ${m.table} SET ${m.of.read_seq} = max(${m.table}.${m.of.read_seq}, min(d.read, r.${r.of.last_seq})),
      ${m.of.recv_seq} = max(${m.table}.${m.of.recv_seq}, min(max(d.read, d.received), r.${r.of.last_seq}))
    FROM (
      SELECT value ->> 0 AS room, value ->> 1 AS actor, max(value ->> 2) AS read, max(value ->> 3) AS received FROM json_each(?1) GROUP BY 1, 2
    ) AS d JOIN ${r.table} r ON r.${r.of.n} = d.room AND r.${r.of.deleted_at} IS NULL
    WHERE ${m.table}.${m.of.room} = d.room AND ${m.table}.${m.of.user} = d.actor AND ${m.table}.${m.of.state} = 'joined'`,
  marksOutcomes: `SELECT json_group_array(json_array(d.key, iif(r.${r.of.n} IS NULL, 'room_not_found', 'committed'), 0, ${now}))
    FROM json_each(?1) d LEFT JOIN ${r.table} r ON r.${r.of.n} = d.value ->> 0 AND r.${r.of.deleted_at} IS NULL`,

  announce: `INSERT INTO ${k.table} (${k.of.room}, ${k.of.first_seq}, ${k.of.last_seq}, ${k.of.at})
    SELECT n, last_seq + 1, top, ${now} FROM (
      SELECT r.${r.of.n} AS n, r.${r.of.last_seq} AS last_seq, ${top} AS top FROM ${r.table} r WHERE ${advanced}
    ) WHERE top > last_seq`,
  /** Right behind the announcement, by what it says; the room's last event is a message or it is not. */
  advance: `UPDATE ${r.table} SET ${r.of.last_seq} = k.${k.of.last_seq}, ${r.of.last_at} = ifnull(
      (SELECT g.${g.of.sent_at} FROM ${g.table} g WHERE g.${g.of.room} = k.${k.of.room} AND g.${g.of.seq} = k.${k.of.last_seq}),
      (SELECT c.${c.of.sent_at} FROM ${c.table} c WHERE c.${c.of.room} = k.${k.of.room} AND c.${c.of.seq} = k.${k.of.last_seq}))
    FROM ${k.table} k WHERE k.${k.of.n} > last_insert_rowid() - changes() AND k.${k.of.n} <= last_insert_rowid()
      AND ${r.table}.${r.of.n} = k.${k.of.room}`,
} as const;
