/**
 * Who may do what: for each operation, what each kind of caller is told in each kind of room. Whether the caller may call
 * it at all is in the table of operations (`who`, `scope`) and not repeated here. An operation without a row does not
 * compile, and the test says so as well.
 */

import type { OperationName } from "../../src/protocol/operations.ts";
import type { CallerKind } from "./authorization-callers.ts";
import {
  acts,
  always,
  isMember,
  isNowhere,
  isShown,
  manages,
  rank,
  reads,
  says,
  writes,
} from "./authorization-rights.ts";
import type { Told } from "./authorization-rights.ts";
import { serverRows } from "./authorization-server-rows.ts";
import type { Scene } from "./authorization-scenes.ts";

export interface Row {
  /** The input for a room; `on` holds whom and what one may ask about in it. */
  readonly input: (room: string, on: Scene) => Record<string, unknown>;
  /** Whether the answer depends on the room. */
  readonly room: boolean;
  /** What a caller who may call it at all is told. */
  readonly told: Told;
  /** It changes the room for everybody: each caller has a room of their own. */
  readonly alone?: boolean;
  /** It ends the sign-in that it came with: each caller gets another one. */
  readonly ends?: boolean;
}

const soon = (): number => Date.now() + 3_600_000;
const joined = (caller: CallerKind): boolean => isMember(caller) || caller === "invited";

const links: Told = (caller, room) =>
  acts(caller) && (room === "open" || room === "direct") ? "permission_denied" : manages(2)(caller, room);

const rows = {
  "room.create": { input: () => ({ name: "New", kind: "private" }), room: false, told: always },
  "room.direct": { input: (_, { victim }) => ({ users: [victim] }), room: false, told: always },
  "room.list": { input: () => ({}), room: false, told: always },
  "room.update": { input: (room) => ({ room, topic: "New" }), room: true, alone: true, told: manages(2) },
  "room.close": { input: (room) => ({ room }), room: true, alone: true, told: manages(3) },
  "room.reopen": { input: (room) => ({ room }), room: true, alone: true, told: manages(3) },
  "room.delete": { input: (room) => ({ room }), room: true, alone: true, told: manages(3) },
  "room.get": {
    input: (room) => ({ room }),
    room: true,
    told(caller, room) {
      if (isNowhere(room)) return "room_not_found";
      if (acts(caller) || room === "open" || joined(caller) || caller === "grant") return "ok";
      return isShown(room) && caller !== "banned" ? "ok" : "room_not_found";
    },
  },
  "room.join": {
    input: (room) => ({ room }),
    room: true,
    told(caller, room) {
      if (isNowhere(room)) return "room_not_found";
      if (room === "open") return "bad_request";
      if (isMember(caller)) return "ok";
      // Who left a private room may not come back by themselves, and a grant to read is no invitation.
      if (caller === "invited") return room === "closed" ? "room_closed" : "ok";
      return isShown(room) && caller !== "banned" ? "ok" : "room_not_found";
    },
  },
  "room.leave": {
    input: (room) => ({ room }),
    room: true,
    // Leaving twice changes nothing; who never came has nothing to leave.
    told: (caller, room) =>
      room !== "open" && !isNowhere(room) && (joined(caller) || caller === "former") ? "ok" : "room_not_found",
  },
  "member.list": { input: (room) => ({ room }), room: true, told: reads },
  "member.invite": {
    input: (room, { outsider }) => ({ room, user: outsider }),
    room: true,
    told: manages(1, (_, room) => (room === "closed" ? "room_closed" : room === "direct" ? "permission_denied" : "ok")),
  },
  "member.add": {
    input: (room, { outsider }) => ({ room, user: outsider }),
    room: true,
    told: manages(1, (_, room) => (room === "closed" ? "room_closed" : room === "direct" ? "permission_denied" : "ok")),
  },
  "member.remove": { input: (room, { victim }) => ({ room, user: victim }), room: true, told: manages(2) },
  "member.ban": { input: (room, { victim }) => ({ room, user: victim }), room: true, told: manages(2) },
  "member.unban": { input: (room, { outsider }) => ({ room, user: outsider }), room: true, told: manages(2) },
  "member.mute": { input: (room, { victim }) => ({ room, user: victim, until: soon() }), room: true, told: manages(2) },
  "member.role": {
    input: (room, { victim }) => ({ room, user: victim, role: "moderator" }),
    room: true,
    told: manages(3),
  },
  "invite.create": {
    input: (room) => ({ room }),
    room: true,
    told: links,
  },
  "invite.list": {
    input: (room) => ({ room }),
    room: true,
    told: links,
  },
  "invite.revoke": {
    input: (_, { link }) => ({ id: link.id }),
    room: true,
    // To everybody else a link is not there.
    told: (caller, room) =>
      !isNowhere(room) && room !== "open" && room !== "direct" && (acts(caller) || rank(caller) >= 2)
        ? "ok"
        : "invite_not_found",
  },
  "invite.accept": {
    input: (_, { link }) => ({ token: link.token }),
    room: true,
    told(caller, room) {
      if (isNowhere(room) || room === "open" || room === "direct") return "invite_not_found";
      if (isMember(caller)) return "ok";
      if (caller === "banned") return "invite_not_found";
      return room === "closed" ? "room_closed" : "ok";
    },
  },
  "message.send": {
    input: (room) => ({ room, id: Bun.randomUUIDv7(), data: { text: "hi" } }),
    room: true,
    told: writes,
  },
  "message.list": { input: (room) => ({ room }), room: true, told: reads },
  "message.delete": {
    input: (room, { seq }) => ({ room, seq }),
    room: true,
    told(caller, room) {
      if (isNowhere(room)) return "room_not_found";
      if (acts(caller)) return "ok";
      if (room === "open") return "permission_denied";
      if (!isMember(caller)) return "room_not_found";
      // In a direct room everybody's words are their own, and a key that only writes does not moderate.
      return room === "direct" || rank(caller) < 2 || caller === "key_write" ? "permission_denied" : "ok";
    },
  },
  "message.report": {
    input: (room, { seq }) => ({ room, seq, reason: "rude" }),
    room: true,
    told: reads,
  },
  "report.list": {
    input: (room) => ({ room }),
    room: true,
    told(caller, room) {
      if (isNowhere(room)) return "room_not_found";
      if (acts(caller)) return "ok";
      if (room === "open" || room === "direct" || !isMember(caller)) return "room_not_found";
      return rank(caller) < 2 ? "permission_denied" : "ok";
    },
  },
  "report.handle": {
    input: () => ({ report: "0123456789abcdefghij", outcome: "keep" }),
    room: false,
    told: says("not_found"),
  },
  "read.mark": {
    input: (room) => ({ room, seq: 1 }),
    room: true,
    told: (caller, room) =>
      room === "open" ? "bad_request" : isMember(caller) && !isNowhere(room) ? "ok" : "room_not_found",
  },
  "presence.list": { input: (room) => ({ room }), room: true, told: reads },
} as const satisfies Partial<Record<OperationName, Row>>;

export const table: Readonly<Record<OperationName, Row>> = { ...rows, ...serverRows };
