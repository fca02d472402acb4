/**
 * The statements of a commit on a libSQL server for what is rare: one draft a run, as one JSON text. The first writes the
 * event if the draft is judged right (`commit-rules.ts` says the same); the second tells what became of it; those behind
 * do what it says, each only if the one that wrote last has changed a row.
 */

import type { MemberKind, RoomChangeKind } from "../protocol/events.ts";
import { roomRank, roomRoles, type RoomRole } from "../protocol/roles.ts";
import { banned, now, touched } from "./commit-remote-sql.ts";
import { namesOf } from "./names.ts";
import { changes, members, messages, revisions, rooms } from "./schema.ts";

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const c = namesOf(changes);
const v = namesOf(revisions);

/** The statements of a kind, in their order. */
export type ChangeSql = readonly string[];

/** What the statements read of a draft, as values of ?1; `target` and the actor's place in the room come with it. */
const memberFields = ["room", "actor", "target", "by_right", "data", "until", "role", "reason"] as const;
const roomFields = [
  "room",
  "actor",
  "target",
  "by_right",
  "data",
  "rank",
  "name",
  "topic",
  "history",
  "post",
  "invite",
  "slow_ms",
] as const;

function field(fields: readonly string[], name: string): string {
  return `?1 ->> ${fields.indexOf(name)}`;
}

function draftOf(fields: readonly string[]): string {
  return `WITH drafts AS MATERIALIZED (
    SELECT ${fields.map((name) => `${field(fields, name)} AS ${name}`).join(", ")}), ${touched}`;
}

const judged = `drafts d LEFT JOIN touched t ON t.n = d.room
    LEFT JOIN ${m.table} a ON a.${m.of.room} = d.room AND a.${m.of.user} = d.actor
    LEFT JOIN ${m.table} m ON m.${m.of.room} = d.room AND m.${m.of.user} = d.target`;

function rankOf(place: "a" | "m"): string {
  const ranks = roomRoles.map((role) => `WHEN '${role}' THEN ${roomRank(role)}`).join(" ");
  return `CASE ${place}.${m.of.state} WHEN 'joined' THEN CASE ${place}.${m.of.role} ${ranks} ELSE 0 END ELSE 0 END`;
}

function atLeast(role: RoomRole): string {
  return `${rankOf("a")} >= ${roomRank(role)}`;
}

/** What every kind begins with; `suffices` is what a member must be. */
function allowed(suffices: string): string {
  return `WHEN t.n IS NULL OR t.kind = 'open' THEN 'room_not_found'
        WHEN d.by_right <> 'server' AND a.${m.of.state} IS NOT 'joined' THEN 'room_not_found'
        WHEN d.by_right <> 'server' AND (t.kind = 'direct' OR NOT (${suffices})) THEN 'permission_denied'`;
}

interface Change {
  readonly fields: readonly string[];
  readonly kind: string;
  /** Whens of a CASE that is null where the draft is right. */
  readonly verdict: string;
  /** Where it is so already, the seq of the first time. */
  readonly first: string;
  /** More that is judged. */
  readonly also?: string;
  readonly effects: readonly string[];
}

/** (A ban that ran out between the first two statements is the one case in which nothing was written and nothing is wrong.) */
function changeOf({ fields, kind, verdict, first, also = "", effects }: Change): ChangeSql {
  const head = draftOf(fields);
  return [
    `${head}
    INSERT INTO ${c.table} (${c.of.room}, ${c.of.seq}, ${c.of.kind}, ${c.of.target}, ${c.of.actor}, ${c.of.sent_at}, ${c.of.data})
    SELECT d.room, t.top + 1, '${kind}', d.target, d.actor, max(${now}, t.at), d.data
    FROM ${judged} ${also} WHERE CASE ${verdict} END IS NULL`,
    `${head}
    SELECT json_array(json_array(0, iif(changes() = 1, 'committed', CASE ${verdict} ELSE 'permission_denied' END),
      iif(changes() = 1, t.top, ${first}), ifnull(t.at, 0)))
    FROM ${judged} ${also}`,
    ...effects,
  ];
}

/** The event just written: the room's last. */
const seq = `(SELECT max(c.${c.of.seq}) FROM ${c.table} c WHERE c.${c.of.room} = ?1 ->> 0)`;
const room = `${r.of.n} = ?1 ->> 0 AND changes() = 1`;
const place = `${m.of.room} = ?1 ->> 0 AND ${m.of.user} = ?1 ->> 2 AND changes() = 1`;
const until = `ifnull(${field(memberFields, "until")}, 0)`;

/** One member less, if it was one. */
const uncounted = `UPDATE ${r.table} SET ${r.of.members} = ${r.of.members} - EXISTS (SELECT 1 FROM ${m.table} m
    WHERE m.${m.of.room} = ?1 ->> 0 AND m.${m.of.user} = ?1 ->> 2 AND m.${m.of.state} = 'joined') WHERE ${room}`;

const left = `UPDATE ${m.table} SET ${m.of.state} = 'left', ${m.of.left_seq} = ${seq} WHERE ${place}`;

const stands = allowed(`${atLeast("moderator")} AND ${rankOf("a")} > ${rankOf("m")}`);
const isMember = `WHEN m.${m.of.state} IS NOT 'joined' THEN 'not_a_member'`;

function membership(kind: MemberKind, verdict: string, effects: readonly string[]): ChangeSql {
  const first = `CASE m.${m.of.state} WHEN 'joined' THEN m.${m.of.joined_seq} ELSE ifnull(m.${m.of.left_seq}, 0) END`;
  return changeOf({ fields: memberFields, kind, verdict, first, effects });
}

function roomChange(kind: RoomChangeKind, repeated: string, effect: string): ChangeSql {
  const verdict = `${allowed(`${rankOf("a")} >= d.rank`)} ${repeated}`;
  return changeOf({ fields: roomFields, kind, verdict, first: "t.top", effects: [effect] });
}

const settings = (["name", "topic", "history", "post", "invite", "slow_ms"] as const)
  .map((name) => `${r.of[name]} = ifnull(${field(roomFields, name)}, ${r.of[name]})`)
  .join(", ");

export const changeSql = {
  invited: membership(
    "invited",
    `${allowed(`t.invite <> 'moderators' OR ${atLeast("moderator")}`)}
        WHEN t.closed THEN 'room_closed' WHEN m.${m.of.state} IN ('joined', 'invited') THEN 'repeated'
        WHEN ${banned} THEN 'permission_denied'`,
    [
      `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq}, ${m.of.invited_by})
      SELECT ?1 ->> 0, ?1 ->> 2, 'member', 'invited', ${seq}, ${seq}, ?1 ->> 1 WHERE changes() = 1
      ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.state} = 'invited', ${m.of.role} = 'member',
        ${m.of.invited_by} = excluded.${m.of.invited_by}`,
    ],
  ),
  removed: membership(
    "removed",
    `${stands} WHEN ifnull(m.${m.of.state}, '') NOT IN ('joined', 'invited') THEN 'repeated'`,
    [uncounted, left],
  ),
  banned: membership(
    "banned",
    `${stands} WHEN m.${m.of.state} IS 'banned' AND m.${m.of.banned_until} = ifnull(d.until, 0) THEN 'repeated'`,
    [
      uncounted,
      `INSERT INTO ${m.table} (${m.of.room}, ${m.of.user}, ${m.of.role}, ${m.of.state}, ${m.of.visible_from}, ${m.of.joined_seq},
        ${m.of.left_seq}, ${m.of.banned_until}, ${m.of.ban_reason})
      SELECT ?1 ->> 0, ?1 ->> 2, 'member', 'banned', ${seq}, ${seq}, ${seq}, ${until}, ${field(memberFields, "reason")} WHERE changes() = 1
      ON CONFLICT (${m.of.room}, ${m.of.user}) DO UPDATE SET ${m.of.state} = 'banned', ${m.of.role} = 'member',
        ${m.of.left_seq} = excluded.${m.of.left_seq}, ${m.of.banned_until} = excluded.${m.of.banned_until},
        ${m.of.ban_reason} = excluded.${m.of.ban_reason}`,
    ],
  ),
  unbanned: membership("unbanned", `${stands} WHEN m.${m.of.state} IS NOT 'banned' THEN 'repeated'`, [left]),
  muted: membership("muted", `${stands} ${isMember} WHEN m.${m.of.muted_until} = ifnull(d.until, 0) THEN 'repeated'`, [
    `UPDATE ${m.table} SET ${m.of.muted_until} = ${until} WHERE ${place}`,
  ]),
  role: membership("role", `${allowed(atLeast("owner"))} ${isMember} WHEN m.${m.of.role} = d.role THEN 'repeated'`, [
    `UPDATE ${m.table} SET ${m.of.role} = ${field(memberFields, "role")} WHERE ${place}`,
  ]),

  changed: roomChange("changed", "", `UPDATE ${r.table} SET ${settings} WHERE ${room}`),
  closed: roomChange(
    "closed",
    "WHEN t.closed THEN 'repeated'",
    `UPDATE ${r.table} SET ${r.of.closed_at} = ${now} WHERE ${room}`,
  ),
  reopened: roomChange(
    "reopened",
    "WHEN NOT t.closed THEN 'repeated'",
    `UPDATE ${r.table} SET ${r.of.closed_at} = NULL WHERE ${room}`,
  ),
  gone: roomChange(
    "gone",
    "",
    `UPDATE ${r.table} SET ${r.of.deleted_at} = ${now}, ${r.of.direct_key} = NULL WHERE ${room}`,
  ),

  deleted: changeOf({
    fields: memberFields,
    kind: "deleted",
    also: `LEFT JOIN ${g.table} g ON g.${g.of.room} = d.room AND g.${g.of.seq} = d.target`,
    verdict: `WHEN t.n IS NULL THEN 'room_not_found'
        WHEN d.by_right <> 'server' AND t.kind <> 'open' AND a.${m.of.state} IS NOT 'joined' THEN 'room_not_found'
        WHEN g.${g.of.seq} IS NULL THEN 'message_not_found'
        WHEN d.by_right <> 'server' AND g.${g.of.sender} <> d.actor AND (t.kind IN ('open', 'direct') OR d.by_right <> 'room' OR NOT (${atLeast("moderator")}))
          THEN 'permission_denied'
        WHEN g.${g.of.deleted_seq} IS NOT NULL THEN 'repeated'`,
    first: `g.${g.of.deleted_seq}`,
    effects: [
      `UPDATE ${g.table} SET ${g.of.data} = 'null', ${g.of.deleted_seq} = ${seq}
      WHERE ${g.of.room} = ?1 ->> 0 AND ${g.of.seq} = ?1 ->> 2 AND changes() = 1`,
      `DELETE FROM ${v.table} WHERE ${v.of.room} = ?1 ->> 0 AND ${v.of.seq} = ?1 ->> 2 AND changes() = 1`,
    ],
  }),
} as const satisfies Readonly<Record<string, ChangeSql>>;
