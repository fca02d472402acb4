/**
 * Every outcome that a caller can be told. `wire` is the code of an error reply (0 to 399 are the Centrifuge protocol's
 * own, from 400 on ours), `status` the HTTP status, `temporary` whether the same request may succeed a moment later.
 */
export const errors = {
  internal: { wire: 100, status: 500, temporary: true, text: "internal server error" },
  unauthorized: { wire: 101, status: 401, temporary: false, text: "unauthorized" },
  /** Also the answer to somebody who is no member: absent and forbidden must look alike. */
  room_not_found: { wire: 102, status: 404, temporary: false, text: "no such room, or it is not yours to see" },
  permission_denied: { wire: 103, status: 403, temporary: false, text: "permission denied" },
  unknown_method: { wire: 104, status: 404, temporary: false, text: "method not found" },
  already_subscribed: { wire: 105, status: 409, temporary: false, text: "already subscribed" },
  limit_exceeded: { wire: 106, status: 429, temporary: false, text: "limit exceeded" },
  bad_request: { wire: 107, status: 400, temporary: false, text: "bad request" },
  not_available: { wire: 108, status: 501, temporary: false, text: "not available" },
  token_expired: { wire: 109, status: 401, temporary: false, text: "token expired" },
  too_many_requests: { wire: 111, status: 429, temporary: true, text: "too many requests" },
  unrecoverable_position: { wire: 112, status: 410, temporary: false, text: "unrecoverable position" },
  id_conflict: { wire: 409, status: 409, temporary: false, text: "this id was used for another message" },
  too_large: { wire: 413, status: 413, temporary: false, text: "too large" },
  message_not_found: { wire: 404, status: 404, temporary: false, text: "no such message" },
  invite_not_found: { wire: 406, status: 404, temporary: false, text: "this invitation leads nowhere any more" },
  not_a_member: { wire: 405, status: 409, temporary: false, text: "this person is no member of the room" },
  not_found: { wire: 407, status: 404, temporary: false, text: "no such thing, or it is not yours to handle" },
  message_refused: { wire: 422, status: 422, temporary: false, text: "a rule of this server refuses this message" },
  muted: { wire: 423, status: 403, temporary: false, text: "you may not write in this room now" },
  room_closed: { wire: 424, status: 403, temporary: false, text: "the room is closed" },
  overloaded: { wire: 503, status: 503, temporary: true, text: "overloaded, nothing was stored: retry in a second" },
  slow_mode: { wire: 429, status: 429, temporary: true, text: "slow mode: wait a little before the next message" },
  locked_down: { wire: 451, status: 403, temporary: false, text: "the server is locked down" },
  address_banned: { wire: 452, status: 403, temporary: false, text: "this server takes nothing from your address" },
  /** A message may or may not be stored after it; its id makes the retry safe. */
  outcome_unknown: { wire: 504, status: 504, temporary: true, text: "outcome unknown: retry with the same id" },
  storage_full: { wire: 507, status: 507, temporary: true, text: "the disk is full, nothing was stored" },
  storage_unavailable: {
    wire: 508,
    status: 503,
    temporary: true,
    text: "the database does not answer, no message was stored: retry in a second",
  },
} as const;

export type ErrorCode = keyof typeof errors;

/** An outcome that ends a command: thrown anywhere below a door, answered once by the door. */
export class ChatError extends Error {
  override readonly name = "ChatError";
  readonly code: ErrorCode;
  /** What was expected, what came, what to do; shown to the caller after the table's text. */
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string, options?: { cause: unknown }) {
    super(detail === undefined ? errors[code].text : `${errors[code].text}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }
}
