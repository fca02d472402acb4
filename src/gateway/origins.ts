/** Which pages may open a socket here. Requests without an Origin come from programs, not from pages. */

export interface OriginRules {
  readonly publicUrl: string | undefined;
  readonly allowed: readonly string[];
}

/**
 * A page of this server itself, by its public URL or, where none is set, by the host that the browser asked for; or of
 * an origin that the operator listed.
 */
export function originAllowed(rules: OriginRules, request: { origin: string | null; host: string | null }): boolean {
  const { origin, host } = request;
  if (origin === null) return true;
  if (rules.allowed.includes(origin)) return true;
  if (rules.publicUrl !== undefined) return origin === new URL(rules.publicUrl).origin;
  return host !== null && (origin === `http://${host}` || origin === `https://${host}`);
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * The same for the naive door, where nobody signs in: its pages come from a disk ("null") or, as in the tutorials, from
 * another server on the same host, whose port does not matter. The names of this machine for itself are one host.
 */
export function plainOriginAllowed(
  rules: OriginRules,
  request: { origin: string | null; host: string | null },
): boolean {
  const { origin, host } = request;
  if (origin === "null" || originAllowed(rules, request)) return true;
  const page = origin === null || !URL.canParse(origin) ? undefined : new URL(origin);
  if (page === undefined || page.origin !== origin) return false;
  const own = rules.publicUrl ?? `http://${host}`;
  if (!URL.canParse(own)) return false;
  const { hostname } = new URL(own);
  return page.hostname === hostname || (loopback.test(page.hostname) && loopback.test(hostname));
}
