export interface BackoffOptions {
  readonly floor_ms: number;
  readonly ceiling_ms: number;
  /** From 0 to below 1, as Math.random. */
  readonly random: () => number;
}

/**
 * How long to wait before try number `attempt` (from 0) is repeated: anywhere between the floor and a bound that doubles
 * with each attempt up to the ceiling. The whole span is random ("full jitter", as the AWS Architecture Blog named it), because clients
 * that lost their server together must not come back together, not even the first time.
 */
export function backoff(attempt: number, options: BackoffOptions): number {
  const bound_ms = Math.min(options.ceiling_ms, options.floor_ms * 2 ** (attempt + 1));
  return options.floor_ms + options.random() * Math.max(0, bound_ms - options.floor_ms);
}
