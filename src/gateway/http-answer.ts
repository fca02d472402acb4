/** Answers over HTTP: one shape of errors for operations and accounts. */

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

export function errorAnswer(error: ChatError, request_id: string): Answer {
  const { temporary } = errors[error.code];
  const status = error instanceof WrongMethod ? 405 : errors[error.code].status;
  const retry_ms = error instanceof TooMany ? error.retry_ms : second_ms;
  const body = JSON.stringify({ error: { code: error.code, message: error.message, temporary, request_id } });
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
