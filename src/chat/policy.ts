/**
 * Who may do what. Views are made here and nowhere else. Absent and forbidden are one answer: `room_not_found`.
 */

import { ChatError } from "../protocol/errors.ts";
import type { View } from "../store/view.ts";
import type { Membership, Person, Recipient } from "./people.ts";
import type { RoomFacts } from "./room-directory.ts";

/** Who asks: a person, by a connection or by another door. */
export interface Caller {
  readonly person: Person;
  readonly grants: ReadonlySet<string>;
  /** The sign-in that the question came with, where it can be revoked here. */
  readonly session: string | undefined;
  /** The connection that the question came by; none over HTTP. */
  readonly recipient: Recipient | undefined;
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
  const { room, membership } = access;
  if (room.closed) throw new ChatError("room_closed");
  if (room.kind === "open") return;
  if (!isMember(access)) throw new ChatError("room_not_found");
  if (membership !== undefined && membership.muted_until > now_ms) throw new ChatError("muted");
}

/** Whether the caller may know that the room exists. */
export function requireVisible(caller: Caller, access: Access): void {
  const { room } = access;
  const visible = room.kind === "open" || room.kind === "public" || isMember(access) || caller.grants.has(room.id);
  if (!visible) throw new ChatError("room_not_found");
}

/** A person may join a public room; the others by invitation. */
export function requireJoinable(access: Access): void {
  const { room, membership } = access;
  if (isMember(access)) return;
  if (room.kind === "open") throw new ChatError("bad_request", "an open room has no members: subscribe to it");
  if (membership?.state === "banned") throw new ChatError("room_not_found");
  if (room.kind !== "public" && membership?.state !== "invited") throw new ChatError("room_not_found");
  if (room.closed) throw new ChatError("room_closed");
}
