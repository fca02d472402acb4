/** The statements of a commit, by the schema's names. The writing thread prepares them once. */

import { namesOf } from "./names.ts";
import { changes, commits, members, messages, rooms } from "./schema.ts";

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const k = namesOf(commits);

export const commitSql = {
  room: `SELECT ${r.of.last_seq}, ${r.of.last_at}, ${r.of.kind}, ${r.of.history}, ${r.of.closed_at} IS NOT NULL, ${r.of.first_seq}
    FROM ${r.table} WHERE ${r.of.n} = ?`,
  member: `SELECT ${m.of.state}, ${m.of.muted_until}, ${m.of.joined_seq}, ${m.of.left_seq} FROM ${m.table}
    WHERE ${m.of.room} = ? AND ${m.of.user} = ?`,
  /** An id that is stored already changes nothing, and is told by the count of changed rows. */
  message: `INSERT INTO ${g.table} (${g.of.room}, ${g.of.seq}, ${g.of.id}, ${g.of.sender}, ${g.of.sent_at}, ${g.of.data})
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (${g.of.id}, ${g.of.sender}, ${g.of.room}) DO NOTHING`,
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
  left: `UPDATE ${m.table} SET ${m.of.state} = 'left', ${m.of.left_seq} = ?3 WHERE ${m.of.room} = ?1 AND ${m.of.user} = ?2`,
  created: `INSERT INTO ${r.table} (${r.of.id}, ${r.of.kind}, ${r.of.name}, ${r.of.history}, ${r.of.created_by}, ${r.of.created_at})
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (${r.of.id}) DO NOTHING`,
  roomByName: `SELECT ${r.of.n}, ${r.of.last_seq} FROM ${r.table} WHERE ${r.of.id} = ?`,
  advance: `UPDATE ${r.table} SET ${r.of.last_seq} = ?, ${r.of.last_at} = ? WHERE ${r.of.n} = ?`,
  announce: `INSERT INTO ${k.table} (${k.of.room}, ${k.of.first_seq}, ${k.of.last_seq}, ${k.of.at}) VALUES (?, ?, ?, ?)`,
} as const;

export type CommitSql = typeof commitSql;
