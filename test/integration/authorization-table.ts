/**
 * Who may do what: for each operation, what each kind of caller is told in each kind of room. An operation without a row
 * does not compile, and the test says so as well.
 */

import type { ErrorCode } from "../../src/protocol/errors.ts";
import type { OperationName } from "../../src/protocol/operations.ts";

/** Whose token the caller has. `grant` is no member, but the host's token lets it subscribe to the room. */
export const callers = [
  "nobody",
  "expired",
  "forged",
  "guest",
  "owner",
  "member",
  "former",
  "stranger",
  "grant",
] as const;
export type CallerKind = (typeof callers)[number];

export const rooms = ["public", "private", "open", "absent"] as const;
export type RoomKind = (typeof rooms)[number];

/** An error's code, or "ok". */
export type Expected = "ok" | ErrorCode;

export interface Row {
  /** The input for a room. */
  readonly input: (room: string) => Record<string, unknown>;
  /** Whether the answer depends on the room. */
  readonly room: boolean;
  /** What a caller who is signed in is told. */
  readonly told: (caller: CallerKind, room: RoomKind) => Expected;
}

const members: readonly CallerKind[] = ["owner", "member"];

/** Members read; a grant reads; anybody reads an open room. */
function reads(caller: CallerKind, room: RoomKind): Expected {
  if (room === "absent") return "room_not_found";
  return room === "open" || members.includes(caller) || caller === "grant" ? "ok" : "room_not_found";
}

function writes(caller: CallerKind, room: RoomKind): Expected {
  if (room === "absent") return "room_not_found";
  return room === "open" || members.includes(caller) ? "ok" : "room_not_found";
}

const always = (): Expected => "ok";

export const table: Readonly<Record<OperationName, Row>> = {
  "room.create": { input: () => ({ name: "New", kind: "private" }), room: false, told: always },
  "room.list": { input: () => ({ scope: "public" }), room: false, told: always },
  "room.get": {
    input: (room) => ({ room }),
    room: true,
    told: (caller, room) => (room === "public" ? "ok" : reads(caller, room)),
  },
  "room.join": {
    input: (room) => ({ room }),
    room: true,
    told(caller, room) {
      if (room === "absent") return "room_not_found";
      if (room === "open") return "bad_request";
      // Who left a private room may not come back by themselves, and a grant to read is no invitation.
      return room === "public" || members.includes(caller) ? "ok" : "room_not_found";
    },
  },
  "room.leave": {
    input: (room) => ({ room }),
    room: true,
    // Leaving twice changes nothing; who never came has nothing to leave.
    told: (caller, room) =>
      room !== "open" && room !== "absent" && (members.includes(caller) || caller === "former")
        ? "ok"
        : "room_not_found",
  },
  "message.send": {
    input: (room) => ({ room, id: Bun.randomUUIDv7(), data: { text: "hi" } }),
    room: true,
    told: writes,
  },
  "message.list": { input: (room) => ({ room }), room: true, told: reads },
  "presence.list": { input: (room) => ({ room }), room: true, told: reads },
  "user.get": { input: () => ({ ids: ["x"] }), room: false, told: always },
  "session.end": {
    input: () => ({}),
    room: false,
    // A host signs its own users in and out.
    told: (caller) => (caller === "guest" ? "ok" : "not_available"),
  },
};
