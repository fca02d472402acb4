/**
 * better-auth as this server uses it: passwords, second factors, sign-ins at an OIDC provider. It is loaded when
 * somebody first signs in, for it takes a while that a start does not have.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { betterAuth } from "better-auth/minimal";
import { APIError } from "better-auth/api";
import { bearer } from "better-auth/plugins/bearer";
import { genericOAuth } from "better-auth/plugins/generic-oauth";
import { twoFactor } from "better-auth/plugins/two-factor";
import { username } from "better-auth/plugins/username";
import type { Clock } from "../lib/clock.ts";
import { sha256, shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { usernameSchema } from "../protocol/account-fields.ts";
import {
  password_chars_max,
  password_chars_min,
  username_chars_max,
  username_chars_min,
} from "../protocol/account-limits.ts";
import { ChatError } from "../protocol/errors.ts";
import { nameSchema } from "../protocol/operation-fields.ts";
import { user_name_chars_max } from "../protocol/limits.ts";
import { createAccountsAdapter } from "../store/accounts/adapter.ts";
import { hasPassword, isFreeName } from "../store/accounts/people.ts";
import { useCode } from "../store/accounts/used-codes.ts";
import type { Database } from "../store/orm.ts";
import { findUsers } from "../store/users.ts";
import { addressHeader, authPath } from "./account-auth-names.ts";
import type { Passwords } from "./passwords.ts";

/** The one provider's name here, in addresses and rows. */
const oidcProvider = "oidc";
const reset_s = 3_600;
/** What is left to give the second factor. */
const pending_s = 600;
/** A code is good in its own half minute, in the one before and in the one behind. */
const code_ms = 90_000;
const codePath = "/two-factor/verify-totp";

export interface Oidc {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: readonly string[];
  /** Who comes for the first time gets an account. */
  readonly signUp: boolean;
}

/** Hashes of the passwords that were found right, or made, for the request that is being answered, and whose they are. */
interface Proofs {
  readonly proven: Set<string>;
  readonly made: Set<string>;
  account: string | undefined;
}

const proofs = new AsyncLocalStorage<Proofs>();
const noProofs = (): Proofs => ({ proven: new Set(), made: new Set(), account: undefined });

export interface AccountAuthOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly log: Log;
  readonly passwords: Passwords;
  readonly secret: string;
  /** The origin that people's browsers use. */
  readonly publicUrl: string;
  readonly origins: readonly string[];
  readonly session_s: number;
  readonly oidc: Oidc | undefined;
  /** Throws where nobody new may come just now. */
  readonly requireUnlocked: () => void;
  /** Ends a sign-in everywhere. */
  readonly end: (ended: { account: string; id: string }) => Promise<void>;
  /** Sends the way to a new password; undefined where no mail can be sent. */
  readonly sendReset: ((to: { email: string; name: string; token: string }) => Promise<void>) | undefined;
}

export interface NewPerson {
  readonly username: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

export interface AccountAuth {
  handle(request: Request): Promise<Response>;
  /** Makes the account and signs it in. */
  signUp(person: NewPerson, headers: Headers): Promise<Response>;
  /** The OIDC provider was asked how it works, and answered. */
  readonly hasProvider: boolean;
}

/** Names of cookies: with the prefix a browser takes them from this host only, by https only. */
function cookiePrefix(publicUrl: string): string {
  return publicUrl.startsWith("https:") ? "__Host-confab" : "confab";
}

export async function openAccountAuth(options: AccountAuthOptions): Promise<AccountAuth> {
  const auth = createAuth(options);
  const { socialProviders } = await auth.$context;
  return {
    hasProvider: socialProviders.some(({ id }) => id === oidcProvider),
    handle: (request) => proofs.run(noProofs(), () => auth.handler(request)),
    async signUp(person, headers) {
      // A bot may have the name, which better-auth does not know.
      if (!(await isFreeName(options.db, person.username)))
        throw new ChatError("bad_request", "this user name is taken");
      try {
        return await auth.api.signUpEmail({ body: { ...person }, headers, asResponse: true });
      } catch (error) {
        if (!(error instanceof APIError)) throw error;
        return Response.json(error.body ?? {}, { status: error.statusCode });
      }
    },
  };
}

function createAuth(options: AccountAuthOptions) {
  const { db, end, oidc, origins, publicUrl, secret, session_s } = options;
  const secure = publicUrl.startsWith("https:");
  return betterAuth({
    appName: "Confab",
    baseURL: publicUrl,
    basePath: authPath,
    secret,
    trustedOrigins: [publicUrl, ...origins],
    database: createAccountsAdapter({
      db,
      end,
      outrun: passwordChanged,
      proven: () => [...(proofs.getStore()?.proven ?? [])],
      requireProof: (account) => requireProof(db, account),
    }),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    session: { expiresIn: session_s, disableSessionRefresh: true, cookieCache: { enabled: false }, freshAge: 0 },
    verification: { storeIdentifier: { hash: async (text: string) => sha256(text) } },
    account: { accountLinking: { enabled: false }, updateAccountOnSignIn: false },
    onAPIError: { errorURL: `${publicUrl}/?sign_in=failed` },
    advanced: {
      cookiePrefix: cookiePrefix(publicUrl),
      useSecureCookies: false,
      defaultCookieAttributes: { secure, httpOnly: true, sameSite: "lax", path: "/" },
      ipAddress: { ipAddressHeaders: [addressHeader] },
      database: { generateId: () => shortId() },
    },
    logger: loggerOf(options),
    emailAndPassword: passwordsOf(options),
    databaseHooks: hooksOf(options),
    plugins: [
      bearer(),
      username({
        displayUsername: false,
        minUsernameLength: username_chars_min,
        maxUsernameLength: username_chars_max,
        usernameValidator: (text) => usernameSchema.safeParse(text).success,
      }),
      twoFactor({ issuer: new URL(publicUrl).host, twoFactorCookieMaxAge: pending_s }),
      ...(oidc === undefined ? [] : [genericOAuth({ config: [providerOf(oidc, options)] })]),
    ],
  });
}

/** What it has to say is for who looks for a fault; values may be secrets and are left out. */
function loggerOf({ log }: AccountAuthOptions) {
  return {
    level: "warn" as const,
    log: (level: string, message: string, ...values: unknown[]) => {
      const [cause] = values.filter((value) => value instanceof Error);
      const said = { message: message.slice(0, 300), ...(cause === undefined ? {} : { cause: cause.message }) };
      if (level === "error") log.warn("accounts", said);
      else log.debug("accounts", said);
    },
  };
}

function passwordsOf({ log, passwords, sendReset }: AccountAuthOptions) {
  const send = sendReset;
  return {
    enabled: true,
    minPasswordLength: password_chars_min,
    maxPasswordLength: password_chars_max,
    revokeSessionsOnPasswordReset: true,
    resetPasswordTokenExpiresIn: reset_s,
    password: {
      hash: async (password: string) => {
        const hash = await refusing(passwords.hash(password));
        proofs.getStore()?.made.add(hash);
        return hash;
      },
      verify: async ({ hash, password }: { hash: string; password: string }) => {
        const isRight = await refusing(passwords.verify(password, hash));
        if (isRight) proofs.getStore()?.proven.add(hash);
        return isRight;
      },
    },
    ...(send === undefined
      ? {}
      : {
          sendResetPassword: async ({ user, token }: { user: { email: string; name: string }; token: string }) => {
            if (user.email.endsWith(".invalid")) return;
            // Nobody waits for it: how long an answer takes must not tell who has an account.
            void send({ email: user.email, name: user.name, token }).catch((error: unknown) =>
              log.warn("mail_not_sent", { error }),
            );
          },
        }),
  };
}

/** To look at a password takes a while, in which it may be changed: who came by the old one is not let in then. */
async function requireProof(db: Database, asked: string | undefined): Promise<void> {
  const store = proofs.getStore();
  if (store === undefined) return;
  store.account = asked ?? store.account;
  const { account, made, proven } = store;
  const hashes = [...proven, ...made];
  if (account === undefined || hashes.length === 0 || (await hasPassword(db, { account, hashes }))) return;
  throw passwordChanged();
}

function passwordChanged(): APIError {
  const message = "the password was changed in this moment: sign in with the new one";
  return new APIError("UNAUTHORIZED", { message, code: "PASSWORD_CHANGED" });
}

/** Too many at once is an answer, and no fault. */
async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ChatError) throw new APIError("SERVICE_UNAVAILABLE", { message: error.message });
    throw error;
  }
}

function refuse(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof ChatError) throw new APIError("FORBIDDEN", { message: error.message, code: "LOCKED_DOWN" });
    throw error;
  }
}

interface Context {
  readonly path?: string;
  readonly body?: { readonly code?: unknown };
}

/** A code that was seen over somebody's shoulder is worth nothing any more (RFC 6238, 5.2). */
async function requireUnused({ clock, db }: AccountAuthOptions, by: { account: string; code: string }): Promise<void> {
  const at = clock.now();
  const id = sha256(`code ${by.account} ${by.code}`);
  if (await useCode(db, { id, at, until: at + code_ms })) return;
  const message = "this code has been used: sign in again, with the next one";
  throw new APIError("UNAUTHORIZED", { message, code: "CODE_USED" });
}

function hooksOf(options: AccountAuthOptions) {
  const { db, requireUnlocked } = options;
  return {
    user: {
      create: {
        // Who comes by the provider is asked for nothing before.
        before: async (_user: object, context: Context | null) => {
          if (context?.path?.startsWith("/callback/") === true) refuse(requireUnlocked);
        },
      },
    },
    session: {
      create: {
        before: async ({ userId }: { userId: string }, context: Context | null) => {
          const [user] = await findUsers(db, [{ issuer: "local", subject: userId }]);
          if (user === undefined || user.disabled_at !== null)
            throw new APIError("FORBIDDEN", { message: "this account is disabled", code: "ACCOUNT_DISABLED" });
          if (context?.path === codePath)
            await requireUnused(options, { account: userId, code: String(context.body?.code) });
        },
      },
    },
    account: {
      create: {
        // Nothing is asked of the provider later: its tokens are not kept.
        before: async (account: object) => ({
          data: { ...account, accessToken: null, refreshToken: null, idToken: null, scope: null },
        }),
      },
    },
  };
}

interface Profile {
  readonly sub?: unknown;
  readonly name?: unknown;
  readonly preferred_username?: unknown;
}

function providerOf(oidc: Oidc, { db }: AccountAuthOptions) {
  const { clientId, clientSecret, issuer, scopes, signUp } = oidc;
  return {
    providerId: oidcProvider,
    discoveryUrl: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    clientId,
    clientSecret,
    scopes: [...scopes],
    pkce: true,
    requireIdTokenVerification: true,
    disableSignUp: !signUp,
    /** The provider's e-mail is not taken: nobody comes into an account by the address that another account has. */
    mapProfileToUser: async (raw: Record<string, unknown>) => {
      const profile = raw as Profile;
      const wanted = usernameSchema.safeParse(profile.preferred_username).data;
      const free = wanted !== undefined && (await isFreeName(db, wanted)) ? wanted : undefined;
      const name = nameSchema(user_name_chars_max).safeParse(profile.name ?? profile.preferred_username).data;
      const email = `${sha256(`${issuer} ${String(profile.sub)}`).slice(0, 40)}@oidc.invalid`;
      return {
        email,
        emailVerified: false,
        name: name ?? free ?? "somebody",
        ...(free === undefined ? {} : { username: free }),
      };
    },
  };
}
