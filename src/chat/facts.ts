/** What an event states, beside its text: whoever publishes it applies it in the same turn. */

import { isMemberKind, type MemberKind, type RoomChangeKind } from "../protocol/events.ts";
import type { RoomRole } from "../protocol/roles.ts";
import type { Draft, RoomSettings } from "../store/draft.ts";

/** Somebody's place in a room is so from now on. */
export interface MembershipFact {
  readonly kind: MemberKind;
  /** `users.id`. */
  readonly user: string;
  readonly role: RoomRole;
  /** Unix milliseconds at which a mute or a ban ends. */
  readonly until: number;
  /** It was committed here: what is known of the room is what the commit saw. Otherwise the database is asked. */
  readonly here: boolean;
}

export interface RoomFact {
  readonly kind: RoomChangeKind;
  /** What `changed` changed; undefined where only the database knows. */
  readonly set: Partial<RoomSettings> | undefined;
}

/** A message has lost its words. */
export interface DeletionFact {
  readonly kind: "deleted";
}

export type Fact = MembershipFact | RoomFact | DeletionFact;

export function isMembership(fact: Fact): fact is MembershipFact {
  return isMemberKind(fact.kind);
}

/** The fact of a draft that was committed here. */
export function factOf(draft: Draft): Fact | undefined {
  switch (draft.kind) {
    case "message":
    case "marks":
      return undefined;
    case "created":
      if (draft.room.kind === "open") return undefined;
      return { kind: "joined", user: draft.by, role: "owner", until: 0, here: true };
    case "deleted":
      return { kind: "deleted" };
    case "changed":
    case "closed":
    case "reopened":
    case "gone":
      return { kind: draft.kind, set: draft.set };
    default:
      return { kind: draft.kind, user: draft.about, role: draft.role, until: draft.until ?? 0, here: true };
  }
}

const kindStart = '"kind":"';

/** The fact in a publication that was read and not made here. */
export function factOfText(publication: string): Fact | undefined {
  // Tags come last, and a message's end in another way: nearly all texts need no parsing.
  const start = publication.lastIndexOf(kindStart);
  if (start === -1 || publication.indexOf('"', start + kindStart.length) !== publication.length - 3) return undefined;
  const event = JSON.parse(publication) as { tags: { kind?: string }; data: Partial<MembershipFact> };
  const kind = event.tags.kind as Fact["kind"] | undefined;
  if (kind === undefined) return undefined;
  if (kind === "deleted") return { kind };
  if (!isMemberKind(kind)) return { kind, set: undefined };
  const { user = "", role = "member", until = 0 } = event.data;
  return { kind, user, role, until, here: false };
}
