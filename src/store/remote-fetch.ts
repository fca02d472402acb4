/** `fetch` for a libSQL server: every call has a deadline, and a call that failed says whether it may have been heard. */

import type { Clock } from "../lib/clock.ts";

/** A call without an answer. `sent`: the server may have got it, and may have done what it asks. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
  readonly sent: boolean;

  constructor(message: string, options: { sent: boolean; cause: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
  }
}

/** Nobody has listened, or who listens is not who was asked for: the request itself was never written. */
const unsent =
  /^(ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|FailedToOpenSocket|DNS\w*|CERT_\w+|UNABLE_TO_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|ERR_TLS_\w+)$/;

/** The deadline holds until the last byte of the answer's body has come. */
export function fetchWithin(clock: Clock, ms: number): (request: Request) => Promise<Response> {
  return async (request) => {
    const abort = new AbortController();
    let late = false;
    const timer = clock.after(ms, () => {
      late = true;
      abort.abort();
    });
    try {
      const response = await fetch(request, { signal: abort.signal });
      const body = await response.arrayBuffer();
      return new Response(body, {
        status: response.status,
        statusText: response.statusText,
        headers: response.headers,
      });
    } catch (cause) {
      if (late) throw new NoAnswer(`The database has not answered within ${ms} ms.`, { sent: true, cause });
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
      throw new NoAnswer(`The database cannot be reached (${code || String(cause)}).`, {
        sent: !unsent.test(code),
        cause,
      });
    } finally {
      timer.cancel();
    }
  };
}
