/** The body of a request, bounded in bytes and time, as JSON text that is safe to parse. */

import { deadline, type Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { compact, writingOf } from "../protocol/json.ts";
import { command_bytes_max, nesting_max } from "../protocol/limits.ts";

const body_ms_max = 10_000;
const digits = /^\d+$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const jsonType = /^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i;

export interface Body {
  readonly value: unknown;
  /** Without insignificant whitespace. */
  readonly text: string;
}

/** Whoever dribbles: the connection ends with the answer, or the rest of the body would keep it open. */
export class LateBody extends ChatError {
  constructor() {
    super("bad_request", `the body did not come within ${body_ms_max / 1000} s`);
  }
}

/** Throws `bad_request` or `too_large`. */
export async function readBody(request: Request, clock: Clock): Promise<Body> {
  if (!jsonType.test(request.headers.get("content-type") ?? ""))
    throw new ChatError("bad_request", "expected content-type: application/json (UTF-8)");
  const length = request.headers.get("content-length");
  if (Number(length ?? 0) > command_bytes_max) throw tooLarge();
  const text = await deadline(clock, readText(request, length !== null && digits.test(length)), {
    ms: body_ms_max,
    error: () => new LateBody(),
  });
  const writing = writingOf(text, nesting_max);
  if (writing === "deep") throw new ChatError("bad_request", `nested deeper than ${nesting_max}`);
  try {
    return { value: JSON.parse(text) as unknown, text: writing === "tight" ? text : compact(text) };
  } catch (error) {
    throw new ChatError("bad_request", "expected JSON in the body", { cause: error });
  }
}

/** Without a length in its head a body is as long as its sender likes: it is read no further than allowed. */
async function readPieces(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > command_bytes_max) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function tooLarge(): ChatError {
  return new ChatError("too_large", `a request is at most ${command_bytes_max} bytes`);
}

async function readText(request: Request, isBounded: boolean): Promise<string> {
  const bytes = isBounded ? await request.bytes() : await readPieces(request.body);
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new ChatError("bad_request", "the body is not UTF-8", { cause: error });
  }
}
