/** The statements of a commit, by the schema's names. The writing thread prepares them once. */

import { namesOf } from "./names.ts";
import { blocks, changes, commits, controls, members, messages, revisions, rooms } from "./schema.ts";

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const k = namesOf(commits);
const v = namesOf(revisions);
const b = namesOf(blocks);
const o = namesOf(controls);

/** Messages that one statement writes: each call of the driver costs as much as writing a row. */
export const message_rows = 8;
const rowOfMessage = "(?, ?, ?, ?, ?, ?)";
/** An id that is stored already changes nothing, and is told by the count of changed rows. */
const messagesOf = (rows: number): string =>
  `INSERT INTO ${g.table} (${g.of.room}, ${g.of.seq}, ${g.of.id}, ${g.of.sender}, ${g.of.sent_at}, ${g.of.data})
    VALUES ${Array(rows).fill(rowOfMessage).join(", ")} ON CONFLICT (${g.of.id}, ${g.of.sender}, ${g.of.room}) DO NOTHING`;

const ofPlace = `WHERE ${m.of.room} = ?1 AND ${m.of.user} = ?2`;

export const commitSql = {
  room: `SELECT ${r.of.last_seq}, ${r.of.last_at}, ${r.of.kind}, ${r.of.history}, ${r.of.closed_at} IS NOT NULL, ${r.of.first_seq},
      ${r.of.post}, ${r.of.invite}, ${r.of.slow_ms}, ${r.of.members}
    FROM ${r.table} WHERE ${r.of.n} = ? AND ${r.of.deleted_at} IS NULL`,
  member: `SELECT ${m.of.state}, ${m.of.role}, ${m.of.muted_until}, ${m.of.banned_until}, ${m.of.last_sent_at}, ${m.of.joined_seq}, ${m.of.left_seq}
    FROM ${m.table} ${ofPlace}`,
  message: messagesOf(1),
  messages: messagesOf(message_rows),
  /** The first try of a message; an edit or a deletion has changed its words, so those cannot be compared. */
  stored: `SELECT ${g.of.seq}, ${g.of.sent_at},
      CASE WHEN ${g.of.edited_seq} IS NULL AND ${g.of.deleted_seq} IS NULL THEN ${g.of.data} END
    FROM ${g.table} WHERE ${g.of.id} = ? AND ${g.of.sender} = ? AND ${g.of.room} = ?`,
  change: `INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  joined: `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq})
    VALUES (?1, ?2, ?3, 'joined', ?4, ?5)
    ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET
      ${m.of.role} = ?3, ${m.of.state} = 'joined', ${m.of.visible_from} = ?4, ${m.of.joined_seq} = ?5, ${m.of.left_seq} = NULL`,
  left: `UPDATE ${m.table} SET ${m.of.state} = 'left', ${m.of.left_seq} = ?3 ${ofPlace}`,
  invited: `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq}, ${m.of.invited_by})
    VALUES (?1, ?2, 'member', 'invited', ?3, ?3, ?4)
    ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.state} = 'invited', ${m.of.role} = 'member', ${m.of.invited_by} = ?4`,
  banned: `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq}, ${m.of.left_seq}, ${m.of.banned_until}, ${m.of.ban_reason})
    VALUES (?1, ?2, 'member', 'banned', ?3, ?3, ?3, ?4, ?5)
    ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.state} = 'banned', ${m.of.role} = 'member', ${m.of.left_seq} = ?3,
      ${m.of.banned_until} = ?4, ${m.of.ban_reason} = ?5`,
  muted: `UPDATE ${m.table} SET ${m.of.muted_until} = ?3 ${ofPlace}`,
  role: `UPDATE ${m.table} SET ${m.of.role} = ?3 ${ofPlace}`,
  sent: `UPDATE ${m.table} SET ${m.of.last_sent_at} = ?3 ${ofPlace}`,
  marks: `UPDATE ${m.table} SET ${m.of.read_seq} = max(${m.of.read_seq}, ?3), ${m.of.recv_seq} = max(${m.of.recv_seq}, ?4)
    ${ofPlace} AND ${m.of.state} = 'joined'`,
  /** Whether one of a direct room's people does not want to hear of who writes. */
  blocked: `SELECT 1 FROM ${b.table} b JOIN ${m.table} m ON m.${m.of.user} = b.${b.of.user} AND m.${m.of.room} = ?1
    WHERE b.${b.of.blocked} = ?2 LIMIT 1`,
  created: `INSERT INTO ${r.table} (${r.of.id}, ${r.of.kind}, ${r.of.name}, ${r.of.history}, ${r.of.created_by}, ${r.of.created_at},
      ${r.of.topic}, ${r.of.post}, ${r.of.invite}, ${r.of.slow_ms}, ${r.of.direct_key})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  /** That of the id, else that of the same people. One that was made in this batch stands at 1 already. */
  roomByName: `SELECT ${r.of.n}, max(${r.of.last_seq}, ${r.of.kind} <> 'open'), ${r.of.created_at} FROM ${r.table}
    WHERE ${r.of.id} = ?1 OR ${r.of.direct_key} = ?2 ORDER BY ${r.of.id} = ?1 DESC LIMIT 1`,
  changed: `UPDATE ${r.table} SET ${r.of.name} = ifnull(?2, ${r.of.name}), ${r.of.topic} = ifnull(?3, ${r.of.topic}),
      ${r.of.history} = ifnull(?4, ${r.of.history}), ${r.of.post} = ifnull(?5, ${r.of.post}),
      ${r.of.invite} = ifnull(?6, ${r.of.invite}), ${r.of.slow_ms} = ifnull(?7, ${r.of.slow_ms})
    WHERE ${r.of.n} = ?1`,
  closed: `UPDATE ${r.table} SET ${r.of.closed_at} = ?2 WHERE ${r.of.n} = ?1`,
  gone: `UPDATE ${r.table} SET ${r.of.deleted_at} = ?2, ${r.of.direct_key} = NULL WHERE ${r.of.n} = ?1`,
  counted: `UPDATE ${r.table} SET ${r.of.members} = ?2 WHERE ${r.of.n} = ?1`,
  found: `SELECT ${g.of.sender}, ${g.of.deleted_seq} FROM ${g.table} WHERE ${g.of.room} = ? AND ${g.of.seq} = ?`,
  deleted: `UPDATE ${g.table} SET ${g.of.data} = 'null', ${g.of.deleted_seq} = ?3 WHERE ${g.of.room} = ?1 AND ${g.of.seq} = ?2`,
  unrevised: `DELETE FROM ${v.table} WHERE ${v.of.room} = ? AND ${v.of.seq} = ?`,
  advance: `UPDATE ${r.table} SET ${r.of.last_seq} = ?, ${r.of.last_at} = ? WHERE ${r.of.n} = ?`,
  announce: `INSERT INTO ${k.table} (${k.of.room}, ${k.of.first_seq}, ${k.of.last_seq}, ${k.of.at}) VALUES (?, ?, ?, ?)`,
  /** A place that changed without an event: other nodes look here. */
  placed: `INSERT INTO ${o.table} (${o.of.kind}, ${o.of.subject}, ${o.of.user}, ${o.of.seq}, ${o.of.at}) VALUES ('place', ?, ?, ?, ?)`,
} as const;

export type CommitSql = typeof commitSql;
