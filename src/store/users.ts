/** People and their sign-ins, as rows. */

import { eq, and, isNull, sql } from "drizzle-orm";
import type { Status } from "../protocol/passing.ts";
import type { ServerRole } from "../protocol/roles.ts";
import { namesOf } from "./names.ts";
import type { Database } from "./orm.ts";
import { controls, sessions, users } from "./schema.ts";

export interface UserRow {
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly disabled_at: number | null;
  readonly role: ServerRole;
  /** What the person has chosen to be shown as, and the words beside it. */
  readonly status: Status;
  readonly status_text: string;
}

export const userColumns = {
  n: users.n,
  id: users.id,
  name: users.name,
  disabled_at: users.disabled_at,
  role: users.role,
  status: users.status,
  status_text: users.status_text,
};

export type FoundUser = UserRow & { readonly issuer: string; readonly subject: string };

const u = namesOf(users);

/** Written by hand and given back as one cell: every sign-in asks this. */
const findSql = `SELECT json_group_array(json_array(
    ${u.of.n}, ${u.of.id}, ${u.of.name}, ${u.of.disabled_at}, ${u.of.role}, ${u.of.status}, ${u.of.status_text}, ${u.of.issuer}, ${u.of.subject}))
  FROM (SELECT value ->> 0 AS asked_issuer, value ->> 1 AS asked_subject FROM json_each(?))
  CROSS JOIN ${u.table} ON ${u.of.issuer} = asked_issuer AND ${u.of.subject} = asked_subject`;

/** The people that are there of those asked for; the others are missing from the answer. */
export async function findUsers(
  db: Database,
  asked: readonly { issuer: string; subject: string }[],
): Promise<FoundUser[]> {
  const listed = JSON.stringify(asked.map(({ issuer, subject }) => [issuer, subject]));
  const { rows } = await db.$client.execute({ sql: findSql, args: [listed] });
  const found = JSON.parse(rows[0]?.[0] as string) as [
    ...[number, string, string, number | null, ServerRole],
    ...[Status, string, string, string],
  ][];
  return found.map(([n, id, name, disabled_at, role, status, status_text, issuer, subject]) => {
    return { n, id, name, disabled_at, role, status, status_text, issuer, subject };
  });
}

export interface NewUser {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly created_at: number;
  /** A member unless said otherwise. */
  readonly role?: ServerRole;
}

/** People by their ids; unknown ones are missing from the answer. */
export async function findPeople(db: Database, ids: readonly string[]): Promise<UserRow[]> {
  const listed = JSON.stringify(ids);
  return await db
    .select(userColumns)
    .from(users)
    .where(sql`${users.id} IN (SELECT value FROM json_each(${listed}))`);
}

/** Adds people; who is there already (by issuer and subject, on whatever node) keeps what they have. */
export async function addUsers(db: Database, added: readonly NewUser[]): Promise<void> {
  await db
    .insert(users)
    .values([...added])
    .onConflictDoNothing({ target: [users.issuer, users.subject] });
}

export async function renameUser(db: Database, user: { n: number; name: string }): Promise<void> {
  await db.update(users).set({ name: user.name }).where(eq(users.n, user.n));
}

/** Adds guests with a session each, in one transaction. */
export async function addGuests(db: Database, added: readonly { user: NewUser; hash: string }[]): Promise<void> {
  const signIns = added.map(({ user, hash }) => ({
    hash,
    user: sql<number>`(SELECT ${users.n} FROM ${users} WHERE ${users.id} = ${user.id})`,
    created_at: user.created_at,
  }));
  await db.batch([db.insert(users).values(added.map(({ user }) => user)), db.insert(sessions).values(signIns)]);
}

/** The sessions of those hashes, with whose they are; unknown and revoked ones are missing from the answer. */
export async function findSessions(
  db: Database,
  hashes: readonly string[],
): Promise<{ n: number; hash: string; user: UserRow }[]> {
  const listed = JSON.stringify(hashes);
  return await db
    .select({ n: sessions.n, hash: sessions.hash, user: userColumns })
    .from(sessions)
    .innerJoin(users, eq(users.n, sessions.user))
    .where(and(sql`${sessions.hash} IN (SELECT value FROM json_each(${listed}))`, isNull(sessions.revoked_at)));
}

/** Ends a sign-in, and leaves a note of it for the other nodes, in one transaction. */
export async function revokeSession(db: Database, session: { hash: string; at: number }): Promise<void> {
  const { hash, at } = session;
  const note = db
    .select({
      kind: sql<"session">`'session'`.as("kind"),
      subject: sessions.n,
      at: sql<number>`${at}`.as("at"),
    })
    .from(sessions)
    .where(eq(sessions.hash, hash));
  await db.batch([
    db.update(sessions).set({ revoked_at: at }).where(eq(sessions.hash, hash)),
    db.insert(controls).select(sql`SELECT NULL, *, NULL, NULL FROM (${note})`),
  ]);
}

/** Ends all sign-ins of a guest, with notes for the other nodes, in one transaction. Returns their hashes. */
export async function revokeSessionsOf(db: Database, asked: { user: number; at: number }): Promise<string[]> {
  const { user, at } = asked;
  const which = and(eq(sessions.user, user), isNull(sessions.revoked_at));
  const note = db
    .select({ kind: sql<"session">`'session'`.as("kind"), subject: sessions.n, at: sql<number>`${at}`.as("at") })
    .from(sessions)
    .where(which);
  const [, ended] = await db.batch([
    db.insert(controls).select(sql`SELECT NULL, *, NULL, NULL FROM (${note})`),
    db.update(sessions).set({ revoked_at: at }).where(which).returning({ hash: sessions.hash }),
  ]);
  return ended.map(({ hash }) => hash);
}
