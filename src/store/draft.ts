/** What waits to be committed, and what became of it. `actor` is `users.n`, `by` the same person's `users.id`. */

import type { ErrorCode } from "../protocol/errors.ts";

export interface MessageDraft {
  readonly kind: "message";
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  /** The sender's own id for it; (room, actor, id) is stored once. */
  readonly id: string;
  /** JSON text without insignificant whitespace. */
  readonly data: string;
}

/** A person joins or leaves; `data` is what the event shows. */
export interface MembershipDraft {
  readonly kind: "joined" | "left";
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  /** `users.n` and `users.id` of whom it is about. */
  readonly target: number;
  readonly about: string;
  readonly role: "owner" | "admin" | "member";
  readonly data: string;
}

/** A new room, with its creator as its first member; an open room has no members and no first event. */
export interface RoomDraft {
  readonly kind: "created";
  readonly actor: number;
  readonly by: string;
  readonly room: {
    readonly id: string;
    readonly kind: "public" | "private" | "open";
    readonly name: string;
    readonly history: "all" | "joined";
  };
  /** What the creator's `joined` event shows. */
  readonly data: string;
}

export type Draft = MessageDraft | MembershipDraft | RoomDraft;

/**
 * `committed`: stored now, at `seq`. `repeated`: it was so already, `seq` is the first one's. Anything else is an error
 * and nothing was stored, except after `outcome_unknown`.
 */
export type OutcomeCode = "committed" | "repeated" | ErrorCode;

export interface Outcome {
  readonly code: OutcomeCode;
  readonly seq: number;
  /** Unix milliseconds, the database's clock. */
  readonly time: number;
  /** The room's key; for a new room the one it got. */
  readonly room: number;
}

export function failure(code: ErrorCode): Outcome {
  return { code, seq: 0, time: 0, room: 0 };
}

/** Events of a room that others have committed, as publications; the first of them has the seq `first`. */
export interface Unseen {
  readonly room: number;
  readonly first: number;
  readonly texts: readonly string[];
}

export interface Committed {
  /** One per draft, in their order. */
  readonly outcomes: readonly Outcome[];
  /** What of the batch's rooms was asked for; below the seqs that the batch got. */
  readonly unseen: readonly Unseen[];
}

/** By room, the last seq that is known where the batch comes from. */
export type Seen = ReadonlyMap<number, number>;

/**
 * Commits drafts: all of a call in one transaction, seqs in the order given, one result per draft in the same order.
 * Membership, mute and the room's state are judged inside the transaction, where each draft sees those before it; who
 * fails gets no seq and spoils nobody else's. An id that is stored already is found before any of that is judged.
 * A rejection is a `StorageError`: unless it says otherwise, nothing of the batch was stored.
 *
 * Where others write to the same rooms, it also brings what they have added to those of `seen`, from behind the seq given
 * up to this batch: a bounded part, or nothing where it is too large. Whoever asks reads the rest by itself.
 */
export interface Committer {
  commit(drafts: readonly Draft[], seen?: Seen): Promise<Committed>;
}

/** Why storage could not do what it was asked; `outcome_unknown` when it may have done it. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: "storage_full" | "storage_unavailable" | "outcome_unknown" | "internal";

  constructor(code: StorageError["code"], message: string, options?: { cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
