/** The body of a request, bounded in bytes and time, as JSON text that is safe to parse. */

import { deadline, type Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { compact, nestedWithin } from "../protocol/json.ts";
import { command_bytes_max, nesting_max } from "../protocol/limits.ts";

const body_ms_max = 10_000;
const jsonType = /^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i;

export interface Body {
  readonly value: unknown;
  /** Without insignificant whitespace. */
  readonly text: string;
}

/** Throws `bad_request` or `too_large`. */
export async function readBody(request: Request, clock: Clock): Promise<Body> {
  if (!jsonType.test(request.headers.get("content-type") ?? ""))
    throw new ChatError("bad_request", "expected content-type: application/json (UTF-8)");
  if (Number(request.headers.get("content-length") ?? 0) > command_bytes_max) throw tooLarge();
  const late = (): Error => new ChatError("bad_request", `the body did not come within ${body_ms_max / 1000} s`);
  const text = await deadline(clock, readText(request), { ms: body_ms_max, error: late });
  if (!nestedWithin(text, nesting_max)) throw new ChatError("bad_request", `nested deeper than ${nesting_max}`);
  try {
    return { value: JSON.parse(text) as unknown, text: compact(text) };
  } catch (error) {
    throw new ChatError("bad_request", "expected JSON in the body", { cause: error });
  }
}

function tooLarge(): ChatError {
  return new ChatError("too_large", `a request is at most ${command_bytes_max} bytes`);
}

async function readText(request: Request): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  if (request.body !== null) {
    // Without a length in its head a body is as long as its sender likes: it is read no further than allowed.
    for await (const piece of request.body as ReadableStream<Uint8Array>) {
      bytes += piece.byteLength;
      if (bytes > command_bytes_max) throw tooLarge();
      pieces.push(piece);
    }
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(pieces));
  } catch (error) {
    throw new ChatError("bad_request", "the body is not UTF-8", { cause: error });
  }
}
