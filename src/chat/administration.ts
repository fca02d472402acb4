/** What administrators do with people, by the chat's operations and on the command line. Every act is noted. */

import type { Clock } from "../lib/clock.ts";
import { sha256, shortId, token } from "../lib/ids.ts";
import { noEmail } from "../protocol/account-fields.ts";
import { ChatError } from "../protocol/errors.ts";
import { serverRank, type ServerRole } from "../protocol/roles.ts";
import { addPasswordReset, replaceOwnerInvite } from "../store/accounts/links.ts";
import {
  addAccount,
  changePerson,
  enabledBotsOf,
  findPerson,
  hasOwner,
  isFreeName,
  listUsers,
  makeFirstOwner,
  removeSecondFactor,
  type ListedUser,
} from "../store/accounts/people.ts";
import type { Database } from "../store/orm.ts";
import { revokeSessionsOf } from "../store/users.ts";
import { commandLine, type Audit } from "./audit.ts";
import { keepInvite } from "./invites.ts";
import type { People, Person } from "./people.ts";
import type { SignIns } from "./sign-ins.ts";

const hour_ms = 60 * 60 * 1000;
export const link_ms = 24 * hour_ms;
const token_bytes = 24;

/** Who acts: a person, or whoever has the command line. */
export interface Actor {
  readonly id: string;
  readonly rank: number;
  readonly address?: string | undefined;
}

export const ownerOfMachine: Actor = { id: commandLine, rank: Number.POSITIVE_INFINITY };

export function actorOf(person: Person, address?: string): Actor {
  return { id: person.id, rank: serverRank(person.role), address };
}

/** What somebody opens to come in. The token stands behind a `#`, which browsers do not send. */
export interface Link {
  readonly token: string;
  readonly link: string;
  readonly expires_at: number | null;
}

/** A new secret that somebody can open; it leads where what is stored of it says. */
export function newLink(
  { clock, publicUrl }: Pick<AdministrationOptions, "clock" | "publicUrl">,
  kind: "invite" | "join" | "owner" | "reset",
  ttl_ms: number | null,
): Link {
  const secret = token(token_bytes);
  const expires_at = ttl_ms === null ? null : clock.now() + ttl_ms;
  return { token: secret, link: `${publicUrl()}/#${kind}=${secret}`, expires_at };
}

/** By id, or by user name. Throws where nobody is called so. */
export async function personCalled(db: Database, name: string): Promise<ListedUser> {
  const user = await findPerson(db, name);
  if (user === undefined) throw new ChatError("bad_request", `there is no person ${JSON.stringify(name)}`);
  return user;
}

export interface AdministrationOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly hint: () => void;
  /** Who is connected here; undefined on the command line. */
  readonly people: People | undefined;
  readonly signIns: SignIns;
  /** The origin that people's browsers use. */
  readonly publicUrl: () => string;
}

/** The ways in which a person can be here. */
export type PersonKind = "local" | "host" | "guest" | "bot";

export function kindOf({ issuer }: { issuer: string }): PersonKind {
  if (issuer === "local" || issuer === "bot") return issuer;
  return issuer.startsWith("jwt:") ? "host" : "guest";
}

export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** People in the order of their coming, from behind the given one. */
  async list(asked: { after?: string | undefined; limit: number; search?: string | undefined }): Promise<ListedUser[]> {
    const { db } = this.#options;
    const behind = asked.after === undefined ? undefined : await findPerson(db, asked.after);
    return await listUsers(db, { after: behind?.n ?? 0, limit: asked.limit, search: asked.search });
  }

  /** Lets somebody in no more, nor their bots: every sign-in ends, every connection is closed. */
  async disable(actor: Actor, name: string): Promise<void> {
    const user = await this.#below(actor, name);
    await this.#disable(actor, user);
    for (const bot of await enabledBotsOf(this.#options.db, user.n))
      await this.#disable(actor, bot, { owner: user.id });
  }

  async enable(actor: Actor, name: string): Promise<void> {
    const user = await this.#below(actor, name);
    await this.#change(user, { disabled_at: null });
    await this.#note(actor, "user.enable", { user });
  }

  /** Only who stands above a role gives or takes it. */
  async role(actor: Actor, name: string, role: ServerRole): Promise<void> {
    const user = await this.#below(actor, name);
    if (user.role === "guest" || user.role === "bot" || role === "guest" || role === "bot")
      throw new ChatError("bad_request", "guests and bots stay what they are: give a role to a person with an account");
    if (serverRank(role) >= actor.rank && role !== "owner")
      throw new ChatError("permission_denied", "only the owner makes administrators");
    if (role === "owner" && actor.rank < serverRank("owner"))
      throw new ChatError("permission_denied", "only an owner makes an owner");
    await this.#change(user, { role });
    await this.#note(actor, "user.role", { user, detail: { from: user.role, to: role } });
  }

  /** Ends all sign-ins of a person. */
  async signOut(actor: Actor, name: string): Promise<number> {
    const user = await this.#below(actor, name);
    const ended = await this.#signOut(user);
    await this.#note(actor, "user.sign_out", { user, detail: { ended } });
    return ended;
  }

  /** A way to a new password, good once. It changes nothing until it is used. */
  async resetPassword(actor: Actor, name: string): Promise<Link> {
    const user = await this.#below(actor, name);
    if (kindOf(user) !== "local") throw new ChatError("bad_request", "only a person with an account has a password");
    const link = await this.#resetLink(user.id);
    await this.#note(actor, "user.reset_password", { user });
    return link;
  }

  /** For who has lost the second factor and the recovery codes: the password alone is enough again. */
  async resetSecondFactor(actor: Actor, name: string): Promise<void> {
    const user = await this.#below(actor, name);
    await removeSecondFactor(this.#options.db, user.id);
    await this.#note(actor, "user.reset_second_factor", { user });
  }

  /** An account, and the link by which its owner sets a password. */
  async add(
    actor: Actor,
    person: { username: string; name: string; email?: string | undefined; role: ServerRole },
  ): Promise<Link & { user: ListedUser }> {
    const { clock, db } = this.#options;
    const { username, name, email = noEmail(person.username), role } = person;
    if (!(await isFreeName(db, username))) throw new ChatError("bad_request", `the user name ${username} is taken`);
    const id = shortId();
    await addAccount(db, { id, name, username, email, at: clock.now() });
    let user = await personCalled(this.#options.db, id);
    if (role !== "member") {
      await this.#change(user, { role });
      user = { ...user, role };
    }
    await this.#note(actor, "user.add", { user, detail: { role } });
    return { ...(await this.#resetLink(id)), user };
  }

  /** A link by which people come to the server. */
  async invite(actor: Actor, wish: { uses_max: number | null; ttl_ms: number | null }): Promise<Link> {
    const { audit, clock, db } = this.#options;
    const made = newLink(this.#options, "invite", wish.ttl_ms);
    const { expires_at, token: secret } = made;
    const rest = { created_by: null, expires_at, uses_max: wish.uses_max };
    const by = { actor: actor.id, address: actor.address };
    await keepInvite({ audit, clock, db }, { ...by, token: secret, room: null, ...rest });
    return made;
  }

  /** While nobody owns the server: the link that makes its owner, instead of any before. */
  async ownerLink(): Promise<Link | undefined> {
    const { clock, db } = this.#options;
    if (await hasOwner(db)) return undefined;
    const made = newLink(this.#options, "owner", link_ms);
    const hash = sha256(made.token);
    const created = { created_by: null, created_at: clock.now(), expires_at: made.expires_at };
    await replaceOwnerInvite(db, { id: shortId(), hash, kind: "owner", room: null, ...created, uses_max: 1 });
    return made;
  }

  /** Who has come by the owner's link; they stay a member where somebody else was made the owner meanwhile. */
  async makeOwner(id: string, address: string): Promise<void> {
    const { clock, db, hint, people } = this.#options;
    const user = await personCalled(db, id);
    if (!(await makeFirstOwner(db, { n: user.n, at: clock.now() }))) return;
    people?.change({ id, role: "owner", disabled: false });
    hint();
    await this.#note({ id, rank: 0, address }, "server.owner", { user });
  }

  /** Whoever acts on somebody must stand above them. */
  async #below(actor: Actor, name: string): Promise<ListedUser> {
    const user = await personCalled(this.#options.db, name);
    if (serverRank(user.role) >= actor.rank)
      throw new ChatError("permission_denied", "this person stands as high as you, or higher");
    return user;
  }

  async #change(user: ListedUser, change: { role?: ServerRole; disabled_at?: number | null }): Promise<void> {
    const { clock, db, hint, people } = this.#options;
    // As the row is now: what was read of it before may have been changed by somebody else meanwhile.
    const now = await changePerson(db, { n: user.n, at: clock.now(), ...change });
    if (now !== undefined) people?.change({ id: user.id, role: now.role, disabled: now.disabled_at !== null });
    hint();
  }

  async #disable(actor: Actor, user: ListedUser, detail?: Record<string, unknown>): Promise<void> {
    await this.#change(user, { disabled_at: this.#options.clock.now() });
    await this.#signOut(user);
    await this.#note(actor, "user.disable", { user, detail });
  }

  async #signOut(user: ListedUser): Promise<number> {
    const { clock, db, hint, people, signIns } = this.#options;
    const ended = await signIns.end({ account: user.id });
    const guests = await revokeSessionsOf(db, { user: user.n, at: clock.now() });
    for (const session of guests) people?.endSession(user.id, session);
    if (guests.length > 0) hint();
    return ended + guests.length;
  }

  async #resetLink(account: string): Promise<Link> {
    const { clock, db } = this.#options;
    const made = newLink(this.#options, "reset", link_ms);
    const identifier = sha256(`reset-password:${made.token}`);
    const at = clock.now();
    await addPasswordReset(db, { id: shortId(), identifier, account, at, expires_at: made.expires_at ?? at });
    return made;
  }

  async #note(
    actor: Actor,
    action: string,
    on: { user: ListedUser; detail?: Record<string, unknown> | undefined },
  ): Promise<void> {
    const { id, address } = actor;
    await this.#options.audit.note({ actor: id, action, target: `user:${on.user.id}`, detail: on.detail, address });
  }
}
