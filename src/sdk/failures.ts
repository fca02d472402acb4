/** What can go wrong, as the application sees it: an outcome of the server's table, or no answer at all. */

import { ChatError, errors, type ErrorCode } from "../protocol/errors.ts";

/** The server was not reached, or the connection broke before its answer. Asking again may help. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

/** The client was closed first. What its outbox holds stays in the store and is sent by the next client of the store. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";

  constructor() {
    super("The client was closed before the answer came.");
  }
}

const codes = new Map<number, ErrorCode>((Object.keys(errors) as ErrorCode[]).map((code) => [errors[code].wire, code]));
/** Codes below are the Centrifuge client's own: timeouts and broken connections. */
const server_codes_min = 100;

interface WireError {
  readonly code: number;
  readonly message: string;
  readonly temporary?: boolean;
}

function isWireError(error: unknown): error is WireError {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number";
}

/** An outcome by its number on the wire. A number that this version does not know becomes the nearest that says whether to retry. */
export function outcomeOf(error: WireError): ChatError {
  const code = codes.get(error.code) ?? (error.temporary === true ? "internal" : "bad_request");
  const { text } = errors[code];
  const detail = error.message.startsWith(`${text}: `) ? error.message.slice(text.length + 2) : error.message;
  return new ChatError(code, detail === text || detail === "" ? undefined : detail, { cause: error });
}

/** Whatever a call of the Centrifuge client rejected with. */
export function failureOf(error: unknown): ChatError | ConnectionError {
  if (error instanceof ChatError || error instanceof ConnectionError) return error;
  if (isWireError(error) && error.code >= server_codes_min) return outcomeOf(error);
  const reason = isWireError(error) || error instanceof Error ? error.message : "no answer";
  return new ConnectionError(`The server did not answer (${reason}).`, { cause: error });
}

/** Whether the same request may succeed a moment later. */
export function isTemporary(error: unknown): boolean {
  return error instanceof ChatError ? errors[error.code].temporary : error instanceof ConnectionError;
}
