/** The operations on rooms and on places in them. */

import type { memberShapes } from "../protocol/member-operations.ts";
import type { roomShapes } from "../protocol/room-operations.ts";
import type { Invites } from "./invites.ts";
import type { Members } from "./members.ts";
import type { Operations } from "./operation.ts";
import type { RoomLists } from "./room-lists.ts";
import type { Rooms } from "./rooms.ts";

export function roomOperations(options: {
  readonly lists: RoomLists;
  readonly rooms: Rooms;
}): Operations<typeof roomShapes> {
  const { lists, rooms } = options;
  const [read, write] = [{ who: "person", scope: "read" } as const, { who: "person", scope: "write" } as const];
  const moderate = { who: "person", scope: "moderate" } as const;
  return {
    "room.create": { ...write, cost: 20, run: ({ caller, input }) => rooms.create(caller, input) },
    "room.direct": { ...write, cost: 10, run: ({ caller, input }) => rooms.direct(caller, input) },
    "room.update": { ...moderate, cost: 5, run: ({ caller, input }) => rooms.update(caller, input) },
    "room.close": { ...moderate, cost: 5, run: ({ caller, input }) => rooms.close(caller, input.room) },
    "room.reopen": { ...moderate, cost: 5, run: ({ caller, input }) => rooms.reopen(caller, input.room) },
    "room.delete": { ...moderate, cost: 5, run: ({ caller, input }) => rooms.delete(caller, input.room) },
    "room.join": { ...write, cost: 5, run: ({ caller, input }) => rooms.join(caller, input.room) },
    "room.leave": { ...write, cost: 5, run: ({ caller, input }) => rooms.leave(caller, input.room) },
    "room.list": { ...read, cost: 5, run: ({ caller, input }) => lists.list(caller, input) },
    "room.get": { ...read, cost: 1, run: ({ caller, input }) => rooms.get(caller, input.room) },
  };
}

export function memberOperations(options: {
  readonly invites: Invites;
  readonly members: Members;
}): Operations<typeof memberShapes> {
  const { invites, members } = options;
  const [read, write] = [{ who: "person", scope: "read" } as const, { who: "person", scope: "write" } as const];
  const moderate = { who: "person", scope: "moderate" } as const;
  return {
    "member.list": { ...read, cost: 3, run: ({ caller, input }) => members.list(caller, input) },
    "member.invite": { ...write, cost: 5, run: ({ caller, input }) => members.invite(caller, input) },
    "member.add": {
      who: "administrator",
      scope: "administer",
      cost: 2,
      run: ({ caller, input }) => members.add(caller, input),
    },
    "member.remove": { ...moderate, cost: 2, run: ({ caller, input }) => members.remove(caller, input) },
    "member.ban": { ...moderate, cost: 2, run: ({ caller, input }) => members.ban(caller, input) },
    "member.unban": { ...moderate, cost: 2, run: ({ caller, input }) => members.unban(caller, input) },
    "member.mute": { ...moderate, cost: 2, run: ({ caller, input }) => members.mute(caller, input) },
    "member.role": { ...moderate, cost: 2, run: ({ caller, input }) => members.role(caller, input) },
    "invite.create": { ...moderate, cost: 10, run: ({ caller, input }) => invites.create(caller, input) },
    "invite.list": { ...moderate, cost: 2, run: ({ caller, input }) => invites.list(caller, input) },
    "invite.revoke": { ...moderate, cost: 2, run: ({ caller, input }) => invites.revoke(caller, input.id) },
    "invite.accept": { ...write, cost: 20, run: ({ caller, input }) => invites.accept(caller, input.token) },
  };
}
