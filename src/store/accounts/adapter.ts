/**
 * Where better-auth keeps its rows: its own Drizzle adapter over the storage threads, without transactions, and around
 * it what this server promises beyond: tokens of sign-ins are stored hashed, a sign-in that ends leaves a note for the
 * other nodes, and what came by a password is good as long as that is. This file and what it imports is loaded when
 * somebody first signs in.
 */

import { drizzleAdapter } from "better-auth/adapters/drizzle";
import type { BetterAuthOptions, DBAdapter, Where } from "better-auth";
import { sha256 } from "../../lib/ids.ts";
import type { Database } from "../orm.ts";
import { accounts, accountSessions, credentials, secondFactors, verifications } from "./schema.ts";

export interface AdapterOptions {
  readonly db: Database;
  /** Ends these sign-ins, everywhere. */
  readonly end: (ended: { account: string; id: string }) => Promise<void>;
  /** Hashes of the passwords that were found right for the request that is being answered. */
  readonly proven: () => readonly string[];
  /** Throws where none of them is the account's password any more; without an account it is the one that was asked for last. */
  readonly requireProof: (account?: string) => Promise<void>;
  /** What is thrown where a password is not set, for another one was set meanwhile. */
  readonly outrun: () => Error;
}

type Adapter = DBAdapter<BetterAuthOptions>;
type Row = Record<string, unknown>;

const schema = {
  user: accounts,
  session: accountSessions,
  account: credentials,
  verification: verifications,
  twoFactor: secondFactors,
};

const hashOf = (value: unknown): unknown =>
  Array.isArray(value) ? value.map(hashOf) : typeof value === "string" ? sha256(value) : value;

/** The same condition on the hash. */
function hashed(where: Where[] | undefined): Where[] {
  return (where ?? []).map((one) =>
    one.field === "token" ? { ...one, value: hashOf(one.value) as Where["value"] } : one,
  );
}

/** The tokens that were asked for, by their hashes: who asked with a token gets it back and not its hash. */
function tokensOf(where: Where[] | undefined): Map<string, string> {
  const asked = (where ?? [])
    .filter(({ field }) => field === "token")
    .flatMap(({ value }) => value as string | string[]);
  return new Map(asked.map((token) => [sha256(token), token]));
}

function unhashed<T>(row: T, tokens: ReadonlyMap<string, string>): T {
  if (row === null || typeof row !== "object" || !("token" in row)) return row;
  return { ...row, token: tokens.get(row.token as string) ?? row.token };
}

const setsPassword = ({ model, update }: { model: string; update: object }): boolean =>
  model === "account" && "password" in update;

export function createAccountsAdapter(options: AdapterOptions): (auth: BetterAuthOptions) => Adapter {
  const make = drizzleAdapter(options.db, { provider: "sqlite", schema, transaction: false });
  return (auth) => withHashes(make(auth), options);
}

/** What a password proves it proves until there is another one. */
function withProofs(inner: Adapter, { outrun, proven, requireProof }: Omit<AdapterOptions, "end">) {
  /** Second factors that are waited for, links to a new password, browsers that are trusted: all came by the old one. */
  async function forgetPending(account: string): Promise<void> {
    await inner.deleteMany({ model: "verification", where: [{ field: "value", value: account }] });
  }

  /** Whoever has proved the old password sets a new one in its place, and in no other's. */
  async function setPassword<T>(where: Where[], write: (where: Where[]) => Promise<T>): Promise<T> {
    const hashes = [...proven()];
    const isProven: Where[] = hashes.length === 0 ? [] : [{ field: "password", operator: "in", value: hashes }];
    const written = await write([...where, ...isProven]);
    if (!written) throw outrun();
    const set = await inner.findOne<{ userId: string }>({ model: "account", where });
    if (set !== null) await forgetPending(set.userId);
    return written;
  }

  async function createOther(asked: Parameters<Adapter["create"]>[0]): Promise<Row> {
    const made = await inner.create<Row, Row>(asked);
    // A new second factor has trusted no browser yet.
    if (asked.model === "account" || asked.model === "twoFactor") await forgetPending(made["userId"] as string);
    if (asked.model !== "verification") return made;
    // Whoever changes the password from here on forgets this too.
    try {
      await requireProof();
    } catch (error) {
      await inner.delete({ model: "verification", where: [{ field: "id", value: made["id"] as string }] });
      throw error;
    }
    return made;
  }

  return { createOther, setPassword };
}

function withHashes(inner: Adapter, options: AdapterOptions): Adapter {
  const { end, requireProof } = options;
  const { createOther, setPassword } = withProofs(inner, options);
  const isSession = ({ model }: { model: string }): boolean => model === "session";

  /** A sign-in is not removed: it ends, and its row says when. */
  async function endAll(where: Where[]): Promise<number> {
    const rows = await inner.findMany<{ id: string; userId: string }>({ model: "session", where: hashed(where) });
    for (const { id, userId } of rows) await end({ account: userId, id });
    return rows.length;
  }

  const outer: Adapter = {
    ...inner,
    create: async (asked) => {
      if (!isSession(asked)) return (await createOther(asked)) as never;
      const { token, userId: account } = asked.data as unknown as { token: string; userId: string };
      const made = await inner.create<Row, Row>({ ...asked, data: { ...asked.data, token: sha256(token) } });
      // Whoever changes the password from here on ends this sign-in too.
      try {
        await requireProof(account);
      } catch (error) {
        await end({ account, id: made["id"] as string });
        throw error;
      }
      return { ...made, token } as never;
    },
    findOne: async (asked) => {
      if (!isSession(asked)) return await inner.findOne(asked);
      return unhashed(await inner.findOne({ ...asked, where: hashed(asked.where) }), tokensOf(asked.where)) as never;
    },
    findMany: async (asked) => {
      if (!isSession(asked)) return await inner.findMany(asked);
      const rows = await inner.findMany({ ...asked, where: hashed(asked.where) });
      return rows.map((row) => unhashed(row, tokensOf(asked.where))) as never;
    },
    count: (asked) => inner.count(isSession(asked) ? { ...asked, where: hashed(asked.where) } : asked),
    update: async (asked) => {
      if (setsPassword(asked))
        return (await setPassword(asked.where, (where) => inner.update<Row>({ ...asked, where }))) as never;
      if (!isSession(asked)) return await inner.update(asked);
      return unhashed(await inner.update({ ...asked, where: hashed(asked.where) }), tokensOf(asked.where)) as never;
    },
    updateMany: (asked) => {
      if (setsPassword(asked)) return setPassword(asked.where, (where) => inner.updateMany({ ...asked, where }));
      return inner.updateMany(isSession(asked) ? { ...asked, where: hashed(asked.where) } : asked);
    },
    delete: async (asked) => {
      if (isSession(asked)) await endAll(asked.where);
      else await inner.delete(asked);
    },
    deleteMany: (asked) => (isSession(asked) ? endAll(asked.where) : inner.deleteMany(asked)),
    // There are no transactions: what runs in one must still go through here.
    transaction: (run) => run(outer),
  };
  return outer;
}
