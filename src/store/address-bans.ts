/** Networks that nobody may come from, as rows. */

import { and, asc, eq, gt, isNull, or, sql } from "drizzle-orm";
import { settingsChanged } from "./controls.ts";
import type { Database } from "./orm.ts";
import { addressBans, users } from "./schema.ts";

export interface AddressBanRow {
  readonly n: number;
  readonly id: string;
  readonly network: string;
  readonly reason: string;
  readonly created_by: { readonly id: string; readonly name: string } | null;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export interface NewAddressBan {
  readonly id: string;
  readonly network: string;
  readonly reason: string;
  /** `users.n`. */
  readonly created_by: number;
  readonly created_at: number;
  readonly expires_at: number | null;
}

const columns = {
  n: addressBans.n,
  id: addressBans.id,
  network: addressBans.network,
  reason: addressBans.reason,
  created_by: { id: users.id, name: users.name },
  created_at: addressBans.created_at,
  expires_at: addressBans.expires_at,
};

const lasting = (now: number) => or(isNull(addressBans.expires_at), gt(addressBans.expires_at, now));

/** What every node keeps in memory. */
export async function lastingBans(
  db: Database,
  now: number,
): Promise<{ readonly network: string; readonly expires_at: number | null }[]> {
  return await db
    .select({ network: addressBans.network, expires_at: addressBans.expires_at })
    .from(addressBans)
    .where(lasting(now));
}

export async function listAddressBans(
  db: Database,
  asked: { after: string | undefined; now: number; limit: number },
): Promise<AddressBanRow[]> {
  const behind =
    asked.after === undefined
      ? undefined
      : gt(addressBans.n, sql`(SELECT ${addressBans.n} FROM ${addressBans} WHERE ${addressBans.id} = ${asked.after})`);
  return await db
    .select(columns)
    .from(addressBans)
    .leftJoin(users, eq(users.n, addressBans.created_by))
    .where(and(lasting(asked.now), behind))
    .orderBy(asc(addressBans.n))
    .limit(asked.limit);
}

/** Adds a ban, or changes the one of the same network, and removes what has ended. Gives what is there then. */
export async function addAddressBan(db: Database, ban: NewAddressBan): Promise<AddressBanRow | undefined> {
  const { created_at, created_by, expires_at, reason } = ban;
  await db.batch([
    db.delete(addressBans).where(sql`${addressBans.expires_at} <= ${created_at}`),
    db
      .insert(addressBans)
      .values(ban)
      .onConflictDoUpdate({ target: addressBans.network, set: { created_at, created_by, expires_at, reason } }),
    settingsChanged(db, created_at),
  ]);
  const [row] = await db
    .select(columns)
    .from(addressBans)
    .leftJoin(users, eq(users.n, addressBans.created_by))
    .where(eq(addressBans.network, ban.network));
  return row;
}

export async function countAddressBans(db: Database): Promise<number> {
  return await db.$count(addressBans);
}

/** The network that was banned; undefined where there is no such ban. */
export async function removeAddressBan(db: Database, asked: { id: string; at: number }): Promise<string | undefined> {
  const [found] = await db
    .select({ network: addressBans.network })
    .from(addressBans)
    .where(eq(addressBans.id, asked.id));
  if (found === undefined) return undefined;
  await db.batch([db.delete(addressBans).where(eq(addressBans.id, asked.id)), settingsChanged(db, asked.at)]);
  return found.network;
}
