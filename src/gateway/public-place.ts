/** Where people's browsers find this server, and which pages are its own. */

import type { CookieRules } from "./session-cookie.ts";

export interface PublicPlaceOptions {
  /** The setting. */
  readonly publicUrl: string | undefined;
  readonly allowed: readonly string[];
  readonly host: string;
  /** The server has a certificate of its own. */
  readonly tls: boolean;
  /** Known once it listens. */
  readonly ports: () => readonly number[];
}

export interface PublicPlace {
  /** The origin that people's browsers use. */
  readonly url: () => string;
  readonly cookies: CookieRules;
}

const inAddress = (host: string): string => (host.includes(":") ? `[${host}]` : host);

export function publicPlace(options: PublicPlaceOptions): PublicPlace {
  const { host, ports, publicUrl, tls } = options;
  const secure = publicUrl === undefined ? tls : publicUrl.startsWith("https:");
  const everywhere = host === "0.0.0.0" || host === "::";
  const near = everywhere ? "localhost" : inAddress(host);
  let origins: ReadonlySet<string> | undefined;
  return {
    url: () => publicUrl ?? new URL(`${tls ? "https" : "http"}://${near}:${ports()[0] ?? 0}`).origin,
    cookies: { secure, origins: () => (origins ??= ownOrigins(options)) },
  };
}

/**
 * The public URL, else this machine's own names with the ports that it listens on; and what the operator has listed. The
 * host that a request names is not believed.
 */
export function ownOrigins({ allowed, host, ports, publicUrl, tls }: PublicPlaceOptions): ReadonlySet<string> {
  if (publicUrl !== undefined) return new Set([publicUrl, ...allowed]);
  const named = host === "0.0.0.0" || host === "::" ? [] : [inAddress(host)];
  const names = ["localhost", "127.0.0.1", "[::1]", ...named];
  const scheme = tls ? "https" : "http";
  return new Set([
    ...names.flatMap((name) => ports().map((port) => new URL(`${scheme}://${name}:${port}`).origin)),
    ...allowed,
  ]);
}
