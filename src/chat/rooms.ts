/** Rooms: making, joining, leaving, listing. */

import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, Room } from "../protocol/operations.ts";
import type { Appender } from "../store/appender.ts";
import type { Draft, Outcome } from "../store/draft.ts";
import type { Database } from "../store/orm.ts";
import { countRooms, findRoom, publicRooms, roomsOf, type MemberRow, type RoomRow } from "../store/rooms.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Person } from "./people.ts";
import { requireJoinable, requireVisible, type Caller } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";

/** Rooms that one person may make. */
const rooms_made_max = 1_000;
/** When it is looked whether a room, of which nobody knew what became of it, has come to be. */
const looks_after_ms = [1_000, 2_000, 4_000, 8_000, 16_000] as const;

export interface RoomsOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  /** Subscribes those connections of a person that want their rooms to a new one. */
  readonly adopt: (person: Person, room: LiveRoom) => void;
}

function shapeOf(room: RoomRow, member: MemberRow | undefined, last_seq: number): Room {
  const joined = member?.state === "joined" ? member : undefined;
  return {
    id: room.id,
    kind: room.kind,
    name: room.name,
    first_seq: room.first_seq,
    last_seq,
    created_at: room.created_at,
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
    const { person } = caller;
    if ((await countRooms(this.#options.db, { createdBy: person.n })) >= rooms_made_max) {
      throw new ChatError("limit_exceeded", `you have made ${rooms_made_max} rooms, the most that one person may`);
    }
    const room = { id: shortId(), kind: asked.kind, name: asked.name, history: "all" } as const;
    const data = joinedData(person.id, "owner");
    const outcome = await this.#append({ kind: "created", actor: person.n, by: person.id, room, data });
    if (outcome.code === "outcome_unknown") this.#lookLater(person, room.id);
    requireCommitted(outcome);
    // Its first event went by before anybody could have it open: the creator's connections are added here.
    const live = await this.#options.directory.open(room.id);
    this.#options.adopt(person, live);
    return await this.#find(caller, room.id, live);
  }

  async join(caller: Caller, id: string): Promise<Room> {
    const { directory } = this.#options;
    const { person } = caller;
    const access = await directory.access(person, id);
    requireJoinable(access);
    const live = await directory.open(id);
    const who = { actor: person.n, by: person.id, target: person.n, about: person.id };
    await this.#commit({ kind: "joined", room: live.n, ...who, role: "member", data: joinedData(person.id, "member") });
    return await this.#find(caller, id, live);
  }

  async leave(caller: Caller, id: string): Promise<{ seq: number }> {
    const { directory } = this.#options;
    const { person } = caller;
    const { membership } = await directory.access(person, id);
    if (membership === undefined) throw new ChatError("room_not_found");
    const live = await directory.open(id);
    const who = { actor: person.n, by: person.id, target: person.n, about: person.id };
    const data = `{"user":"${person.id}"}`;
    const { seq } = await this.#commit({ kind: "left", room: live.n, ...who, role: membership.role, data });
    return { seq };
  }

  async list(caller: Caller, asked: CheckedInput<"room.list">): Promise<{ rooms: Room[]; more: boolean }> {
    const { db, directory } = this.#options;
    const { person } = caller;
    const { scope, after, limit } = asked;
    const start = after === undefined ? 0 : await this.#place(caller, after);
    const found =
      scope === "public"
        ? await publicRooms(db, { after: start, limit: limit + 1, user: person.n })
        : await roomsOf(db, { user: person.n, limit: limit + 1, after: start });
    const rooms = found
      .slice(0, limit)
      .map(({ room, member }) => shapeOf(room, member, directory.get(room.id)?.published ?? room.last_seq));
    return { rooms, more: found.length > limit };
  }

  async get(caller: Caller, id: string): Promise<Room> {
    return await this.#find(caller, id, undefined);
  }

  async #place(caller: Caller, id: string): Promise<number> {
    const access = await this.#options.directory.access(caller.person, id);
    requireVisible(caller, access);
    return access.room.n;
  }

  async #find(caller: Caller, id: string, live: LiveRoom | undefined): Promise<Room> {
    const { db, directory } = this.#options;
    const found = await findRoom(db, { id, user: caller.person.n });
    if (found === undefined) throw new ChatError("room_not_found");
    const { room, member } = found;
    const facts = { n: room.n, id, kind: room.kind, closed: room.closed_at !== null };
    requireVisible(caller, { room: facts, membership: member });
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
    const live = await directory.open(id);
    await directory.access(person, id);
    // As it is in this turn: they may have left in the meantime.
    if (person.memberships.get(live.n)?.state === "joined") adopt(person, live);
  }

  async #commit(draft: Draft): Promise<Outcome> {
    return requireCommitted(await this.#append(draft));
  }

  #append(draft: Draft): Promise<Outcome> {
    return new Promise((settle) => this.#options.journal.append(draft, { settle }));
  }
}

function requireCommitted(outcome: Outcome): Outcome {
  if (outcome.code !== "committed" && outcome.code !== "repeated") throw new ChatError(outcome.code);
  return outcome;
}

function joinedData(user: string, role: MemberRow["role"]): string {
  return `{"user":"${user}","role":"${role}"}`;
}
