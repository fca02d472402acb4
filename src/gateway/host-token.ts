/**
 * Hosts' tokens as nearly all are, HS256 with claims of the usual kinds: verified at once. The general way takes a thread
 * and as many turns of the loop as that needs. What is not plain, or not good, is for the general way to judge.
 */

import { timingSafeEqual } from "node:crypto";
import type { JWTPayload } from "jose";

export interface HostTokenRules {
  readonly secret: string;
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

export type Claims = JWTPayload & { readonly sub: string; readonly exp: number };

const base64url = { alphabet: "base64url" } as const;

export class HostTokens {
  readonly #rules: HostTokenRules;
  /** Has the key in it already: copied for each token. */
  readonly #hasher: Bun.CryptoHasher;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** The last one that was signed and plain: a host's are all alike. */
  #header = "";

  constructor(rules: HostTokenRules) {
    this.#rules = rules;
    this.#hasher = new Bun.CryptoHasher("sha256", new TextEncoder().encode(rules.secret));
  }

  /** The claims of a token that is good at this time; undefined says nothing about it. */
  claims(token: string, now_s: number): Claims | undefined {
    const payloadAt = token.indexOf(".") + 1;
    const signatureAt = token.lastIndexOf(".") + 1;
    if (payloadAt === 0 || signatureAt === payloadAt) return undefined;
    if (!this.#isSigned(token.slice(0, signatureAt - 1), token.slice(signatureAt))) return undefined;
    if (!this.#isPlainHeader(token.slice(0, payloadAt - 1))) return undefined;
    const claims = this.#decoded(token.slice(payloadAt, signatureAt - 1));
    return isPlain(claims) && this.#isMeant(claims) && isInTime(claims, now_s) ? claims : undefined;
  }

  #isPlainHeader(header: string): boolean {
    if (header === this.#header) return true;
    const isPlain = hasPlainKeys(this.#decoded(header));
    if (isPlain) this.#header = header;
    return isPlain;
  }

  /** As text: of all the ways to write the same bytes one is good. */
  #isSigned(signed: string, signature: string): boolean {
    const expected = Buffer.from(this.#hasher.copy().update(signed).digest("base64url"));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #decoded(part: string): unknown {
    try {
      return JSON.parse(this.#decoder.decode(Uint8Array.fromBase64(part, base64url)));
    } catch {
      return undefined;
    }
  }

  #isMeant({ aud, iss }: Claims): boolean {
    const { audience, issuer } = this.#rules;
    return (audience === undefined || aud === audience) && (issuer === undefined || iss === issuer);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** No other algorithm, and nothing that would have to be understood (`crit`, `b64`). */
function hasPlainKeys(header: unknown): boolean {
  if (!isObject(header) || header["alg"] !== "HS256") return false;
  return Object.keys(header).every((key) => key === "alg" || key === "typ" || key === "kid");
}

function isPlain(claims: unknown): claims is Claims {
  if (!isObject(claims)) return false;
  const { exp, iat, nbf, sub } = claims;
  return typeof sub === "string" && sub !== "" && Number.isFinite(exp) && isTime(iat) && isTime(nbf);
}

function isTime(value: unknown): boolean {
  return value === undefined || Number.isFinite(value);
}

function isInTime({ exp, nbf = 0 }: Claims, now_s: number): boolean {
  return exp > now_s && nbf <= now_s;
}
