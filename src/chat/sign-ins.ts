/** Sign-ins of accounts, and keys of programs: whom a token stands for, and how a sign-in ends everywhere. */

import { Batcher } from "../lib/batcher.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/ids.ts";
import { keyPrefix, sessionTokenShape } from "../protocol/account-fields.ts";
import { ChatError } from "../protocol/errors.ts";
import {
  endAccountSessions,
  findAccountSessions,
  findKeys,
  forgetSignIns,
  revokeKey,
  type FoundKey,
  type FoundSignIn,
} from "../store/accounts/sign-ins.ts";
import type { Database } from "../store/orm.ts";
import type { People } from "./people.ts";

const batch_max = 500;
const day_ms = 24 * 60 * 60 * 1000;
/** What ended longer ago is removed. */
const ended_kept_ms = 30 * day_ms;

export type { FoundSignIn };

export function isSessionToken(text: string): boolean {
  return sessionTokenShape.test(text);
}

export function isKey(text: string): boolean {
  return text.startsWith(keyPrefix);
}

export interface SignInsOptions {
  readonly clock: Clock;
  readonly db: Database;
  /** Who is connected here; undefined on the command line. */
  readonly people: People | undefined;
  /** Other nodes should look into the database for what was changed. */
  readonly hint: () => void;
}

export class SignIns {
  readonly #options: SignInsOptions;
  readonly #sessions: Batcher<string, FoundSignIn | undefined>;
  readonly #keys: Batcher<string, FoundKey | undefined>;

  constructor(options: SignInsOptions) {
    const { clock, db } = options;
    this.#options = options;
    const inputs_max = batch_max;
    this.#sessions = new Batcher({
      clock,
      inputs_max,
      run: async (hashes) => byHash(hashes, await findAccountSessions(db, { hashes, now_ms: clock.now() })),
    });
    this.#keys = new Batcher({
      clock,
      inputs_max,
      run: async (hashes) => byHash(hashes, await findKeys(db, { hashes, now_ms: clock.now() })),
    });
    clock.every(day_ms, () => void forgetSignIns(db, clock.now() - ended_kept_ms).catch(() => {}));
  }

  /** The sign-in of a session's token. Throws `unauthorized` for one that is not good any more. */
  async ofSession(token: string): Promise<FoundSignIn> {
    const found = await this.#sessions.ask(sha256(token));
    if (found === undefined) throw new ChatError("unauthorized", "this sign-in has ended: sign in again");
    return allowed(found);
  }

  /** The person or bot that a key speaks for. Throws `unauthorized` for one that is not good any more. */
  async ofKey(token: string): Promise<FoundKey> {
    const found = await this.#keys.ask(sha256(token));
    if (found === undefined) throw new ChatError("unauthorized", "this key is not known here, or was revoked");
    return allowed(found);
  }

  /** Ends one sign-in of an account, or all of them, on every node. Returns how many there were. */
  async end(which: { account: string; id?: string | undefined }): Promise<number> {
    const { clock, db } = this.#options;
    const ended = await endAccountSessions(db, { ...which, at: clock.now() });
    for (const id of ended) this.#close(which.account, id);
    if (ended.length > 0) this.#options.hint();
    return ended.length;
  }

  /** Ends a key, on every node. */
  async revokeKey(key: { id: string; user: string }): Promise<void> {
    const { clock, db, hint } = this.#options;
    await revokeKey(db, { id: key.id, at: clock.now() });
    this.#close(key.user, key.id);
    hint();
  }

  /** The caller's own connection may be among them: it gets its answer first. */
  #close(user: string, session: string): void {
    const { clock, people } = this.#options;
    if (people !== undefined) clock.soon(() => people.endSession(user, session));
  }
}

function allowed<T extends FoundSignIn>(found: T): T {
  if (found.user.disabled_at !== null) throw new ChatError("permission_denied", "this account is disabled");
  return found;
}

function byHash<T extends { hash: string }>(hashes: readonly string[], found: readonly T[]): (T | undefined)[] {
  const known = new Map(found.map((row) => [row.hash, row]));
  return hashes.map((hash) => known.get(hash));
}
