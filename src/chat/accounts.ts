/** Persons and their sign-ins: hosts' users, who are made when they first come, and guests. */

import { Batcher } from "../lib/batcher.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256, shortId, token } from "../lib/ids.ts";
import { ChatError } from "../protocol/errors.ts";
import { identityKey, type HostIdentity, type KnownUsers } from "./known-users.ts";
import type { Names } from "./names.ts";
import type { Database } from "../store/orm.ts";
import {
  addGuests,
  addUsers,
  findSessions,
  findUsers,
  renameUser,
  revokeSession,
  type NewUser,
  type UserRow,
} from "../store/users.ts";

export type Account = UserRow;

const batch_max = 500;
const token_bytes = 24;
const guest = "guest";
/** What a guest's token begins with: tokens of hosts (JWTs) never do. */
const guestPrefix = "guest_";

interface HostUser extends HostIdentity {
  /** The name that the host gives, if it does: it replaces the one that is stored. */
  readonly name: string | undefined;
}

/** The name of the sign-in that a guest's token stands for. */
export function sessionOf(guestToken: string): string {
  return sha256(guestToken);
}

export function isGuestToken(text: string): boolean {
  return text.startsWith(guestPrefix);
}

export class Accounts {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #names: Names;
  readonly #known: KnownUsers | undefined;
  readonly #hostUsers: Batcher<HostUser, UserRow>;
  readonly #guests: Batcher<{ user: NewUser; hash: string }, undefined>;
  readonly #sessions: Batcher<string, UserRow | undefined>;

  /** `known`: what is remembered of users, on a server that is told of each change of them. */
  constructor(options: { db: Database; clock: Clock; names: Names; known?: KnownUsers | undefined }) {
    const { db, clock } = options;
    this.#names = options.names;
    this.#known = options.known;
    this.#db = db;
    this.#clock = clock;
    const inputs_max = batch_max;
    this.#hostUsers = new Batcher({ clock, inputs_max, run: (asked) => this.#findOrAdd(asked) });
    this.#guests = new Batcher({
      clock,
      inputs_max,
      run: async (added) => {
        await addGuests(db, added);
        return added.map(() => undefined);
      },
    });
    this.#sessions = new Batcher({
      clock,
      inputs_max,
      run: async (hashes) => {
        const found = new Map((await findSessions(db, hashes)).map(({ hash, user }) => [hash, user]));
        return hashes.map((hash) => found.get(hash));
      },
    });
  }

  /** The user that a host vouches for; made at the first time. */
  async ofHost(asked: HostUser): Promise<UserRow> {
    const user = allowed(this.#known?.find(asked) ?? (await this.#lookUp(asked)));
    const { name } = asked;
    if (name === undefined || name === user.name) return user;
    return await this.#rename(user, name);
  }

  async #lookUp(asked: HostUser): Promise<UserRow> {
    const version = this.#known?.version ?? 0;
    const user = await this.#hostUsers.ask(asked);
    this.#known?.keep(asked, user, version);
    return user;
  }

  /** The guest whose token it is. Throws `unauthorized` for an unknown or revoked one. */
  async ofGuest(guestToken: string, name: string | undefined): Promise<UserRow> {
    const user = await this.#sessions.ask(sha256(guestToken));
    if (user === undefined)
      throw new ChatError("unauthorized", "this guest token is not known here: connect without one");
    if (name === undefined || name === user.name) return allowed(user);
    return await this.#rename(allowed(user), name);
  }

  /** Ends a sign-in: its token is refused from now on. The caller closes what is connected by it. */
  async endSession(session: string): Promise<void> {
    await revokeSession(this.#db, { hash: session, at: this.#clock.now() });
  }

  /** A new guest, and the token that keeps the identity. */
  async newGuest(name: string | undefined): Promise<{ user: UserRow; token: string }> {
    const id = shortId();
    const secret = `${guestPrefix}${token(token_bytes)}`;
    const given = name ?? `guest-${id.slice(0, 5)}`;
    const role = "guest" as const;
    const user = { id, issuer: guest, subject: id, name: given, created_at: this.#clock.now(), role };
    await this.#guests.ask({ user, hash: sha256(secret) });
    return { user: await this.#hostUsers.ask({ issuer: guest, subject: id, name: given }), token: secret };
  }

  async #rename(user: UserRow, name: string): Promise<UserRow> {
    await renameUser(this.#db, { n: user.n, name });
    this.#known?.forget(user.id);
    this.#names.tell({ id: user.id, name });
    return { ...user, name };
  }

  async #findOrAdd(asked: readonly HostUser[]): Promise<readonly UserRow[]> {
    const found = new Map((await findUsers(this.#db, asked)).map((user) => [identityKey(user), user]));
    const missing = new Map(asked.filter((who) => !found.has(identityKey(who))).map((who) => [identityKey(who), who]));
    if (missing.size > 0) {
      const created_at = this.#clock.now();
      const added = [...missing.values()].map(({ issuer, subject, name }) => {
        const id = shortId();
        return { id, issuer, subject, name: name ?? `user-${id.slice(0, 5)}`, created_at };
      });
      await addUsers(this.#db, added);
      for (const user of await findUsers(this.#db, added)) found.set(identityKey(user), user);
    }
    return asked.map((who) => found.get(identityKey(who)) as UserRow);
  }
}

function allowed(user: UserRow): UserRow {
  if (user.disabled_at !== null) throw new ChatError("permission_denied", "this account is disabled");
  return user;
}
