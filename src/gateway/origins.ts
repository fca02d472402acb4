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
