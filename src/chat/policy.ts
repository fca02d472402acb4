/**
 * Who may do what. Views are made here and nowhere else. Absent and forbidden are one answer: `room_not_found`.
 */

import { ChatError } from "../protocol/errors.ts";
import { administers, isAtLeast, type RoomRole, type Scope } from "../protocol/roles.ts";
import { isBanned, judgeWriter } from "../store/commit-rules.ts";
import type { Right } from "../store/draft.ts";
import type { View } from "../store/view.ts";
import type { Membership, Person, Recipient } from "./people.ts";
import type { RoomFacts } from "./room-facts.ts";

/** Who asks: a person, by a connection or by another door. */
export interface Caller {
  readonly person: Person;
  readonly grants: ReadonlySet<string>;
  /** The sign-in that the question came with, where it can be revoked here. */
  readonly session: string | undefined;
  /** What the key that it came with may be used for; undefined where it came with the person's own sign-in. */
  readonly scopes: ReadonlySet<Scope> | undefined;
  /** The connection that the question came by; none over HTTP. */
  readonly recipient: Recipient | undefined;
  /** Where a question over HTTP came from. */
  readonly address?: string;
}

/** Where a question came from, for the audit. */
export function addressOf({ address, recipient }: Caller): string | undefined {
  return address ?? recipient?.address;
}

/** A room as one caller finds it. */
export interface Access {
  readonly room: RoomFacts;
  readonly membership: Membership | undefined;
}

function isMember(access: Access): boolean {
  return access.membership?.state === "joined";
}

/** What the caller may read of the room. */
export function viewFor(caller: Caller, access: Access): View {
  const { room, membership } = access;
  if (room.kind === "open" || caller.grants.has(room.id)) return { room: room.n, from: 1 };
  if (membership !== undefined && isMember(access)) return { room: room.n, from: membership.visible_from };
  throw new ChatError("room_not_found");
}

/** All of a room, for the server itself: filling a hole in what it publishes. */
export function wholeView(n: number): View {
  return { room: n, from: 1 };
}

/** The early, friendly answer; the commit asks again. */
export function requireWriter(access: Access, now_ms: number): void {
  const verdict = judgeWriter(access.room, access.membership, now_ms);
  if (verdict === undefined) return;
  throw new ChatError(verdict, verdict === "permission_denied" ? "only moderators write here" : undefined);
}

/** A key is good for no more than its scopes, whoever made it. */
function mayUse(caller: Caller, scope: Scope): boolean {
  return caller.scopes?.has(scope) ?? true;
}

/** Whether the caller acts by a role on the server, in rooms where they are no member. */
export function actsForServer(caller: Caller): boolean {
  return administers(caller.person.role) && mayUse(caller, "administer");
}

/** Whether the caller may know that the room exists. */
export function requireVisible(caller: Caller, access: Access, now_ms: number): void {
  const { room, membership } = access;
  const acts = actsForServer(caller);
  if (!acts && isBanned(membership, now_ms)) throw new ChatError("room_not_found");
  const visible =
    isDiscoverable(room.kind) ||
    isMember(access) ||
    membership?.state === "invited" ||
    caller.grants.has(room.id) ||
    acts;
  if (!visible) throw new ChatError("room_not_found");
}

function isDiscoverable(kind: RoomFacts["kind"]): boolean {
  return kind === "open" || kind === "public" || kind === "broadcast";
}

/** By what right the caller changes the room or somebody's place in it; the commit judges the rank. */
export function rightOver(caller: Caller, access: Access, least: RoomRole): Right {
  const { membership } = access;
  const stands = membership !== undefined && isMember(access) && isAtLeast(membership.role, least);
  // A person who administers the server need not be a member; who has the rank in the room acts by that.
  if (!stands && actsForServer(caller)) return "server";
  if (!isMember(access)) throw new ChatError("room_not_found");
  if (!stands) throw new ChatError("permission_denied", `only a ${least} of the room may do this`);
  return "room";
}

/** Nobody in a room makes others members of it without asking them; who administers the server does. */
export function rightToAdd(caller: Caller): Right {
  if (!actsForServer(caller)) throw new ChatError("permission_denied", "invite the person instead");
  return "server";
}

/** By what right the caller takes words away: one's own, or in a room where one moderates. The commit knows whose they are. */
export function rightToDelete(caller: Caller, access: Access): Right {
  if (actsForServer(caller)) return "server";
  if (access.room.kind !== "open" && !isMember(access)) throw new ChatError("room_not_found");
  return mayUse(caller, "moderate") ? "room" : "self";
}

/** By what right the caller decides about what was reported in a room. Of the people of a direct room none judges the others. */
export function rightToJudge(caller: Caller, access: Access): Right {
  if (actsForServer(caller)) return "server";
  if (access.room.kind === "direct") throw new ChatError("room_not_found");
  return rightOver(caller, access, "moderator");
}

/** What the caller reads of messages that were reported to them: as a moderator what they may read anyway. */
export function viewOfJudge(caller: Caller, room: number, access: Access | undefined): View {
  if (actsForServer(caller)) return wholeView(room);
  if (access === undefined) throw new ChatError("room_not_found");
  return viewFor(caller, access);
}

/** A person may join a public room; the others by invitation. */
export function requireJoinable(access: Access, now_ms: number): void {
  const { room, membership } = access;
  if (isMember(access)) return;
  if (room.kind === "open") throw new ChatError("bad_request", "an open room has no members: subscribe to it");
  if (isBanned(membership, now_ms)) throw new ChatError("room_not_found");
  if (membership?.state !== "invited" && !isDiscoverable(room.kind)) throw new ChatError("room_not_found");
  if (room.closed) throw new ChatError("room_closed");
}
