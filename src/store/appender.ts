/** The way into the log, as the chat sees it: the journal itself, or a gateway thread's port to it. */

import type { Draft, Outcome, Unseen } from "./draft.ts";

/** Drafts that wait or are in the database, and what they weigh; past it a draft is refused at once. */
export const drafts_pending_max = 10_000;
export const draft_bytes_pending_max = 16 * 1024 * 1024;

/** Who is told what became of a draft. Called once, in the turn of the publish, after it. */
export interface Waiter {
  settle(outcome: Outcome): void;
}

/**
 * Announces what a batch committed; synchronous, in the turn in which the batch came back, before anybody is told.
 * `unseen` goes first: it came with the batch, and others have committed it before.
 */
export type Publish = (drafts: readonly Draft[], outcomes: readonly Outcome[], unseen: readonly Unseen[]) => void;

/** The last seq of a room that has gone out here; undefined where nobody has the room open. */
export type SeenOf = (room: number) => number | undefined;

/**
 * Drafts are committed in the order taken, and published in the order committed: every batch of the process is, also
 * those that were taken elsewhere. A copy of a draft that is still on its way shares the first one's outcome, whoever
 * took it. What is above the limits is answered `overloaded`, what comes after the end `storage_unavailable`, both at
 * once; a draft whose outcome is not known in time is answered `outcome_unknown`.
 */
export interface Appender {
  /** Drafts taken here that are not answered yet. */
  readonly pending: number;
  append(draft: Draft, waiter: Waiter): void;
  /** Takes no more drafts and resolves once those taken are answered. */
  close(): Promise<void>;
}
