/** Keys with which programs come in, and the bots that some of them speak for. */

import type { Clock } from "../lib/clock.ts";
import { sha256, shortId, token } from "../lib/ids.ts";
import { keyPrefix } from "../protocol/account-fields.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import { administers } from "../protocol/roles.ts";
import { addBot, findPerson, isFreeName, listBots } from "../store/accounts/people.ts";
import { addKey, listKeys, ownerOfKey } from "../store/accounts/sign-ins.ts";
import type { Database } from "../store/orm.ts";
import type { Audit } from "./audit.ts";
import { addressOf, type Caller } from "./policy.ts";
import type { SignIns } from "./sign-ins.ts";

const token_bytes = 32;
const keys_max = 50;

export interface KeysOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly signIns: SignIns;
}

interface Holder {
  readonly n: number;
  readonly id: string;
}

export class Keys {
  readonly #options: KeysOptions;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  async create(caller: Caller, asked: CheckedInput<"api_key.create">): Promise<OutputOf<"api_key.create">> {
    const { audit, clock, db } = this.#options;
    const { name, scopes, expires_at = null } = asked;
    const created_at = clock.now();
    if (expires_at !== null && expires_at <= created_at)
      throw new ChatError("bad_request", "expires_at: expected a time in the future, in Unix milliseconds");
    // A key that makes keys must not make a better one.
    if (caller.scopes !== undefined && scopes.some((scope) => caller.scopes?.has(scope) !== true))
      throw new ChatError("permission_denied", "a key gives no more than it has");
    const holder = await this.#holder(caller, asked.bot);
    if ((await listKeys(db, holder.n)).length >= keys_max)
      throw new ChatError("limit_exceeded", `at most ${keys_max} keys`);
    const key = `${keyPrefix}${token(token_bytes)}`;
    const made = { id: shortId(), name, scopes, created_at, expires_at };
    await addKey(db, { ...made, hash: sha256(key), user: holder.n, created_by: caller.person.n });
    const detail = { key: made.id, scopes };
    await audit.note({ ...by(caller), action: "api_key.create", target: `user:${holder.id}`, detail });
    return { ...made, key };
  }

  async list(caller: Caller, bot: string | undefined): Promise<OutputOf<"api_key.list">> {
    const holder = await this.#holder(caller, bot);
    const keys = await listKeys(this.#options.db, holder.n);
    return { keys: keys.map(({ scopes, ...key }) => ({ ...key, scopes: [...scopes] })) };
  }

  async revoke(caller: Caller, id: string): Promise<object> {
    const { audit, db, signIns } = this.#options;
    const owner = await ownerOfKey(db, id);
    const holder = owner === undefined ? undefined : await this.#mine(caller, owner);
    if (holder === undefined) throw new ChatError("bad_request", "there is no such key of yours");
    await signIns.revokeKey({ id, user: holder.id });
    const detail = { key: id };
    await audit.note({ ...by(caller), action: "api_key.revoke", target: `user:${holder.id}`, detail });
    return {};
  }

  async createBot(caller: Caller, asked: CheckedInput<"bot.create">): Promise<OutputOf<"bot.create">> {
    const { audit, clock, db } = this.#options;
    const { name, username = null } = asked;
    if (username !== null && !(await isFreeName(db, username)))
      throw new ChatError("bad_request", `the user name ${username} is taken`);
    const id = shortId();
    await addBot(db, { id, name, username, owner: caller.person.n, created_at: clock.now() });
    await audit.note({ ...by(caller), action: "bot.create", target: `user:${id}` });
    return { id, name, username, owner: caller.person.id };
  }

  async bots(caller: Caller): Promise<OutputOf<"bot.list">> {
    const owner = administers(caller.person.role) ? undefined : caller.person.n;
    const found = await listBots(this.#options.db, owner);
    return { bots: found.map(({ id, name, username, owner: whose }) => ({ id, name, username, owner: whose })) };
  }

  /** Whom a key is to speak for: the caller, or a bot that is theirs or that they administer. */
  async #holder(caller: Caller, bot: string | undefined): Promise<Holder> {
    if (bot === undefined) return caller.person;
    const found = await findPerson(this.#options.db, bot);
    const mine = found === undefined || found.role !== "bot" ? undefined : await this.#mine(caller, found.n);
    if (mine === undefined) throw new ChatError("bad_request", "there is no such bot of yours");
    return mine;
  }

  async #mine(caller: Caller, n: number): Promise<Holder | undefined> {
    if (n === caller.person.n) return caller.person;
    const { db } = this.#options;
    const bots = await listBots(db, administers(caller.person.role) ? undefined : caller.person.n);
    return bots.find((bot) => bot.n === n);
  }
}

function by(caller: Caller): { actor: string; address: string | undefined } {
  return { actor: caller.person.id, address: addressOf(caller) };
}
