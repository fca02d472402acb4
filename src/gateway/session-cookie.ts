/** The cookie that a sign-in leaves with a browser, and where it is believed: with the Origin of a page of ours only. */

import { isSessionToken } from "../chat/sign-ins.ts";

const plainName = "confab.session_token";

export interface CookieRules {
  /** By https a browser gives the cookie to this host only, and only by https. */
  readonly secure: boolean;
  /** The origins of our own pages, and of those that the operator has listed. */
  readonly origins: () => ReadonlySet<string>;
}

/** The token of the sign-in in a `Cookie` header; undefined where there is none that could be one. */
export function sessionTokenIn(header: string | null, secure: boolean): string | undefined {
  if (header === null) return undefined;
  const wanted = `${secure ? "__Host-" : ""}${plainName}=`;
  const pair = header.split(/; */).find((one) => one.startsWith(wanted));
  // Behind the dot is better-auth's signature; what counts is that the token is known.
  const [given = ""] = pair?.slice(wanted.length).split(/\.|%2E/i) ?? [];
  return isSessionToken(given) ? given : undefined;
}

/** The sign-in that a request from a page of ours brings. Without an Origin it is no page's, and a cookie is nothing. */
export function sessionOf(request: Request, rules: CookieRules): string | undefined {
  const origin = request.headers.get("origin");
  if (origin === null || !rules.origins().has(origin)) return undefined;
  return sessionTokenIn(request.headers.get("cookie"), rules.secure);
}
