/** What callers are told of failures. */

import type { Log } from "../lib/log.ts";
import { ChatError } from "../protocol/errors.ts";
import { StorageError } from "../store/draft.ts";

/** What stands in the log of a failure that is no outcome of itself. */
export interface Noted {
  readonly log: Log;
  readonly event: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/**
 * The outcome that an error stands for: one that was thrown as such, or what the database could not do, which comes wrapped
 * by those who asked it. What nobody foresaw is a mistake of ours, and "internal" to the caller.
 */
export function outcomeOf(error: unknown, { event, facts, log }: Noted): ChatError {
  if (error instanceof ChatError) return error;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!(at instanceof StorageError) || at.code === "internal") continue;
    log.warn(event, { ...facts, code: at.code, message: at.message });
    return new ChatError(at.code, undefined, { cause: error });
  }
  log.error(event, { ...facts, error });
  return new ChatError("internal");
}
