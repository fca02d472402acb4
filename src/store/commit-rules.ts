/**
 * Who may change what, as it is judged at the commit: pure functions of a room, of who asks and of whom it is about. The
 * statements for a libSQL server say the same in SQL; one contract suite runs on both.
 */

import { isAtLeast, roomRank, type RoomRole } from "../protocol/roles.ts";
import type { DeletionDraft, MembershipDraft, OutcomeCode, RoomChangeDraft, RoomDraft, RoomSettings } from "./draft.ts";

export interface JudgedRoom {
  readonly kind: RoomDraft["room"]["kind"];
  readonly closed: boolean;
  readonly post: RoomSettings["post"];
  readonly invite: RoomSettings["invite"];
  readonly slow_ms: number;
}

export interface JudgedPlace {
  readonly state: "joined" | "left" | "banned" | "invited";
  readonly role: RoomRole;
  readonly muted_until: number;
  readonly banned_until: number;
  readonly last_sent_at: number;
}

/** A place in a room; null for who never had one. */
export type MaybePlace = JudgedPlace | null;

/** "repeated": it is so already. Undefined: go on. */
export type Verdict = OutcomeCode | undefined;

const moderator = roomRank("moderator");

function rankOf(place: MaybePlace): number {
  return place?.state === "joined" ? roomRank(place.role) : 0;
}

/** Why this person does not write here now, however long ago they last did. It is asked before the journal as well. */
export function judgeWriter(
  room: Pick<JudgedRoom, "kind" | "closed" | "post">,
  place: Pick<JudgedPlace, "state" | "role" | "muted_until"> | null | undefined,
  now: number,
): "room_not_found" | "room_closed" | "muted" | "permission_denied" | undefined {
  const isOpen = room.kind === "open";
  // Who may not know of the room is not told that it is closed.
  if (!isOpen && place?.state !== "joined") return "room_not_found";
  if (room.closed) return "room_closed";
  if (isOpen || place === null || place === undefined) return undefined;
  if (place.muted_until > now) return "muted";
  return room.post === "moderators" && !isAtLeast(place.role, "moderator") ? "permission_denied" : undefined;
}

/** Why this message is not stored now. */
export function judgeMessage(room: JudgedRoom, place: MaybePlace, now: number): Verdict {
  const verdict = judgeWriter(room, place, now);
  if (verdict !== undefined || room.slow_ms === 0 || room.kind === "open" || place === null) return verdict;
  return rankOf(place) < moderator && isRecent(place.last_sent_at, room.slow_ms, now) ? "slow_mode" : undefined;
}

/** What is said to be later than now was written by a clock that was wrong: nobody waits until it is so late again. */
function isRecent(at: number, ms: number, now: number): boolean {
  return at <= now && at + ms > now;
}

/** Whether a ban holds now. */
export function isBanned(
  place: Pick<JudgedPlace, "state" | "banned_until"> | null | undefined,
  now_ms: number,
): boolean {
  return place?.state === "banned" && (place.banned_until === 0 || place.banned_until > now_ms);
}

/** Why somebody's place may not be changed so. */
export function judgePlace(
  draft: MembershipDraft,
  at: { room: JudgedRoom; actor: MaybePlace; target: MaybePlace; now: number },
): Verdict {
  const { room, target, now } = at;
  if (room.kind === "open") return "room_not_found";
  const banned = isBanned(target, now);
  switch (draft.kind) {
    case "joined":
      if (target?.state === "joined") return "repeated";
      if (banned) return "room_not_found";
      return judgeJoin(draft, at) ?? (room.closed ? "room_closed" : undefined);
    case "left":
      if (target === null) return "room_not_found";
      return target.state === "joined" || target.state === "invited" ? undefined : "repeated";
    case "invited":
      return judgeInvitation(draft, { ...at, banned });
    default:
      return judgeModeration(draft, at) ?? (isSo(draft, target) ? "repeated" : undefined);
  }
}

function judgeJoin(draft: MembershipDraft, at: { room: JudgedRoom; actor: MaybePlace; target: MaybePlace }): Verdict {
  const { room, actor, target } = at;
  switch (draft.right) {
    case "link":
    case "server":
      return undefined;
    case "self":
      return room.kind === "public" || room.kind === "broadcast" || target?.state === "invited"
        ? undefined
        : "room_not_found";
    case "room":
      // The people of a direct room are brought in by whoever opens it.
      return room.kind === "direct" && actor?.state === "joined" ? undefined : "room_not_found";
  }
}

function judgeInvitation(
  draft: MembershipDraft,
  at: { room: JudgedRoom; actor: MaybePlace; target: MaybePlace; banned: boolean },
): Verdict {
  const { room, actor, target, banned } = at;
  if (draft.right !== "server") {
    if (actor?.state !== "joined") return "room_not_found";
    if (room.kind === "direct") return "permission_denied";
    if (room.invite === "moderators" && rankOf(actor) < moderator) return "permission_denied";
  }
  if (room.closed) return "room_closed";
  if (target?.state === "joined" || target?.state === "invited") return "repeated";
  return banned ? "permission_denied" : undefined;
}

/** Removing, banning, muting and promoting: by who stands above. */
function judgeModeration(
  draft: MembershipDraft,
  at: { room: JudgedRoom; actor: MaybePlace; target: MaybePlace },
): Verdict {
  const { room, actor, target } = at;
  if (draft.right !== "server") {
    if (actor?.state !== "joined") return "room_not_found";
    if (room.kind === "direct") return "permission_denied";
    const rank = rankOf(actor);
    const suffices = draft.kind === "role" ? rank >= roomRank("owner") : rank >= moderator && rank > rankOf(target);
    if (!suffices) return "permission_denied";
  }
  return (draft.kind === "muted" || draft.kind === "role") && target?.state !== "joined" ? "not_a_member" : undefined;
}

/** Whether nothing would change. */
function isSo(draft: MembershipDraft, target: MaybePlace): boolean {
  const state = target?.state;
  switch (draft.kind) {
    case "removed":
      return state !== "joined" && state !== "invited";
    case "banned":
      return state === "banned" && target?.banned_until === (draft.until ?? 0);
    case "unbanned":
      return state !== "banned";
    case "muted":
      return target?.muted_until === (draft.until ?? 0);
    case "role":
      return target?.role === draft.role;
    default:
      return false;
  }
}

/** Moderators name a room and slow it down; what else it is belongs to its owner. */
const moderators: ReadonlySet<string> = new Set<keyof RoomSettings>(["name", "topic", "slow_ms"]);

/** How high who asks for it must stand in the room. */
export function rankToChange(draft: RoomChangeDraft): number {
  return draft.kind === "changed" && isModest(draft.set) ? moderator : roomRank("owner");
}

/** Whether moderators may change all of these. */
export function isModest(set: Partial<RoomSettings>): boolean {
  return Object.keys(set).every((key) => moderators.has(key));
}

/** The first seq that somebody may read who joins at `seq`, or, without an event, behind it. */
export function visibleFrom(
  room: { readonly history: RoomSettings["history"]; readonly first_seq: number },
  at: { readonly seq: number; readonly silent: boolean },
): number {
  if (room.history === "all") return room.first_seq;
  return at.silent ? at.seq + 1 : at.seq;
}

/** Why the room may not be changed so. */
export function judgeRoomChange(draft: RoomChangeDraft, room: JudgedRoom, actor: MaybePlace): Verdict {
  if (room.kind === "open") return "room_not_found";
  if (draft.right !== "server") {
    if (actor?.state !== "joined") return "room_not_found";
    if (room.kind === "direct") return "permission_denied";
    if (rankOf(actor) < rankToChange(draft)) return "permission_denied";
  }
  if (draft.kind === "closed") return room.closed ? "repeated" : undefined;
  if (draft.kind === "reopened") return room.closed ? undefined : "repeated";
  return undefined;
}

/** Why these words may not be taken away; `own` says that the actor wrote them. */
export function judgeDeletion(
  draft: DeletionDraft,
  at: { room: JudgedRoom; actor: MaybePlace; own: boolean },
): Verdict {
  if (draft.right === "server") return undefined;
  if (at.room.kind === "open") return at.own ? undefined : "permission_denied";
  if (at.actor?.state !== "joined") return "room_not_found";
  const moderates = draft.right === "room" && at.room.kind !== "direct" && rankOf(at.actor) >= moderator;
  return at.own || moderates ? undefined : "permission_denied";
}
