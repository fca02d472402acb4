/** Rooms: making, changing, closing, deleting, joining, leaving, listing. */

import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput } from "../protocol/operations.ts";
import type { Room } from "../protocol/room-operations.ts";
import type { RoomRole } from "../protocol/roles.ts";
import { isModest } from "../store/commit-rules.ts";
import type { Appender } from "../store/appender.ts";
import type { Draft, RoomSettings } from "../store/draft.ts";
import type { Database } from "../store/orm.ts";
import { countRooms, type MemberRow, type RoomRow } from "../store/rooms.ts";
import { findPeople } from "../store/users.ts";
import type { Audit } from "./audit.ts";
import type { Blocks } from "./blocks.ts";
import { committed, requireCommitted, settled, type Commit } from "./committed.ts";
import type { LiveRoom } from "./live-room.ts";
import { changeRoom, joinedData, plainChange, type RoomChange } from "./noted-changes.ts";
import type { Person } from "./people.ts";
import { addressOf, requireJoinable, requireVisible, rightOver, type Caller } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";
import { factsOf } from "./room-facts.ts";

/** Rooms that one person may make. */
const rooms_made_max = 1_000;
/** When it is looked whether a room, of which nobody knew what became of it, has come to be. */
const looks_after_ms = [1_000, 2_000, 4_000, 8_000, 16_000] as const;

export interface RoomsOptions {
  readonly audit: Audit;
  readonly blocks: Blocks;
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  /** Subscribes those connections of a person that want their rooms to a new one. */
  readonly adopt: (person: Person, room: LiveRoom) => void;
}

export function shapeOf(
  room: RoomRow,
  member: Pick<MemberRow, "state" | "role" | "visible_from"> | undefined,
  last_seq: number,
): Room {
  const joined = member?.state === "joined" ? member : undefined;
  return {
    id: room.id,
    kind: room.kind,
    name: room.name,
    topic: room.topic,
    first_seq: room.first_seq,
    last_seq,
    created_at: room.created_at,
    closed: room.closed_at !== null,
    history: room.history,
    post: room.post,
    invite: room.invite,
    slow_ms: room.slow_ms,
    members: room.members,
    role: joined?.role ?? null,
    visible_from: joined?.visible_from ?? null,
  };
}

export class Rooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  async create(caller: Caller, asked: CheckedInput<"room.create">): Promise<Room> {
    const { kind, name, history = "all", post, ...rest } = asked;
    const writers = post ?? (kind === "broadcast" ? "moderators" : "members");
    const room = { id: shortId(), kind, name, history, post: writers, ...given(rest) };
    const live = await this.#make(caller.person, room);
    return await this.#find(caller, live.id, live);
  }

  /** The room of exactly these people and the caller. Whoever is missing in it, by a crash between two steps, is brought in. */
  async direct(caller: Caller, asked: CheckedInput<"room.direct">): Promise<Room> {
    const { blocks, db, journal } = this.#options;
    const { person } = caller;
    const ids = [...new Set(asked.users)].filter((id) => id !== person.id);
    const others = await findPeople(db, ids);
    const missing = ids.find((id) => !others.some((other) => other.id === id && other.disabled_at === null));
    if (missing !== undefined || others.length === 0)
      throw new ChatError(
        "bad_request",
        `expected ids of other people, and nobody has ${JSON.stringify(missing ?? person.id)}`,
      );
    const isBlocked = await blocks.isBlocked(
      person,
      others.map(({ n }) => n),
    );
    if (isBlocked) throw new ChatError("permission_denied");
    const keys = [person.n, ...others.map(({ n }) => n)].sort((a, b) => a - b);
    const room = { id: shortId(), kind: "direct", name: "direct", history: "all", direct_key: keys.join(",") } as const;
    const live = await this.#make(person, room);
    // The caller too: they may have left it, or the other one has made it in this moment.
    for (const { n, id } of [person, ...others]) {
      const right = n === person.n ? "link" : "room";
      const who = { actor: person.n, by: person.id, target: n, about: id, role: "member", right } as const;
      await committed(journal, { kind: "joined", room: live.n, ...who, data: joinedData(id, "member") });
    }
    return await this.#find(caller, live.id, live);
  }

  async #make(person: Person, room: Extract<Draft, { kind: "created" }>["room"]): Promise<LiveRoom> {
    const { adopt, db, directory, journal } = this.#options;
    if ((await countRooms(db, { createdBy: person.n })) >= rooms_made_max) {
      throw new ChatError("limit_exceeded", `you have made ${rooms_made_max} rooms, the most that one person may`);
    }
    const data = joinedData(person.id, "owner");
    const draft = { kind: "created", actor: person.n, by: person.id, room, data } as const;
    const outcome = await settled(journal, draft);
    if (outcome.code === "outcome_unknown") this.#lookLater(person, room.id);
    const { room: n } = requireCommitted(outcome);
    const { id } = await directory.openByKey(n);
    // Its first event went by before anybody could have it open: the creator's connections are added here, if they are
    // still in it. (A direct room that was there may have been left.)
    const { room: live } = await directory.enter(person, id);
    if (person.memberships.get(n)?.state === "joined") adopt(person, live);
    return live;
  }

  async update(caller: Caller, asked: CheckedInput<"room.update">): Promise<{ seq: number }> {
    const { room, ...rest } = asked;
    const set = given(rest);
    const data = JSON.stringify({ fields: Object.keys(set) });
    const change = { kind: "changed", set, data } as const;
    return await this.#change(caller, room, { least: isModest(set) ? "moderator" : "owner", change });
  }

  async close(caller: Caller, room: string): Promise<{ seq: number }> {
    return await this.#change(caller, room, { least: "owner", change: plainChange("closed") });
  }

  async reopen(caller: Caller, room: string): Promise<{ seq: number }> {
    return await this.#change(caller, room, { least: "owner", change: plainChange("reopened") });
  }

  async delete(caller: Caller, room: string): Promise<{ seq: number }> {
    return await this.#change(caller, room, { least: "owner", change: plainChange("gone") });
  }

  async #change(
    caller: Caller,
    id: string,
    { least, change }: { readonly least: RoomRole; readonly change: RoomChange },
  ): Promise<{ seq: number }> {
    const { audit, directory, journal } = this.#options;
    const { person } = caller;
    const access = await directory.access(person, id);
    const right = rightOver(caller, access, least);
    const by = { n: person.n, id: person.id, noted: person.id, address: addressOf(caller), right };
    const commit: Commit = (draft) => settled(journal, draft);
    const { seq } = await changeRoom({ audit, commit }, { room: access.room, by, change });
    return { seq };
  }

  async join(caller: Caller, id: string): Promise<Room> {
    return (await this.joinBy(caller, id, "self")).room;
  }

  /** Joins by oneself, by an invitation, or by a link that was claimed; `isNew` where one was no member before. */
  async joinBy(caller: Caller, id: string, right: "self" | "link"): Promise<{ room: Room; isNew: boolean }> {
    const { directory, journal } = this.#options;
    const { person } = caller;
    const access = await directory.accessNow(person, id);
    if (right === "self") requireJoinable(access, this.#options.clock.now());
    const live = await directory.open(id);
    const who = { actor: person.n, by: person.id, target: person.n, about: person.id, role: "member", right } as const;
    const data = joinedData(person.id, "member");
    const { code } = await committed(journal, { kind: "joined", room: live.n, ...who, data });
    return { room: await this.#find(caller, id, live), isNew: code === "committed" };
  }

  async leave(caller: Caller, id: string): Promise<{ seq: number }> {
    const { directory, journal } = this.#options;
    const { person } = caller;
    const { membership } = await directory.access(person, id);
    if (membership === undefined || membership.state === "banned") throw new ChatError("room_not_found");
    const live = await directory.open(id);
    const who = { actor: person.n, by: person.id, target: person.n, about: person.id, role: membership.role } as const;
    const data = `{"user":"${person.id}"}`;
    const { seq } = await committed(journal, { kind: "left", room: live.n, ...who, right: "self", data });
    return { seq };
  }

  async get(caller: Caller, id: string): Promise<Room> {
    return await this.#find(caller, id, undefined);
  }

  async #find(caller: Caller, id: string, live: LiveRoom | undefined): Promise<Room> {
    const { directory } = this.#options;
    const found = await directory.find(id, caller.person.n);
    if (found === undefined) throw new ChatError("room_not_found");
    const { room, member } = found;
    requireVisible(caller, { room: factsOf(room), membership: member }, this.#options.clock.now());
    return shapeOf(room, member, (live ?? directory.get(id))?.published ?? room.last_seq);
  }

  /** The creator is told that nobody knows; if the room is there after all, their connections get it as if it were news. */
  #lookLater(person: Person, id: string, look = 0): void {
    const wait_ms = looks_after_ms[look];
    if (wait_ms === undefined) return;
    this.#options.clock.after(wait_ms, () => {
      this.#adoptLate(person, id).catch(() => this.#lookLater(person, id, look + 1));
    });
  }

  async #adoptLate(person: Person, id: string): Promise<void> {
    const { adopt, directory } = this.#options;
    const { room: live } = await directory.enter(person, id);
    // As it is in this turn: they may have left in the meantime.
    if (person.memberships.get(live.n)?.state === "joined") adopt(person, live);
  }
}

/** Without the keys that were not given. */
function given(set: { [K in keyof RoomSettings]?: RoomSettings[K] | undefined }): Partial<RoomSettings> {
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)) as Partial<RoomSettings>;
}
