/** What has happened in a room beside messages, as a quiet line of words. */

import type { RoomEvent } from "../sdk/room-event.ts";
import { momentWords } from "./times.ts";

/** Words, and where the names of the one who did it and of the one it was done to stand among them. */
export type Piece = string | { readonly user: string };

interface Said {
  readonly user?: unknown;
  readonly role?: unknown;
  readonly until?: unknown;
  readonly fields?: unknown;
}

const roleWords: Readonly<Record<string, string>> = { owner: "an owner", moderator: "a moderator", member: "a member" };

/** The line of an event; undefined for what is no line of its own, and for what a newer server may say. */
export function happeningOf(event: RoomEvent): readonly Piece[] | undefined {
  const { fields, role, until, user } = (event.data ?? {}) as Said;
  const who = { user: event.user };
  const whom = { user: typeof user === "string" ? user : "" };
  const end = typeof until === "number" && until > 0 ? ` until ${momentWords(new Date(until))}` : "";
  switch (event.kind) {
    case "joined":
      // A room's first event.
      if (event.seq === 1) return [who, " made this room"];
      return whom.user === who.user || whom.user === "" ? [who, " joined"] : [who, " brought in ", whom];
    case "left":
      return [who, " left"];
    case "invited":
      return [who, " invited ", whom];
    case "removed":
      return [who, " removed ", whom];
    case "banned":
      return [who, " banned ", whom, end];
    case "unbanned":
      return [who, " lifted the ban of ", whom];
    case "muted":
      return end === "" ? [who, " lets ", whom, " write again"] : [who, " muted ", whom, end];
    case "role":
      return [who, " made ", whom, ` ${roleWords[String(role)] ?? "something new"}`];
    case "changed":
      return [who, changeWords(Array.isArray(fields) ? fields : [])];
    case "closed":
      return [who, " closed the room"];
    case "reopened":
      return [who, " opened the room again"];
    default:
      return undefined;
  }
}

function changeWords(fields: readonly unknown[]): string {
  if (fields.length === 1 && fields[0] === "name") return " renamed the room";
  if (fields.length === 1 && fields[0] === "topic") return " changed the topic";
  return " changed the room's settings";
}
