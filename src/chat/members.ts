/** The places of people in rooms: inviting, removing, banning, muting, promoting, listing. */

import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import { isAtLeast, type RoomRole } from "../protocol/roles.ts";
import type { Appender } from "../store/appender.ts";
import { countMembers, listMembers, type MemberEntry } from "../store/members.ts";
import type { Database } from "../store/orm.ts";
import { patternOf } from "../store/room-list.ts";
import { findPeople, type UserRow } from "../store/users.ts";
import type { Audit } from "./audit.ts";
import type { Blocks } from "./blocks.ts";
import { settled, type Commit } from "./committed.ts";
import { changePlace, placeChanges, type PlaceChange } from "./noted-changes.ts";
import { addressOf, rightOver, rightToAdd, viewFor, type Access, type Caller } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";

export interface MembersOptions {
  readonly audit: Audit;
  readonly blocks: Blocks;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  /** Whether somebody is here, as far as others may know. */
  readonly online: (id: string) => boolean;
}

export class Members {
  readonly #options: MembersOptions;

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  async list(caller: Caller, asked: CheckedInput<"member.list">): Promise<OutputOf<"member.list">> {
    const { db, directory, online } = this.#options;
    const { after, limit, query, role, state } = asked;
    const access = await directory.accessNow(caller.person, asked.room);
    const moderates = state !== "joined" || this.#moderates(access);
    if (state === "joined") viewFor(caller, access);
    else rightOver(caller, access, "moderator");
    const pattern = query === undefined ? undefined : patternOf(query);
    const room = access.room.n;
    const { members, next } = await listMembers(db.$client, { room, state, role, pattern, after, limit });
    const wanted = query?.toLowerCase();
    const found = wanted === undefined ? members : members.filter((member) => isCalled(member, wanted));
    const shown = found.map((row) => ({
      user: { id: row.id, name: row.name },
      role: row.role,
      state,
      muted_until: row.muted_until,
      banned_until: row.banned_until,
      reason: moderates ? row.ban_reason : null,
      online: online(row.id),
    }));
    return { members: shown, count: await this.#count(asked), next };
  }

  async #count({ room, state }: CheckedInput<"member.list">): Promise<number> {
    const { db, directory } = this.#options;
    const row = await directory.rowOf(room);
    if (row === undefined) throw new ChatError("room_not_found");
    return state === "joined" ? row.members : await countMembers(db, { room: row.n, state });
  }

  #moderates({ membership }: Access): boolean {
    return membership?.state === "joined" && isAtLeast(membership.role, "moderator");
  }

  async invite(caller: Caller, asked: CheckedInput<"member.invite">): Promise<{ seq: number }> {
    return await this.#change(caller, { ...asked, least: "member" }, placeChanges.invite(asked.user));
  }

  async add(caller: Caller, asked: CheckedInput<"member.add">): Promise<{ seq: number }> {
    return await this.#change(caller, asked, placeChanges.add(asked.user, asked.role));
  }

  async remove(caller: Caller, asked: CheckedInput<"member.remove">): Promise<{ seq: number }> {
    return await this.#change(caller, asked, placeChanges.remove(asked.user));
  }

  async ban(caller: Caller, asked: CheckedInput<"member.ban">): Promise<{ seq: number }> {
    const { until, reason } = asked;
    return await this.#change(caller, asked, placeChanges.ban(asked.user, { until, reason }));
  }

  async unban(caller: Caller, asked: CheckedInput<"member.unban">): Promise<{ seq: number }> {
    return await this.#change(caller, asked, placeChanges.unban(asked.user));
  }

  async mute(caller: Caller, asked: CheckedInput<"member.mute">): Promise<{ seq: number }> {
    return await this.#change(caller, asked, placeChanges.mute(asked.user, asked.until));
  }

  async role(caller: Caller, asked: CheckedInput<"member.role">): Promise<{ seq: number }> {
    return await this.#change(caller, { ...asked, least: "owner" }, placeChanges.role(asked.user, asked.role));
  }

  async #change(
    caller: Caller,
    asked: { room: string; user: string; least?: RoomRole },
    change: PlaceChange,
  ): Promise<{ seq: number }> {
    const { audit, directory, journal } = this.#options;
    const { person } = caller;
    const access = await directory.access(person, asked.room);
    const right = change.kind === "joined" ? rightToAdd(caller) : rightOver(caller, access, asked.least ?? "moderator");
    // It is the room of exactly these people, whoever asks.
    if (access.room.kind === "direct" && (change.kind === "invited" || change.kind === "joined"))
      throw new ChatError("permission_denied", "a direct room has the people that it was made for");
    const about = await this.#person(asked.user);
    // The same answer as for somebody whom the room has banned.
    if (change.kind === "invited" && (await this.#options.blocks.isBlocked(person, [about.n])))
      throw new ChatError("permission_denied");
    const by = { n: person.n, id: person.id, noted: person.id, address: addressOf(caller), right };
    const commit: Commit = (draft) => settled(journal, draft);
    const { seq } = await changePlace({ audit, commit }, { room: access.room, person: about, by, change });
    return { seq };
  }

  async #person(id: string): Promise<UserRow> {
    const [found] = await findPeople(this.#options.db, [id]);
    if (found === undefined) throw new ChatError("bad_request", `nobody here has the id ${id}`);
    return found;
  }
}

/** The database has let any character stand for those with an upper and a lower case that it does not know. */
function isCalled({ name, username }: MemberEntry, wanted: string): boolean {
  return name.toLowerCase().includes(wanted) || username?.includes(wanted) === true;
}
