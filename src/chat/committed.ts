/** Waits for what becomes of a draft. */

import { ChatError } from "../protocol/errors.ts";
import type { Appender } from "../store/appender.ts";
import type { Draft, Outcome } from "../store/draft.ts";

/** Gives a draft to the log, and tells what became of it. */
export type Commit = (draft: Draft) => Promise<Outcome>;

export function settled(journal: Appender, draft: Draft): Promise<Outcome> {
  return new Promise((settle) => journal.append(draft, { settle }));
}

/** Waits for a draft's outcome. Throws what refused it. */
export async function committed(journal: Appender, draft: Draft): Promise<Outcome> {
  return requireCommitted(await settled(journal, draft));
}

export function requireCommitted(outcome: Outcome): Outcome {
  if (outcome.code !== "committed" && outcome.code !== "repeated") throw new ChatError(outcome.code);
  return outcome;
}
