/** What the rows of the authorization matrix have in common: who stands where, in which kind of room. */

import type { ErrorCode } from "../../src/protocol/errors.ts";
import type { CallerKind } from "./authorization-callers.ts";
import type { RoomKind } from "./authorization-scenes.ts";

/** An error's code, or "ok". */
export type Expected = "ok" | ErrorCode;
export type Told = (caller: CallerKind, room: RoomKind) => Expected;

const owners: readonly CallerKind[] = ["owner", "key_read", "key_write", "key_moderate"];
const plainMembers: readonly CallerKind[] = ["member", "muted", "host", "bot"];
const administrators: readonly CallerKind[] = ["administrator", "server_owner", "key_administer"];

/** How high the caller stands in a room that people are members of; 0 for who is none. */
export function rank(caller: CallerKind): number {
  if (owners.includes(caller)) return 3;
  if (caller === "moderator") return 2;
  return plainMembers.includes(caller) ? 1 : 0;
}

export function isMember(caller: CallerKind): boolean {
  return rank(caller) > 0;
}

/** Who acts by a role on the server. */
export function acts(caller: CallerKind): boolean {
  return administrators.includes(caller);
}

export function isNowhere(room: RoomKind): boolean {
  return room === "absent" || room === "gone";
}

/** Who has found the way to a room whose name is no secret. */
export function isShown(room: RoomKind): boolean {
  return room === "public" || room === "broadcast";
}

/** Members read; a grant reads; anybody reads an open room. */
export const reads: Told = (caller, room) => {
  if (isNowhere(room)) return "room_not_found";
  return room === "open" || isMember(caller) || caller === "grant" ? "ok" : "room_not_found";
};

/** Members write, where they may; anybody writes in an open room. */
export const writes: Told = (caller, room) => {
  if (room === "open") return "ok";
  if (isNowhere(room) || !isMember(caller)) return "room_not_found";
  if (room === "closed") return "room_closed";
  if (caller === "muted") return "muted";
  return room === "broadcast" && rank(caller) < 2 ? "permission_denied" : "ok";
};

/** Moderators (2) or owners (3) of the room do it, and whoever administers the server; nobody in a direct room. */
export function manages(least: 1 | 2 | 3, inside: Told = () => "ok"): Told {
  return (caller, room) => {
    if (isNowhere(room) || room === "open") return "room_not_found";
    if (acts(caller)) return inside(caller, room);
    if (!isMember(caller)) return "room_not_found";
    return rank(caller) < least || room === "direct" ? "permission_denied" : inside(caller, room);
  };
}

export const always: Told = () => "ok";

/** The same for everybody. */
export function says(expected: Expected): Told {
  return () => expected;
}
