/** Links by which people come, as rows. Of a link's token only the hash is kept. */

import { and, asc, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Database } from "./orm.ts";
import { invites, rooms, users } from "./schema.ts";

export interface InviteRow {
  readonly n: number;
  readonly id: string;
  readonly kind: "room" | "server" | "owner";
  /** `rooms.id`. */
  readonly room: string | null;
  readonly created_by: { readonly id: string; readonly name: string } | null;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly uses_max: number | null;
  readonly uses: number;
}

export interface NewInvite {
  readonly id: string;
  readonly hash: string;
  readonly kind: InviteRow["kind"];
  /** `rooms.n`. */
  readonly room: number | null;
  /** `users.n`. */
  readonly created_by: number | null;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly uses_max: number | null;
}

export async function addInvite(db: Database, invite: NewInvite): Promise<void> {
  await db.insert(invites).values(invite);
}

const columns = {
  n: invites.n,
  id: invites.id,
  kind: invites.kind,
  room: rooms.id,
  created_by: { id: users.id, name: users.name },
  created_at: invites.created_at,
  expires_at: invites.expires_at,
  uses_max: invites.uses_max,
  uses: invites.uses,
};

/** The links that still lead somewhere: to a room, or to the server where `room` is null. */
export async function listInvites(
  db: Database,
  asked: { room: number | null; now: number; limit: number },
): Promise<InviteRow[]> {
  const place = asked.room === null ? eq(invites.kind, "server") : eq(invites.room, asked.room);
  return await db
    .select(columns)
    .from(invites)
    .leftJoin(rooms, eq(rooms.n, invites.room))
    .leftJoin(users, eq(users.n, invites.created_by))
    .where(and(place, usable(asked.now)))
    .orderBy(asc(invites.n))
    .limit(asked.limit);
}

/** The link of an id, usable or not. */
export async function findInvite(db: Database, id: string): Promise<InviteRow | undefined> {
  const [row] = await db
    .select(columns)
    .from(invites)
    .leftJoin(rooms, eq(rooms.n, invites.room))
    .leftJoin(users, eq(users.n, invites.created_by))
    .where(eq(invites.id, id))
    .limit(1);
  return row;
}

/** Where a token leads, without using it up; undefined for one that leads nowhere. */
export async function lookUpInvite(
  db: Database,
  asked: { hash: string; kind: InviteRow["kind"]; now: number },
): Promise<{ readonly n: number; readonly room: string | null } | undefined> {
  const [row] = await db
    .select({ n: invites.n, room: rooms.id })
    .from(invites)
    .leftJoin(rooms, and(eq(rooms.n, invites.room), isNull(rooms.deleted_at)))
    .where(and(eq(invites.hash, asked.hash), eq(invites.kind, asked.kind), usable(asked.now)))
    .limit(1);
  return row;
}

/** Takes one use of a link; false where none is left. Of two who come at once for the last use, one gets it. */
export async function claimInvite(db: Database, asked: { n: number; now: number }): Promise<boolean> {
  const claimed = await db
    .update(invites)
    .set({ uses: sql`${invites.uses} + 1` })
    .where(and(eq(invites.n, asked.n), usable(asked.now)));
  return claimed.rowsAffected > 0;
}

/** Gives a use back that led nowhere. */
export async function releaseInvite(db: Database, n: number): Promise<void> {
  await db
    .update(invites)
    .set({ uses: sql`max(0, ${invites.uses} - 1)` })
    .where(eq(invites.n, n));
}

export async function revokeInvite(db: Database, asked: { n: number; at: number }): Promise<void> {
  await db.update(invites).set({ revoked_at: asked.at }).where(eq(invites.n, asked.n));
}

function usable(now: number) {
  return and(
    isNull(invites.revoked_at),
    or(isNull(invites.expires_at), gt(invites.expires_at, now)),
    or(isNull(invites.uses_max), gt(invites.uses_max, invites.uses)),
  );
}
