/** Sign-ins of accounts and keys of programs, as rows: who a token stands for, and how it ends. */

import { and, desc, eq, gt, isNull, sql } from "drizzle-orm";
import type { Scope } from "../../protocol/roles.ts";
import type { Database } from "../orm.ts";
import { controls, users } from "../schema.ts";
import { userColumns, type UserRow } from "../users.ts";
import { accountSessions, apiKeys } from "./schema.ts";

/** A sign-in that is good now. */
export interface FoundSignIn {
  readonly hash: string;
  readonly id: string;
  readonly user: UserRow;
  readonly expires_ms: number;
}

/** The person of an account. */
const ofAccount = and(eq(users.issuer, "local"), eq(users.subject, accountSessions.userId));

/** Those of the hashes that are neither unknown nor ended nor expired. */
export async function findAccountSessions(
  db: Database,
  asked: { hashes: readonly string[]; now_ms: number },
): Promise<FoundSignIn[]> {
  const listed = JSON.stringify(asked.hashes);
  const found = await db
    .select({
      hash: accountSessions.token,
      id: accountSessions.id,
      expiresAt: accountSessions.expiresAt,
      user: userColumns,
    })
    .from(accountSessions)
    .innerJoin(users, ofAccount)
    .where(
      and(
        sql`${accountSessions.token} IN (SELECT value FROM json_each(${listed}))`,
        isNull(accountSessions.revokedAt),
        gt(accountSessions.expiresAt, new Date(asked.now_ms)),
      ),
    );
  return found.map(({ expiresAt, ...row }) => ({ ...row, expires_ms: expiresAt.getTime() }));
}

/** A sign-in as its owner sees it. */
export interface ListedSignIn {
  readonly id: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly address: string | null;
  readonly agent: string | null;
}

const listed_max = 200;

export async function listAccountSessions(
  db: Database,
  asked: { account: string; now_ms: number },
): Promise<ListedSignIn[]> {
  const found = await db
    .select()
    .from(accountSessions)
    .where(
      and(
        eq(accountSessions.userId, asked.account),
        isNull(accountSessions.revokedAt),
        gt(accountSessions.expiresAt, new Date(asked.now_ms)),
      ),
    )
    .orderBy(desc(accountSessions.n))
    .limit(listed_max);
  return found.map(({ id, createdAt, expiresAt, ipAddress, userAgent }) => ({
    id,
    created_at: createdAt.getTime(),
    expires_at: expiresAt.getTime(),
    address: ipAddress,
    agent: userAgent,
  }));
}

/** Which sign-ins: one of an account, or all of them. */
export interface Ending {
  readonly account: string;
  readonly id?: string | undefined;
  readonly at: number;
}

/**
 * Ends sign-ins, with a note for the other nodes, in one transaction. No token leads to an ended one again. Returns the
 * ids of those that ended.
 */
export async function endAccountSessions(db: Database, { account, id, at }: Ending): Promise<string[]> {
  const which = and(
    eq(accountSessions.userId, account),
    isNull(accountSessions.revokedAt),
    id === undefined ? undefined : eq(accountSessions.id, id),
  );
  const note = db
    .select({
      kind: sql<"account_session">`'account_session'`.as("kind"),
      subject: accountSessions.n,
      at: sql<number>`${at}`.as("at"),
    })
    .from(accountSessions)
    .where(which);
  const [, ended] = await db.batch([
    db.insert(controls).select(sql`SELECT NULL, *, NULL, NULL FROM (${note})`),
    db
      .update(accountSessions)
      .set({ revokedAt: at, token: sql`'ended ' || ${accountSessions.id}` })
      .where(which)
      .returning({ id: accountSessions.id }),
  ]);
  return ended.map((row) => row.id);
}

/** Removes what ended or expired before a time: nobody asks for it any more. */
export async function forgetSignIns(db: Database, before_ms: number): Promise<void> {
  await db
    .delete(accountSessions)
    .where(
      sql`${accountSessions.expiresAt} < ${before_ms} OR (${accountSessions.revokedAt} IS NOT NULL AND ${accountSessions.revokedAt} < ${before_ms})`,
    );
}

export interface FoundKey extends FoundSignIn {
  readonly scopes: ReadonlySet<Scope>;
}

const never_ms = Number.MAX_SAFE_INTEGER;

const scopesOf = (text: string): ReadonlySet<Scope> => new Set(text.split(" ") as Scope[]);

/** Those of the hashes that are neither unknown nor revoked nor expired. */
export async function findKeys(
  db: Database,
  asked: { hashes: readonly string[]; now_ms: number },
): Promise<FoundKey[]> {
  const listed = JSON.stringify(asked.hashes);
  const found = await db
    .select({
      hash: apiKeys.hash,
      id: apiKeys.id,
      scopes: apiKeys.scopes,
      expires_at: apiKeys.expires_at,
      user: userColumns,
    })
    .from(apiKeys)
    .innerJoin(users, eq(users.n, apiKeys.user))
    .where(
      and(
        sql`${apiKeys.hash} IN (SELECT value FROM json_each(${listed}))`,
        isNull(apiKeys.revoked_at),
        sql`ifnull(${apiKeys.expires_at}, ${never_ms}) > ${asked.now_ms}`,
      ),
    );
  return found.map(({ scopes, expires_at, ...row }) => ({
    ...row,
    scopes: scopesOf(scopes),
    expires_ms: expires_at ?? never_ms,
  }));
}

export interface NewKey {
  readonly id: string;
  readonly hash: string;
  readonly user: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_by: number;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export async function addKey(db: Database, key: NewKey): Promise<void> {
  await db.insert(apiKeys).values({ ...key, scopes: key.scopes.join(" ") });
}

export interface ListedKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: number;
  readonly expires_at: number | null;
}

export async function listKeys(db: Database, user: number): Promise<ListedKey[]> {
  const found = await db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.user, user), isNull(apiKeys.revoked_at)))
    .orderBy(desc(apiKeys.n))
    .limit(listed_max);
  return found.map(({ id, name, scopes, created_at, expires_at }) => ({
    id,
    name,
    scopes: [...scopesOf(scopes)],
    created_at,
    expires_at,
  }));
}

/** Whose key it is, as `users.n`; undefined for one that is not there or revoked. */
export async function ownerOfKey(db: Database, id: string): Promise<number | undefined> {
  const [row] = await db
    .select({ user: apiKeys.user })
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), isNull(apiKeys.revoked_at)))
    .limit(1);
  return row?.user;
}

/** Ends a key, with a note for the other nodes, in one transaction. */
export async function revokeKey(db: Database, key: { id: string; at: number }): Promise<void> {
  const note = db
    .select({ kind: sql<"api_key">`'api_key'`.as("kind"), subject: apiKeys.n, at: sql<number>`${key.at}`.as("at") })
    .from(apiKeys)
    .where(eq(apiKeys.id, key.id));
  await db.batch([
    db.update(apiKeys).set({ revoked_at: key.at }).where(eq(apiKeys.id, key.id)),
    db.insert(controls).select(sql`SELECT NULL, *, NULL, NULL FROM (${note})`),
  ]);
}
