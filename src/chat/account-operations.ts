/** The operations on one's own account and sign-ins, on keys and bots, and on people by administrators. */

import type { Clock } from "../lib/clock.ts";
import type { accountShapes } from "../protocol/account-operations.ts";
import { ChatError } from "../protocol/errors.ts";
import type { OutputOf } from "../protocol/operations.ts";
import { accountOf, findPerson, renameAccount } from "../store/accounts/people.ts";
import { listAccountSessions } from "../store/accounts/sign-ins.ts";
import type { Database } from "../store/orm.ts";
import type { Accounts } from "./accounts.ts";
import { actorOf, kindOf, type Actor, type Administration } from "./administration.ts";
import type { Keys } from "./keys.ts";
import type { Names } from "./names.ts";
import type { Operations } from "./operation.ts";
import type { People } from "./people.ts";
import { addressOf, type Caller } from "./policy.ts";
import type { SignIns } from "./sign-ins.ts";

export interface AccountOperationsOptions {
  readonly accounts: Accounts;
  readonly administration: Administration;
  readonly clock: Clock;
  readonly db: Database;
  readonly keys: Keys;
  readonly names: Names;
  readonly people: People;
  readonly signIns: SignIns;
  /** Other nodes should look into the database for what was changed. */
  readonly hint: () => void;
}

const own = { who: "person", scope: "administer" } as const;
const account = { who: "account", scope: "administer" } as const;
const administrator = { who: "administrator", scope: "administer" } as const;

export function accountOperations(options: AccountOperationsOptions): Operations<typeof accountShapes> {
  const { administration, keys } = options;
  return {
    ...ownOperations(options),
    "api_key.create": { ...account, cost: 10, run: ({ caller, input }) => keys.create(caller, input) },
    "api_key.list": { ...account, cost: 2, run: ({ caller, input }) => keys.list(caller, input.bot) },
    "api_key.revoke": { ...account, cost: 5, run: ({ caller, input }) => keys.revoke(caller, input.id) },
    "bot.create": { ...administrator, cost: 10, run: ({ caller, input }) => keys.createBot(caller, input) },
    "bot.list": { ...account, cost: 2, run: ({ caller }) => keys.bots(caller) },
    ...userOperations(administration),
  };
}

type OwnNames = "session.end" | "session.list" | "session.revoke" | "account.get" | "account.update";
type UserNames = Exclude<keyof typeof accountShapes, OwnNames | `api_key.${string}` | `bot.${string}`>;

function ownOperations(options: AccountOperationsOptions): Pick<Operations<typeof accountShapes>, OwnNames> {
  const { clock, db, names, signIns } = options;
  return {
    "session.end": { ...own, cost: 5, run: ({ caller }) => endSession(options, caller) },
    "session.list": {
      ...own,
      cost: 2,
      run: async ({ caller: { person, session } }) => {
        const found = await listAccountSessions(db, { account: person.id, now_ms: clock.now() });
        return { sessions: found.map((one) => ({ ...one, current: one.id === session })) };
      },
    },
    "session.revoke": {
      ...own,
      cost: 5,
      run: async ({ caller, input }) => {
        const ended = await signIns.end({ account: caller.person.id, id: input.id });
        if (ended === 0) throw new ChatError("bad_request", "there is no such sign-in of yours");
        return {};
      },
    },
    "account.get": { who: "person", scope: "read", cost: 2, run: ({ caller }) => describe(db, caller) },
    "account.update": {
      ...account,
      cost: 5,
      run: async ({ caller: { person }, input: { name } }) => {
        if ((await accountOf(db, person.id)) === undefined)
          throw new ChatError("not_available", "your name is kept where you signed in");
        await renameAccount(db, { id: person.id, name, at: clock.now() });
        person.name = name;
        names.tell({ id: person.id, name });
        return { id: person.id, name };
      },
    },
  };
}

async function endSession(options: AccountOperationsOptions, caller: Caller): Promise<object> {
  const { accounts, clock, hint, people, signIns } = options;
  const { person, scopes, session } = caller;
  if (session === undefined) throw new ChatError("not_available", "your application signs you in and out");
  if (scopes !== undefined) throw new ChatError("not_available", "a key is revoked, not signed out");
  if (person.role !== "guest") {
    await signIns.end({ account: person.id, id: session });
    return {};
  }
  await accounts.endSession(session);
  // The caller's own connection is among them: it gets its answer first.
  clock.soon(() => people.endSession(person.id, session));
  hint();
  return {};
}

async function describe(db: Database, { person }: Caller): Promise<OutputOf<"account.get">> {
  const [found, proof] = await Promise.all([findPerson(db, person.id), accountOf(db, person.id)]);
  return {
    id: person.id,
    // The caller's own row may be a moment old.
    name: found?.name ?? person.name,
    kind: kindOf({ issuer: found?.issuer ?? "" }),
    username: found?.username ?? null,
    email: proof?.email ?? null,
    role: person.role,
    second_factor: proof?.second_factor ?? false,
    sign_ins: proof?.providers ?? [],
  };
}

function actor(caller: Caller): Actor {
  return actorOf(caller.person, addressOf(caller));
}

function userOperations(administration: Administration): Pick<Operations<typeof accountShapes>, UserNames> {
  return {
    "user.list": {
      ...administrator,
      cost: 5,
      run: async ({ input }) => {
        const found = await administration.list({ ...input, limit: input.limit + 1 });
        const users = found.slice(0, input.limit).map(({ id, name, username, email, role, ...row }) => ({
          id,
          name,
          kind: kindOf(row),
          username,
          email,
          role,
          disabled: row.disabled_at !== null,
          created_at: row.created_at,
        }));
        return { users, more: found.length > input.limit };
      },
    },
    "user.disable": {
      ...administrator,
      cost: 5,
      run: async ({ caller, input }) => {
        await administration.disable(actor(caller), input.user);
        return {};
      },
    },
    "user.enable": {
      ...administrator,
      cost: 5,
      run: async ({ caller, input }) => {
        await administration.enable(actor(caller), input.user);
        return {};
      },
    },
    "user.role": {
      ...administrator,
      cost: 5,
      run: async ({ caller, input }) => {
        await administration.role(actor(caller), input.user, input.role);
        return {};
      },
    },
    "user.reset_password": {
      ...administrator,
      cost: 10,
      run: ({ caller, input }) => administration.resetPassword(actor(caller), input.user),
    },
    "user.reset_second_factor": {
      ...administrator,
      cost: 10,
      run: async ({ caller, input }) => {
        await administration.resetSecondFactor(actor(caller), input.user);
        return {};
      },
    },
    "user.sign_out": {
      ...administrator,
      cost: 5,
      run: async ({ caller, input }) => ({ ended: await administration.signOut(actor(caller), input.user) }),
    },
  };
}
