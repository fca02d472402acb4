/** The parts of accounts, put together for the chat and for the command line. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { token } from "../lib/ids.ts";
import { ensureMeta } from "../store/meta.ts";
import { accountNamed } from "../store/accounts/people.ts";
import type { Database } from "../store/orm.ts";
import type { AccountAuth, Oidc } from "./account-auth.ts";
import { Administration } from "./administration.ts";
import type { Audit } from "./audit.ts";
import { Keys } from "./keys.ts";
import { Mail } from "./mail.ts";
import { Passwords } from "./passwords.ts";
import type { People } from "./people.ts";
import { Registration, type Rules } from "./registration.ts";
import { SignIns } from "./sign-ins.ts";

const day_s = 24 * 60 * 60;
const secret_bytes = 32;
/** A provider that did not answer is asked again after this. */
const provider_retry_ms = 3_000;

export interface AccountSettings {
  readonly sessionDays: number;
  /** Signs cookies and encrypts second factors; the database keeps one where none is given. */
  readonly secret: string | undefined;
  readonly smtp:
    | {
        readonly url: string;
        readonly from: string;
        readonly user: string | undefined;
        readonly password: string | undefined;
      }
    | undefined;
  readonly oidc: Oidc | undefined;
}

export interface AccountPartsOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly hint: () => void;
  readonly people: People | undefined;
  /** The origin that people's browsers use; known once the server listens. */
  readonly publicUrl: () => string;
}

export function createAccountParts(options: AccountPartsOptions) {
  const signIns = new SignIns(options);
  return {
    signIns,
    administration: new Administration({ ...options, signIns }),
    keys: new Keys({ ...options, signIns }),
  };
}

export interface AccountDoorsOptions extends Omit<AccountPartsOptions, "people"> {
  readonly log: Log;
  readonly origins: () => readonly string[];
  readonly settings: AccountSettings;
  readonly signIns: SignIns;
  readonly administration: Administration;
  readonly rules: Rules;
}

/** What the accounts' door works with. better-auth is loaded when it is first asked for. */
export class AccountDoors {
  readonly #options: AccountDoorsOptions;
  readonly #passwords = new Passwords();
  readonly registration: Registration;
  #auth: Promise<AccountAuth> | undefined;
  #opened_ms = 0;

  constructor(options: AccountDoorsOptions) {
    this.#options = options;
    const { clock, db, rules } = options;
    this.registration = new Registration({ clock, db, rules });
  }

  get administration(): Administration {
    return this.#options.administration;
  }

  get sendsMail(): boolean {
    return this.#options.settings.smtp !== undefined;
  }

  get hasProvider(): boolean {
    return this.#options.settings.oidc !== undefined;
  }

  /** One name for an account that can be signed in to by several; a name that leads to none stands for itself. */
  async tried(name: string): Promise<string> {
    return (await accountNamed(this.#options.db, name)) ?? name;
  }

  /** `wantsProvider`: one that did not answer when it was first asked is asked again. */
  async auth(wantsProvider = false): Promise<AccountAuth> {
    const { clock } = this.#options;
    if (this.#auth !== undefined && wantsProvider) {
      const known = await this.#auth;
      if (!known.hasProvider && clock.monotonic() - this.#opened_ms > provider_retry_ms) this.#auth = undefined;
    }
    this.#auth ??= this.#open();
    return await this.#auth;
  }

  async #open(): Promise<AccountAuth> {
    this.#opened_ms = this.#options.clock.monotonic();
    try {
      return await this.#load();
    } catch (error) {
      // The database may be away for a moment: whoever comes next tries again.
      this.#auth = undefined;
      throw error;
    }
  }

  async #load(): Promise<AccountAuth> {
    const { clock, db, log, origins, publicUrl, settings, signIns } = this.#options;
    const { oidc, sessionDays, smtp } = settings;
    const secret = settings.secret ?? (await ensureMeta(db, "account_secret", token(secret_bytes)));
    const { openAccountAuth } = await import("./account-auth.ts");
    const mail = smtp === undefined ? undefined : new Mail({ clock, ...smtp });
    return await openAccountAuth({
      clock,
      db,
      log,
      passwords: this.#passwords,
      secret,
      publicUrl: publicUrl(),
      origins: origins(),
      session_s: sessionDays * day_s,
      oidc,
      requireUnlocked: () => this.registration.rules.requireUnlocked(),
      end: async (ended) => void (await signIns.end(ended)),
      sendReset: mail === undefined ? undefined : (to) => this.#sendReset(mail, to),
    });
  }

  async #sendReset(mail: Mail, to: { email: string; name: string; token: string }): Promise<void> {
    const url = this.#options.publicUrl();
    const text =
      `Hello ${to.name},\n\n` +
      `somebody, probably you, asked for a new password at ${url}. To set one, open this within an hour:\n\n` +
      `${url}/#reset=${to.token}\n\n` +
      "If it was not you, there is nothing to do: the old password stays.\n";
    await mail.send({ to: to.email, subject: `A new password for ${new URL(url).host}`, text });
  }
}
