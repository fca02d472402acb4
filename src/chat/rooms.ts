/** Rooms: making, joining, leaving, listing. */

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

export interface RoomsOptions {
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
    await this.#commit({ kind: "created", actor: person.n, by: person.id, room, data: joinedData(person.id, "owner") });
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

  async #commit(draft: Draft): Promise<Outcome> {
    const outcome = await new Promise<Outcome>((settle) => this.#options.journal.append(draft, { settle }));
    if (outcome.code !== "committed" && outcome.code !== "repeated") throw new ChatError(outcome.code);
    return outcome;
  }
}

function joinedData(user: string, role: MemberRow["role"]): string {
  return `{"user":"${user}","role":"${role}"}`;
}
