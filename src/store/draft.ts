/** What waits to be committed, and what became of it. `actor` is `users.n`, `by` the same person's `users.id`. */

import type { ErrorCode } from "../protocol/errors.ts";
import type { MemberKind, RoomChangeKind } from "../protocol/events.ts";
import type { RoomRole } from "../protocol/roles.ts";

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

/**
 * By what right a change is asked for. `self`: about oneself, or one's own words. `room`: by one's role in the room, judged at the commit. `link`:
 * an invite link was claimed. `server`: by a role on the server, which the caller has checked.
 */
export type Right = "self" | "room" | "link" | "server";

/** Somebody's place in a room changes; `data` is what the event shows. */
export interface MembershipDraft {
  readonly kind: MemberKind;
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  /** `users.n` and `users.id` of whom it is about. */
  readonly target: number;
  readonly about: string;
  /** The role that they have from now on, where they stay or become a member. */
  readonly role: RoomRole;
  readonly right: Right;
  /** Unix milliseconds at which a ban or a mute ends; 0: a ban never does, a mute has ended. */
  readonly until?: number;
  /** Why somebody was banned: kept beside the membership, never in the log. */
  readonly reason?: string;
  readonly data: string;
}

/** What can be changed of a room. */
export interface RoomSettings {
  readonly name: string;
  readonly topic: string;
  /** What who joins may read: everything, or from the joining on. */
  readonly history: "all" | "joined";
  /** Who may write. */
  readonly post: "members" | "moderators";
  /** Who may invite. */
  readonly invite: "members" | "moderators";
  /** What a member must wait between two messages; 0 for nothing. */
  readonly slow_ms: number;
}

/** The room itself changes; `set` holds what `changed` changes. */
export interface RoomChangeDraft {
  readonly kind: RoomChangeKind;
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  readonly right: Right;
  readonly set: Partial<RoomSettings>;
  readonly data: string;
}

/** A message loses its words, for everybody; its row and its seq stay. */
export interface DeletionDraft {
  readonly kind: "deleted";
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  /** The seq of the message. */
  readonly target: number;
  readonly right: Right;
  readonly data: string;
}

/** How far somebody has read and received: no event, and the marks only rise. */
export interface MarksDraft {
  readonly kind: "marks";
  readonly room: number;
  readonly actor: number;
  readonly by: string;
  readonly read_seq: number;
  readonly recv_seq: number;
  readonly data: "";
}

/** A new room, with its creator as its first member; an open room has no members and no first event. */
export interface RoomDraft {
  readonly kind: "created";
  readonly actor: number;
  readonly by: string;
  readonly room: Pick<RoomSettings, "name" | "history"> &
    Partial<RoomSettings> & {
      readonly id: string;
      readonly kind: "public" | "private" | "direct" | "broadcast" | "open";
      /** The people of a direct room, `users.n` rising, joined by commas: a room that has them already is the answer. */
      readonly direct_key?: string;
    };
  /** What the creator's `joined` event shows. */
  readonly data: string;
}

export type Draft = MessageDraft | MembershipDraft | RoomChangeDraft | DeletionDraft | MarksDraft | RoomDraft;

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
  /**
   * It took effect behind `seq` without an event of its own: in a room of more than `listed_members_max` joins and leaves
   * are a count.
   */
  readonly silent?: true;
}

export function failure(code: ErrorCode): Outcome {
  return { code, seq: 0, time: 0, room: 0 };
}

/** A draft of that room fails alone. */
export function refusal(room: number, code: OutcomeCode): Outcome {
  return { code, seq: 0, time: 0, room };
}

/** The first try of a message; `data` is null where its words were changed since, and cannot be compared. */
export interface StoredMessage {
  readonly seq: number;
  readonly time: number;
  readonly data: string | null;
}

/** What a retry is told. */
export function retryOf({ data, room }: Pick<MessageDraft, "data" | "room">, stored: StoredMessage): Outcome {
  if (stored.data !== null && stored.data !== data) return refusal(room, "id_conflict");
  return { code: "repeated", seq: stored.seq, time: stored.time, room };
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

/**
 * By SQLite's name of an error: the database does nothing before its disk, its server or whoever holds it lets it. A file that
 * could not be read is called corrupt, as one that is.
 */
export function isUnavailable(code: string): boolean {
  return /^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|READONLY|CORRUPT|NOTADB)/.test(code);
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
