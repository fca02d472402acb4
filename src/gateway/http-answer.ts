/** Answers over HTTP: one shape of errors for operations and accounts. */

import { outcomeOf } from "../chat/outcomes.ts";
import type { Log } from "../lib/log.ts";
import { ChatError, errors } from "../protocol/errors.ts";
import { TooMany } from "./rates.ts";
import { LateBody } from "./request-body.ts";

const second_ms = 1_000;

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export class WrongMethod extends ChatError {
  constructor() {
    super("bad_request", "expected POST");
  }
}

/** `reason` is a further word for programs. */
export function errorAnswer(error: ChatError, request_id: string, reason?: string): Answer {
  const { temporary } = errors[error.code];
  const status = error instanceof WrongMethod ? 405 : errors[error.code].status;
  const retry_ms = error instanceof TooMany ? error.retry_ms : second_ms;
  const { code, message } = error;
  const body = JSON.stringify({ error: { code, message, temporary, request_id, reason } });
  return {
    status,
    body,
    headers: {
      ...(temporary ? { "retry-after": String(Math.max(1, Math.ceil(retry_ms / second_ms))) } : {}),
      ...(error instanceof LateBody ? { connection: "close" } : {}),
      ...(status === 405 ? { allow: "POST, OPTIONS" } : {}),
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
  };
}

/** What is told of whatever was thrown; what nobody foresaw is logged under the id of the request. */
export function failureAnswer(error: unknown, request_id: string, log: Log): Answer {
  return errorAnswer(outcomeOf(error, { log, event: "request_failed", facts: { request: request_id } }), request_id);
}

export function toResponse({ status, body, headers }: Answer): Response {
  return new Response(body, {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
