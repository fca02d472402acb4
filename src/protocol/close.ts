/**
 * Close codes. 3500 to 3999 (and 4500 to 4999, and 1009) are final for the Centrifuge SDKs; after every other code,
 * 1001 and 1006 included, they come back. A reason stays below 124 bytes (RFC 6455, 5.5).
 */
export const closes = {
  /** Of the naive door, whose clients are told nothing else. */
  too_large: { code: 1009, reason: "a message is at most 16 KiB" },
  try_again: { code: 1013, reason: "not stored, or not surely: try again later" },
  shutdown: { code: 3001, reason: "shutdown" },
  internal: { code: 3004, reason: "internal server error" },
  expired: { code: 3005, reason: "connection expired" },
  slow: { code: 3008, reason: "slow" },
  insufficient_state: { code: 3010, reason: "insufficient state" },
  no_pong: { code: 3012, reason: "no pong" },
  too_many_requests: { code: 3013, reason: "too many requests" },
  invalid_token: { code: 3500, reason: "invalid token" },
  bad_request: { code: 3501, reason: "bad request" },
  stale: { code: 3502, reason: "stale" },
  revoked: { code: 3503, reason: "force disconnect" },
  connection_limit: { code: 3504, reason: "connection limit" },
  permission_denied: { code: 3507, reason: "permission denied" },
  too_many_errors: { code: 3509, reason: "too many errors" },
  address_banned: { code: 3510, reason: "this server takes nothing from your address" },
  /** Of the naive door; the others are told by an error. */
  message_refused: { code: 3511, reason: "a rule of this server refuses this message" },
} as const;

export type CloseName = keyof typeof closes;

/** Codes of an `unsubscribe` push; below 2500 they end the subscription for good. */
export const unsubscribes = {
  left: { code: 2000, reason: "left the room" },
  revoked: { code: 2001, reason: "removed from the room" },
} as const;
