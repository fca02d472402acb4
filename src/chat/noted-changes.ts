/**
 * What is done to rooms, and by others to somebody's place in them: by moderators, by administrators and on the command
 * line in the same way. Each change is a draft like any, and is noted once it is committed.
 */

import type { MemberKind } from "../protocol/events.ts";
import type { RoomRole } from "../protocol/roles.ts";
import type { Outcome, Right, RoomChangeDraft } from "../store/draft.ts";
import type { Audit } from "./audit.ts";
import { requireCommitted, type Commit } from "./committed.ts";

export interface ChangeParts {
  readonly audit: Audit;
  readonly commit: Commit;
}

/** Who changes something, and by what right. */
export interface Doer {
  /** `users.n` and `users.id` of who stands in the log. */
  readonly n: number;
  readonly id: string;
  /** Who stands in the audit log. */
  readonly noted: string;
  /** Where they come from, for the audit log; undefined on the command line. */
  readonly address: string | undefined;
  readonly right: Right;
}

interface Place {
  readonly room: { readonly n: number; readonly id: string };
  readonly person: { readonly n: number; readonly id: string };
}

/** What happens to somebody's place, and what its event shows. */
export interface PlaceChange {
  readonly kind: Exclude<MemberKind, "left">;
  readonly action: string;
  readonly role?: RoomRole;
  readonly until?: number;
  readonly reason?: string | undefined;
  readonly data: string;
}

/** The changes of a place; `user` is the `users.id` of whose it is. */
export const placeChanges = {
  invite: (user: string): PlaceChange => ({ kind: "invited", action: "member.invite", data: userData(user) }),
  add: (user: string, role: RoomRole): PlaceChange => {
    return { kind: "joined", action: "member.add", role, data: joinedData(user, role) };
  },
  remove: (user: string): PlaceChange => ({ kind: "removed", action: "member.remove", data: userData(user) }),
  ban: (user: string, { until, reason }: { until: number; reason: string | undefined }): PlaceChange => {
    return { kind: "banned", action: "member.ban", until, reason, data: userData(user, { until }) };
  },
  unban: (user: string): PlaceChange => ({ kind: "unbanned", action: "member.unban", data: userData(user) }),
  mute: (user: string, until: number): PlaceChange => {
    return { kind: "muted", action: "member.mute", until, data: userData(user, { until }) };
  },
  role: (user: string, role: RoomRole): PlaceChange => {
    return { kind: "role", action: "member.role", role, data: userData(user, { role }) };
  },
};

/** What an event about a person shows. */
function userData(user: string, more: { until?: number; role?: RoomRole } = {}): string {
  return JSON.stringify({ user, ...more });
}

/** What a `joined` event shows. */
export function joinedData(user: string, role: RoomRole): string {
  return `{"user":"${user}","role":"${role}"}`;
}

/** Throws what refused it; an invitation is no administrative act and is not noted. */
export async function changePlace(
  { audit, commit }: ChangeParts,
  asked: Place & { readonly by: Doer; readonly change: PlaceChange },
): Promise<Outcome> {
  const { by, change, person, room } = asked;
  const { action, reason, ...rest } = change;
  const { right } = by;
  const why = reason === undefined || reason === "" ? {} : { reason };
  const draft = { role: "member", ...rest, ...why, right, room: room.n, target: person.n, about: person.id } as const;
  const outcome = requireCommitted(await commit({ ...draft, actor: by.n, by: by.id }));
  if (outcome.code === "committed" && change.kind !== "invited") {
    const until = change.until === undefined ? {} : { until: change.until };
    const detail = { room: room.id, right, ...why, ...until };
    const { address, noted: actor } = by;
    await audit.note({ actor, action, target: `user:${person.id}`, detail, address });
  }
  return outcome;
}

export type RoomChange = Pick<RoomChangeDraft, "kind" | "set" | "data">;

/** A change of the room that states nothing but itself. */
export function plainChange(kind: "closed" | "reopened" | "gone"): RoomChange {
  return { kind, set: {}, data: "{}" };
}

const roomActions = { changed: "room.update", closed: "room.close", reopened: "room.reopen", gone: "room.delete" };

/** Throws what refused it. */
export async function changeRoom(
  { audit, commit }: ChangeParts,
  asked: { readonly room: Place["room"]; readonly by: Doer; readonly change: RoomChange },
): Promise<Outcome> {
  const { by, change, room } = asked;
  const { right } = by;
  const outcome = requireCommitted(await commit({ ...change, room: room.n, actor: by.n, by: by.id, right }));
  const fields = change.kind === "changed" ? { fields: Object.keys(change.set) } : {};
  if (outcome.code === "committed") {
    const detail = { right, ...fields };
    const { address, noted: actor } = by;
    await audit.note({ actor, action: roomActions[change.kind], target: `room:${room.id}`, detail, address });
  }
  return outcome;
}
