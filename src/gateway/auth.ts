/**
 * Who is at the door. A host's token is a JWT in Centrifugo's convention (`sub`, `exp`, `info`, `channels`); a guest's is
 * an opaque one of our own, or none at the first time; a person's with an account is that of a session, a program's a
 * key. One algorithm a key, `exp` required, nothing fetched from unverified claims.
 */

import {
  createRemoteJWKSet,
  errors as joseErrors,
  importSPKI,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { userName } from "../protocol/operation-fields.ts";
import type { Scope } from "../protocol/roles.ts";
import { isGuestToken, sessionOf, type Account, type Accounts } from "../chat/accounts.ts";
import { isKey, isSessionToken, type FoundSignIn, type SignIns } from "../chat/sign-ins.ts";
import { HostTokens, type Claims } from "./host-token.ts";

export interface AuthOptions {
  readonly accounts: Accounts;
  readonly signIns: SignIns;
  readonly clock: Clock;
  /** The server lets guests in. */
  readonly open: boolean;
  readonly secret: string | undefined;
  readonly publicKey: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

export interface SignIn {
  readonly user: Account;
  /** Who may refresh this sign-in: issuer and subject. */
  readonly subject: string;
  /** Unix seconds at which the token ends; a guest's does not. */
  readonly expires_s: number | undefined;
  /** A new token may take its place before: the host's. What else ends, ends for good. */
  readonly renewable: boolean;
  /** JSON text of the `info` claim. */
  readonly connInfo: string | undefined;
  readonly grants: ReadonlySet<string>;
  /** A new guest's token, to be kept by the client. */
  readonly guestToken: string | undefined;
  /** What a revocation names. */
  readonly session: string | undefined;
  /** What the key that was given may be used for; undefined for a person's own sign-in. */
  readonly scopes: ReadonlySet<Scope> | undefined;
}

export interface Auth {
  /** Guests are let in. */
  readonly open: boolean;
  /** Throws `token_expired` or `unauthorized`; `InvalidToken` where a token is no good for ever. */
  signIn(token: string, name: string | undefined): Promise<SignIn>;
  /** Checks a new token of a connection; it must be the same user's. */
  refresh(token: string): Promise<{ subject: string; expires_s: number }>;
}

/** The connection is closed for good: coming back with this token would change nothing. */
export class InvalidToken extends Error {
  override readonly name = "InvalidToken";
}

const grants_max = 500;
const second_ms = 1_000;
const nobody: ReadonlySet<string> = new Set();

type Key = { readonly algorithms: string[]; readonly key: JWTVerifyGetKey | CryptoKey | Uint8Array };

async function keysOf(options: AuthOptions): Promise<Key[]> {
  const { secret, publicKey, jwksUrl } = options;
  const keys: Key[] = [];
  if (secret !== undefined) keys.push({ algorithms: ["HS256"], key: await hmacKey(secret) });
  if (publicKey !== undefined) {
    const algorithm = await publicKeyAlgorithm(publicKey);
    keys.push({ algorithms: [algorithm], key: await importSPKI(publicKey, algorithm) });
  }
  if (jwksUrl !== undefined) keys.push({ algorithms: ["RS256", "ES256"], key: createRemoteJWKSet(new URL(jwksUrl)) });
  return keys;
}

/** Imported once: given as bytes it would be imported anew for every token. */
async function hmacKey(secret: string): Promise<CryptoKey> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), hmac, false, ["verify"]);
}

async function publicKeyAlgorithm(pem: string): Promise<"RS256" | "ES256"> {
  try {
    await importSPKI(pem, "RS256");
    return "RS256";
  } catch {
    return "ES256";
  }
}

/** Throws `token_expired`, or `InvalidToken`. */
async function verify(token: string, keys: readonly Key[], { audience, issuer }: AuthOptions): Promise<Claims> {
  for (const { key, algorithms } of keys) {
    const checks = {
      algorithms,
      requiredClaims: ["exp", "sub"],
      ...(audience === undefined ? {} : { audience }),
      ...(issuer === undefined ? {} : { issuer }),
    };
    try {
      // The overloads of jwtVerify tell keys and look-ups apart; at run time it is one parameter.
      const { payload } = await jwtVerify(token, key as JWTVerifyGetKey, checks);
      if (typeof payload.sub !== "string" || payload.sub === "" || payload.exp === undefined) {
        throw new InvalidToken("Expected a token with a sub that names the user.");
      }
      return { ...payload, sub: payload.sub, exp: payload.exp };
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) throw new ChatError("token_expired", undefined, { cause: error });
      if (error instanceof joseErrors.JWKSTimeout)
        throw new ChatError("storage_unavailable", "the key set does not answer");
    }
  }
  throw new InvalidToken("The token is not one that this server accepts.");
}

export async function createAuth(options: AuthOptions): Promise<Auth> {
  const keys = await keysOf(options);
  const { accounts, clock, open, secret, signIns } = options;
  const plain = secret === undefined ? undefined : new HostTokens({ ...options, secret });
  const verified = (token: string): Claims | Promise<Claims> =>
    plain?.claims(token, Math.floor(clock.now() / second_ms)) ?? verify(token, keys, options);
  return {
    open,
    async signIn(token, name) {
      if (isSessionToken(token)) return ofAccount(await signIns.ofSession(token), undefined);
      if (isKey(token)) {
        const key = await signIns.ofKey(token);
        return ofAccount(key, key.scopes);
      }
      if (token === "" || isGuestToken(token)) {
        if (!open) throw new ChatError("unauthorized", "this server lets no guests in: connect with a token");
        return ofGuest(
          token === "" ? await accounts.newGuest(name) : { user: await accounts.ofGuest(token, name), token },
        );
      }
      const claims = await verified(token);
      const user = await accounts.ofHost({ issuer: issuerOf(claims), subject: claims.sub, name: nameOf(claims) });
      const connInfo = claims["info"] === undefined ? undefined : JSON.stringify(claims["info"]);
      return {
        user,
        subject: subjectOf(claims),
        expires_s: claims.exp,
        renewable: true,
        connInfo,
        grants: grantsOf(claims),
        guestToken: undefined,
        session: undefined,
        scopes: undefined,
      };
    },
    async refresh(token) {
      const claims = await verified(token);
      return { subject: subjectOf(claims), expires_s: claims.exp };
    },
  };
}

function ofGuest({ user, token }: { user: Account; token: string }): SignIn {
  return {
    user,
    subject: "",
    expires_s: undefined,
    renewable: false,
    connInfo: undefined,
    grants: nobody,
    guestToken: token,
    session: sessionOf(token),
    scopes: undefined,
  };
}

/** A sign-in that this server made itself. */
function ofAccount(found: FoundSignIn, scopes: ReadonlySet<Scope> | undefined): SignIn {
  const { expires_ms, id, user } = found;
  return {
    user,
    subject: "",
    expires_s: expires_ms === Number.MAX_SAFE_INTEGER ? undefined : expires_ms / 1000,
    renewable: false,
    connInfo: undefined,
    grants: nobody,
    guestToken: undefined,
    session: id,
    scopes,
  };
}

function issuerOf(claims: JWTPayload): string {
  return `jwt:${claims.iss ?? ""}`;
}

function subjectOf(claims: JWTPayload & { sub: string }): string {
  return `${issuerOf(claims)} ${claims.sub}`;
}

/** The name that the token gives in `info.name`, where it is fit to be shown. */
function nameOf(claims: JWTPayload): string | undefined {
  const info = claims["info"];
  const named = typeof info === "object" && info !== null && "name" in info ? info.name : undefined;
  return typeof named === "string" ? userName.safeParse(named).data : undefined;
}

function grantsOf(claims: JWTPayload): ReadonlySet<string> {
  const channels = claims["channels"];
  if (!Array.isArray(channels)) return nobody;
  return new Set(channels.filter((channel) => typeof channel === "string").slice(0, grants_max));
}
