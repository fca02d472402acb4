/** People of this server as their administrators see them, as rows. */

import { and, asc, desc, eq, gt, inArray, isNull, or, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { ServerRole } from "../../protocol/roles.ts";
import type { Database } from "../orm.ts";
import { controls, users } from "../schema.ts";
import { userColumns, type UserRow } from "../users.ts";
import { accounts, credentials, secondFactors } from "./schema.ts";

export interface ListedUser extends UserRow {
  readonly issuer: string;
  readonly username: string | null;
  readonly email: string | null;
  readonly created_at: number;
}

const bots_listed_max = 500;
/** Addresses that nobody gave, and nobody is shown. */
const noAddress = /@[a-z]+\.invalid$/;

export const shownEmail = (email: string | null): string | null =>
  email === null || noAddress.test(email) ? null : email;

const columns = {
  ...userColumns,
  issuer: users.issuer,
  username: users.username,
  email: accounts.email,
  created_at: users.created_at,
};

/** The server has a user of its own, with which it looks after itself. */
const isPerson = sql`${users.issuer} <> 'confab'`;

function isLike(text: string) {
  const like = `%${text.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`;
  return or(
    sql`lower(${users.name}) LIKE ${like} ESCAPE '\\'`,
    sql`${users.username} LIKE ${like} ESCAPE '\\'`,
    sql`lower(${accounts.email}) LIKE ${like} ESCAPE '\\'`,
    eq(users.id, text),
  );
}

/** In the order of their coming; `after` is `users.n`. */
export async function listUsers(
  db: Database,
  asked: { after: number; limit: number; search?: string | undefined },
): Promise<ListedUser[]> {
  const found = await db
    .select(columns)
    .from(users)
    .leftJoin(accounts, and(eq(users.issuer, "local"), eq(accounts.id, users.subject)))
    .where(and(gt(users.n, asked.after), isPerson, asked.search === undefined ? undefined : isLike(asked.search)))
    .orderBy(asc(users.n))
    .limit(asked.limit);
  return found.map((row) => ({ ...row, email: shownEmail(row.email) }));
}

/** By id, or by user name. Ids are public, and somebody may have chosen another one's as a user name: the id counts. */
export async function findPerson(db: Database, name: string): Promise<ListedUser | undefined> {
  const [row] = await db
    .select(columns)
    .from(users)
    .leftJoin(accounts, and(eq(users.issuer, "local"), eq(accounts.id, users.subject)))
    .where(or(eq(users.id, name), eq(users.username, name.toLowerCase())))
    .orderBy(desc(eq(users.id, name)))
    .limit(1);
  return row === undefined ? undefined : { ...row, email: shownEmail(row.email) };
}

/** The bots of somebody that are let in. */
export async function enabledBotsOf(db: Database, owner: number): Promise<ListedUser[]> {
  return await db
    .select({ ...columns, email: sql<null>`NULL` })
    .from(users)
    .where(and(eq(users.role, "bot"), eq(users.owner, owner), isNull(users.disabled_at)))
    .orderBy(asc(users.n));
}

/** Changes what a person may do here, with a note for the other nodes, in one transaction. Returns what they may now. */
export async function changePerson(
  db: Database,
  change: { n: number; at: number; role?: ServerRole; disabled_at?: number | null },
): Promise<Pick<UserRow, "role" | "disabled_at"> | undefined> {
  const { n, at, ...set } = change;
  const { role, disabled_at } = users;
  const [[now]] = await db.batch([
    db.update(users).set(set).where(eq(users.n, n)).returning({ role, disabled_at }),
    db.insert(controls).values({ kind: "user", subject: n, at }),
  ]);
  return now;
}

/** Makes somebody the owner of a server that has none: of two at once, on whatever node, one. */
export async function makeFirstOwner(db: Database, { n, at }: { n: number; at: number }): Promise<boolean> {
  const isFirst = sql`NOT EXISTS (SELECT 1 FROM users AS owners WHERE owners.role = 'owner' AND owners.disabled_at IS NULL)`;
  const [made] = await db.batch([
    db
      .update(users)
      .set({ role: "owner" })
      .where(and(eq(users.n, n), isFirst))
      .returning({ n: users.n }),
    db.insert(controls).values({ kind: "user", subject: n, at }),
  ]);
  return made.length > 0;
}

/** Whether an account's password still has one of these hashes. */
export async function hasPassword(
  db: Database,
  asked: { account: string; hashes: readonly string[] },
): Promise<boolean> {
  const [row] = await db
    .select({ id: credentials.id })
    .from(credentials)
    .where(and(eq(credentials.userId, asked.account), inArray(credentials.password, [...asked.hashes])))
    .limit(1);
  return row !== undefined;
}

export async function hasOwner(db: Database): Promise<boolean> {
  const [row] = await db
    .select({ n: users.n })
    .from(users)
    .where(sql`${users.role} = 'owner' AND ${users.disabled_at} IS NULL`)
    .limit(1);
  return row !== undefined;
}

export interface NewAccount {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly email: string;
  readonly at: number;
}

/** An account without a password: its owner sets one by a link. The person comes with it. */
export async function addAccount(db: Database, account: NewAccount): Promise<void> {
  const at = new Date(account.at);
  const { id, name, username, email } = account;
  await db.insert(accounts).values({ id, name, username, email, createdAt: at, updatedAt: at });
}

export interface NewBot {
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
  readonly owner: number;
  readonly created_at: number;
}

export async function addBot(db: Database, bot: NewBot): Promise<void> {
  await db.insert(users).values({ ...bot, issuer: "bot", subject: bot.id, role: "bot" });
}

export interface BotRow {
  readonly n: number;
  readonly id: string;
  readonly name: string;
  readonly username: string | null;
  /** `users.id` of whose bot it is. */
  readonly owner: string | null;
}

/** The bots of somebody, or all of them. */
export async function listBots(db: Database, owner: number | undefined): Promise<BotRow[]> {
  const owners = alias(users, "owners");
  return await db
    .select({ n: users.n, id: users.id, name: users.name, username: users.username, owner: owners.id })
    .from(users)
    .leftJoin(owners, eq(owners.n, users.owner))
    .where(and(eq(users.role, "bot"), owner === undefined ? undefined : eq(users.owner, owner)))
    .orderBy(asc(users.n))
    .limit(bots_listed_max);
}

/** What an account has to prove itself by. */
export async function accountOf(
  db: Database,
  id: string,
): Promise<{ email: string | null; second_factor: boolean; providers: string[] } | undefined> {
  const [rows, proofs] = await db.batch([
    db
      .select({ email: accounts.email, second_factor: accounts.twoFactorEnabled })
      .from(accounts)
      .where(eq(accounts.id, id)),
    db.select({ provider: credentials.providerId }).from(credentials).where(eq(credentials.userId, id)),
  ]);
  const [row] = rows;
  if (row === undefined) return undefined;
  return { ...row, email: shownEmail(row.email), providers: proofs.map(({ provider }) => provider) };
}

/** The password alone is enough again. */
export async function removeSecondFactor(db: Database, account: string): Promise<void> {
  await db.batch([
    db.delete(secondFactors).where(eq(secondFactors.userId, account)),
    db.update(accounts).set({ twoFactorEnabled: false }).where(eq(accounts.id, account)),
  ]);
}

/** The account that is signed in to with this name or address, which are kept in lower case. */
export async function accountNamed(db: Database, name: string): Promise<string | undefined> {
  const isNamed = or(eq(accounts.username, name), eq(accounts.email, name));
  const [row] = await db.select({ id: accounts.id }).from(accounts).where(isNamed).limit(1);
  return row?.id;
}

export async function isFreeName(db: Database, username: string): Promise<boolean> {
  const [row] = await db.select({ n: users.n }).from(users).where(eq(users.username, username)).limit(1);
  return row === undefined;
}

export async function renameAccount(db: Database, account: { id: string; name: string; at: number }): Promise<void> {
  const { id, name, at } = account;
  await db
    .update(accounts)
    .set({ name, updatedAt: new Date(at) })
    .where(eq(accounts.id, id));
}
