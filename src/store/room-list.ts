/** Lists of rooms: one's own with what is unread in them, and those that anybody may join. One query, one cell. */

import type { Client } from "@libsql/client";
import { unread_max } from "../protocol/limits.ts";
import type { RoomRole } from "../protocol/roles.ts";
import { namesOf, rowOf } from "./names.ts";
import type { RoomRow } from "./rooms.ts";
import { blocks, members, messages, rooms, users } from "./schema.ts";

export type ListedRow = RoomRow & { readonly last_at: number };

/** The newest message of a room; `text` is the beginning of the JSON text of its words. */
export interface NewestMessage {
  readonly seq: number;
  readonly time: number;
  readonly user: { readonly id: string; readonly name: string };
  readonly text: string | null;
}

/** A room that a person is in, as they have it. */
export interface OwnRoom {
  readonly room: ListedRow;
  readonly role: RoomRole;
  readonly visible_from: number;
  readonly read_seq: number;
  readonly unread: number;
  readonly mentions: number;
  readonly newest: NewestMessage | undefined;
  readonly people: readonly { readonly id: string; readonly name: string }[];
}

/** The last room of the page before: what it was sorted by, and its id. */
export interface After {
  readonly by: number;
  readonly id: string;
}

export interface OwnRoomsAsked {
  readonly user: number;
  /** `users.id` of the same person. */
  readonly id: string;
  /** Read marks that are on their way to the database, by the room's key. */
  readonly marks: readonly (readonly [room: number, seq: number])[];
  /** Ids of rooms; undefined for all. */
  readonly rooms: readonly string[] | undefined;
  readonly after: After | undefined;
  readonly limit: number;
}

const r = namesOf(rooms);
const m = namesOf(members);
const g = namesOf(messages);
const u = namesOf(users);
const b = namesOf(blocks);

const cells = [
  ...(["n", "id", "kind", "name", "first_seq", "last_seq", "history", "created_at", "closed_at", "topic"] as const),
  ...(["post", "invite", "slow_ms", "members", "last_at"] as const),
];
const roomCells = cells.map((cell) => `x.${r.of[cell]}`).join(", ");
const roomColumns = cells.map((cell) => `r.${r.of[cell]}`).join(", ");

/** So much of the JSON text of a message's words holds its first 200 characters, whatever is escaped in it. */
const text_prefix_chars = 1_300;

const unblocked = `g.${g.of.sender} NOT IN (SELECT ${b.of.blocked} FROM ${b.table} WHERE ${b.of.user} = ?1)`;
const readable = `g.${g.of.room} = x.${r.of.n} AND g.${g.of.deleted_seq} IS NULL AND ${unblocked}`;
// Nearly no message mentions anybody: those are not parsed.
const mentioned = `CASE WHEN instr(g.${g.of.data}, '"mentions"') = 0 THEN 0 WHEN NOT json_valid(g.${g.of.data}) THEN 0
  ELSE EXISTS (SELECT 1 FROM json_each(g.${g.of.data}, '$.mentions') WHERE value IN (?2, 'all', 'room')) END`;
/** Counted along the index and never subtracted: two numbers in one, for a subquery gives one value. */
const unread = `(SELECT count(*) * 1000 + ifnull(sum(hit), 0) FROM (
    SELECT ${mentioned} AS hit FROM ${g.table} g
    WHERE ${readable} AND g.${g.of.seq} > x.seen AND g.${g.of.sender} <> ?1 ORDER BY g.${g.of.seq} DESC LIMIT ${unread_max}))`;
// As JSON text and not as its value: a lone half of a surrogate pair is no text for the database's driver.
const words = `CASE WHEN json_valid(g.${g.of.data}) THEN CASE json_type(g.${g.of.data}, '$.text') WHEN 'text'
    THEN substr(g.${g.of.data} -> '$.text', 1, ${text_prefix_chars}) END END`;
const newest = `(SELECT json_array(g.${g.of.seq}, g.${g.of.sent_at}, u.${u.of.id}, u.${u.of.name}, ${words})
    FROM ${g.table} g JOIN ${u.table} u ON u.${u.of.n} = g.${g.of.sender}
    WHERE ${readable} AND g.${g.of.seq} >= x.${m.of.visible_from} ORDER BY g.${g.of.seq} DESC LIMIT 1)`;
const others = `CASE x.${r.of.kind} WHEN 'direct' THEN (SELECT json_group_array(json_array(u.${u.of.id}, u.${u.of.name}))
    FROM ${m.table} o JOIN ${u.table} u ON u.${u.of.n} = o.${m.of.user}
    WHERE o.${m.of.room} = x.${r.of.n} AND o.${m.of.user} <> ?1 AND o.${m.of.state} = 'joined') END`;

/**
 * ?1 and ?2 the person, ?3 marks on their way, ?4 rooms or null, ?5 and ?6 the page's beginning, ?7 its length. What is
 * seen begins at the person's view. An aggregate takes the rows in the order of its subquery.
 */
const ownSql = `SELECT json_group_array(json_array(${roomCells}, x.${m.of.role}, x.${m.of.visible_from}, x.seen,
    ${unread}, json(${newest}), json(${others})))
  FROM (
    SELECT ${roomColumns}, m.${m.of.role}, m.${m.of.visible_from},
      max(m.${m.of.visible_from} - 1, m.${m.of.read_seq}, min(r.${r.of.last_seq}, ifnull(k.seq, 0))) AS seen
    FROM ${m.table} m JOIN ${r.table} r ON r.${r.of.n} = m.${m.of.room}
    LEFT JOIN (SELECT value ->> 0 AS room, value ->> 1 AS seq FROM json_each(?3)) k ON k.room = m.${m.of.room}
    WHERE m.${m.of.user} = ?1 AND m.${m.of.state} = 'joined' AND r.${r.of.deleted_at} IS NULL
      AND (?4 IS NULL OR r.${r.of.id} IN (SELECT value FROM json_each(?4)))
      AND (?5 IS NULL OR r.${r.of.last_at} < ?5 OR (r.${r.of.last_at} = ?5 AND r.${r.of.id} > ?6))
    ORDER BY r.${r.of.last_at} DESC, r.${r.of.id} LIMIT ?7
  ) x`;

type NewestCells = [seq: number, time: number, user: string, name: string, text: string | null];
type OwnCells = [
  role: RoomRole,
  visible_from: number,
  read_seq: number,
  unread: number,
  newest: NewestCells | null,
  people: [id: string, name: string][] | null,
];

function newestOf([seq, time, id, name, text]: NewestCells): NewestMessage {
  return { seq, time, user: { id, name }, text };
}

/** The rooms that a person is in, the most recently active first. */
export async function ownRooms(client: Client, asked: OwnRoomsAsked): Promise<OwnRoom[]> {
  const { user, id, marks, rooms: only, after, limit } = asked;
  const listed = only === undefined ? null : JSON.stringify(only);
  const args = [user, id, JSON.stringify(marks), listed, after?.by ?? null, after?.id ?? null, limit];
  const { rows } = await client.execute({ sql: ownSql, args });
  const found = JSON.parse(rows[0]?.[0] as string) as unknown[][];
  return found.map((values) => {
    const [role, visible_from, read_seq, packed, message, people] = values.slice(cells.length) as OwnCells;
    return {
      room: rowOf<ListedRow>(cells, values),
      role,
      visible_from,
      read_seq,
      unread: Math.floor(packed / 1_000),
      mentions: packed % 1_000,
      newest: message === null ? undefined : newestOf(message),
      people: (people ?? []).map(([other, name]) => ({ id: other, name })),
    };
  });
}

export interface PublicRoom {
  readonly room: ListedRow;
  /** Of who is a member. */
  readonly place: { readonly role: RoomRole; readonly visible_from: number } | undefined;
}

/** ?1 the person, ?2 a pattern or null, ?3 and ?4 the page's beginning, ?5 its length. */
const publicSql = `SELECT json_group_array(json_array(${roomCells}, x.${m.of.role}, x.${m.of.visible_from}))
  FROM (
    SELECT ${roomColumns}, CASE m.${m.of.state} WHEN 'joined' THEN m.${m.of.role} END AS ${m.of.role},
      m.${m.of.visible_from} AS ${m.of.visible_from}
    FROM ${r.table} r LEFT JOIN ${m.table} m ON m.${m.of.room} = r.${r.of.n} AND m.${m.of.user} = ?1
    WHERE r.${r.of.kind} IN ('public', 'broadcast') AND r.${r.of.deleted_at} IS NULL AND r.${r.of.closed_at} IS NULL
      AND m.${m.of.state} IS NOT 'banned'
      AND (?2 IS NULL OR r.${r.of.name} LIKE ?2 ESCAPE '\\' OR r.${r.of.topic} LIKE ?2 ESCAPE '\\')
      AND (?3 IS NULL OR r.${r.of.members} < ?3 OR (r.${r.of.members} = ?3 AND r.${r.of.id} > ?4))
    ORDER BY r.${r.of.members} DESC, r.${r.of.id} LIMIT ?5
  ) x`;

/** ?1 the person, ?2 and ?3 the page's beginning, ?4 its length. */
const invitedSql = `SELECT json_group_array(json_array(${roomCells}))
  FROM (
    SELECT ${roomColumns} FROM ${m.table} m JOIN ${r.table} r ON r.${r.of.n} = m.${m.of.room}
    WHERE m.${m.of.user} = ?1 AND m.${m.of.state} = 'invited' AND r.${r.of.deleted_at} IS NULL AND r.${r.of.closed_at} IS NULL
      AND (?2 IS NULL OR r.${r.of.last_at} < ?2 OR (r.${r.of.last_at} = ?2 AND r.${r.of.id} > ?3))
    ORDER BY r.${r.of.last_at} DESC, r.${r.of.id} LIMIT ?4
  ) x`;

/**
 * A pattern that finds whatever has these words in it. The database knows upper and lower case of ASCII only: any
 * character may stand where others have two cases, and the caller looks again.
 */
export function patternOf(query: string): string {
  const pieces = Array.from(query, (char) => {
    if (/[\\%_]/.test(char)) return `\\${char}`;
    const isPlain = char.charCodeAt(0) < 0x80 || char.toLowerCase() === char.toUpperCase();
    return isPlain ? char : "_";
  });
  return `%${pieces.join("")}%`;
}

/** Rooms that anybody may join, the largest first. */
export async function publicRooms(
  client: Client,
  asked: { user: number; query: string | undefined; after: After | undefined; limit: number },
): Promise<PublicRoom[]> {
  const { user, query, after, limit } = asked;
  const pattern = query === undefined ? null : patternOf(query);
  const args = [user, pattern, after?.by ?? null, after?.id ?? null, limit];
  const { rows } = await client.execute({ sql: publicSql, args });
  const found = JSON.parse(rows[0]?.[0] as string) as unknown[][];
  return found.map((values) => {
    const [role, visible_from] = values.slice(cells.length) as [RoomRole | null, number];
    return { room: rowOf<ListedRow>(cells, values), place: role === null ? undefined : { role, visible_from } };
  });
}

/** Rooms that a person was asked into, the most recently active first. */
export async function invitedRooms(
  client: Client,
  asked: { user: number; after: After | undefined; limit: number },
): Promise<ListedRow[]> {
  const { user, after, limit } = asked;
  const { rows } = await client.execute({ sql: invitedSql, args: [user, after?.by ?? null, after?.id ?? null, limit] });
  return (JSON.parse(rows[0]?.[0] as string) as unknown[][]).map((values) => rowOf<ListedRow>(cells, values));
}
