/** Tokens as a host application would sign them. */

import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from "jose";

/** What `CONFAB_JWT_SECRET` is in tests. */
export const jwtSecret = "a secret for tests, of more than 32 characters";

interface Claims extends Omit<JWTPayload, "exp"> {
  readonly sub?: string;
  readonly exp?: number | undefined;
  readonly info?: unknown;
  readonly channels?: readonly string[];
}

/** Seconds since 1970, so far from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function withExpiry(claims: Claims): JWTPayload {
  const payload = { exp: inSeconds(3600), ...claims };
  return JSON.parse(JSON.stringify(payload)) as JWTPayload;
}

/** A token signed with the secret; it lives an hour unless the claims say otherwise (`exp: undefined` leaves it out). */
export function signed(claims: Claims, secret = jwtSecret): Promise<string> {
  return new SignJWT(withExpiry(claims)).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
}

export interface HostKey {
  readonly algorithm: "RS256" | "ES256";
  readonly pem: string;
  /** The public key as a key set has it. */
  readonly jwk: object;
  sign(claims: Claims): Promise<string>;
}

export async function hostKey(algorithm: HostKey["algorithm"], id = "test-key"): Promise<HostKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: id, alg: algorithm, use: "sig" };
  return {
    algorithm,
    pem: await exportSPKI(publicKey),
    jwk,
    sign: (claims) => new SignJWT(withExpiry(claims)).setProtectedHeader({ alg: algorithm, kid: id }).sign(privateKey),
  };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A token that nobody signed. */
export function unsigned(claims: Claims, algorithm = "none"): string {
  return `${base64url({ alg: algorithm, typ: "JWT" })}.${base64url({ exp: inSeconds(3600), ...claims })}.`;
}
