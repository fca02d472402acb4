/**
 * What whoever runs the server does with rooms on the command line: by the running server if there is one, else on its
 * database. In the log it was done by the user `operator` of the server itself; the audit log says `$cli`.
 */

import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import type { RoomRole } from "../protocol/roles.ts";
import { isBanned } from "../store/commit-rules.ts";
import type { ListedUser } from "../store/accounts/people.ts";
import { findAnyRoom, listAllRooms } from "../store/all-rooms.ts";
import { listInvites } from "../store/invites.ts";
import { countMembers, listMembers } from "../store/members.ts";
import type { Database } from "../store/orm.ts";
import type { ListedRow } from "../store/room-list.ts";
import { findRoom, type MemberRow } from "../store/rooms.ts";
import type { Accounts } from "./accounts.ts";
import { newLink, personCalled, type Link } from "./administration.ts";
import { commandLine, type Audit } from "./audit.ts";
import type { Commit } from "./committed.ts";
import { keepInvite } from "./invites.ts";
import { changePlace, changeRoom, placeChanges, plainChange, type Doer, type PlaceChange } from "./noted-changes.ts";
import { hasWords } from "./room-lists.ts";

export const rooms_listed_max = 10_000;
/** Owners, moderators and links that are shown of one room. */
const shown_max = 500;

export interface RoomAdministrationOptions {
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly commit: Commit;
  readonly db: Database;
  /** The origin that people's browsers use. */
  readonly publicUrl: () => string;
}

type Named = Pick<ListedUser, "id" | "name" | "username">;

export interface ShownRoom {
  readonly room: ListedRow;
  readonly owners: readonly Named[];
  readonly moderators: readonly Named[];
  readonly invited: number;
  readonly banned: number;
  /** Links that still lead into it. */
  readonly links: number;
}

/** Whether anything was changed: it may have been so already. */
export interface Changed {
  readonly changed: boolean;
}

interface Asked {
  readonly room: string;
  /** An id, or a user name. */
  readonly person: string;
}

export class RoomAdministration {
  readonly #options: RoomAdministrationOptions;

  constructor(options: RoomAdministrationOptions) {
    this.#options = options;
  }

  /** The most recently active first; `more` where that is not all. */
  async list(search: string | undefined): Promise<{ rooms: ListedRow[]; more: boolean }> {
    const found = await listAllRooms(this.#options.db, { search, limit: rooms_listed_max + 1 });
    const rooms = found.slice(0, rooms_listed_max).filter((room) => room.id === search || hasWords(room, search));
    return { rooms, more: found.length > rooms_listed_max };
  }

  async show(id: string): Promise<ShownRoom> {
    const { clock, db } = this.#options;
    const room = await this.#any(id);
    const { n } = room;
    const called = async (role: RoomRole): Promise<Named[]> => {
      const whole = { state: "joined", pattern: undefined, after: undefined, limit: shown_max } as const;
      const { members } = await listMembers(db.$client, { ...whole, room: n, role });
      return members.map(({ id: user, name, username }) => ({ id: user, name, username }));
    };
    const [owners, moderators, invited, banned, links] = await Promise.all([
      called("owner"),
      called("moderator"),
      countMembers(db, { room: n, state: "invited" }),
      countMembers(db, { room: n, state: "banned" }),
      listInvites(db, { room: n, now: clock.now(), limit: shown_max }),
    ]);
    return { room, owners, moderators, invited, banned, links: links.length };
  }

  async change(id: string, kind: "closed" | "reopened" | "gone"): Promise<Changed> {
    const { audit, commit } = this.#options;
    const room = await this.#ofMembers(id);
    const done = await changeRoom({ audit, commit }, { room, by: await this.#doer(), change: plainChange(kind) });
    return { changed: done.code === "committed" };
  }

  /** Makes somebody a member, whatever kind of room it is, without asking them. */
  async add(asked: Asked, role: RoomRole): Promise<Changed> {
    const { room, person, place } = await this.#find(asked);
    requireChosen(room);
    const { id } = room;
    if (place?.state === "joined" && place.role !== role)
      throw wrong(
        `${asked.person} is in the room already, as ${place.role}: confab room role --room ${id} changes that`,
      );
    if (place?.state !== "joined") requireOpen(room);
    if (place !== undefined && isBanned(place, this.#options.clock.now()))
      throw wrong(`${asked.person} is banned from the room: confab room unban --room ${id} comes first`);
    return await this.#change({ room, person }, placeChanges.add(person.id, role));
  }

  async role(asked: Asked, role: RoomRole): Promise<Changed> {
    const { room, person, place } = await this.#find(asked);
    if (place?.state !== "joined")
      throw wrong(
        `${asked.person} is no member of the room: confab room add --room ${room.id} --role ${role} makes them one`,
      );
    return await this.#change({ room, person }, placeChanges.role(person.id, role));
  }

  async remove(asked: Asked): Promise<Changed> {
    const { room, person } = await this.#find(asked);
    return await this.#change({ room, person }, placeChanges.remove(person.id));
  }

  /** For ever where `for_ms` is null. */
  async ban(asked: Asked, wish: { for_ms: number | null; reason: string | undefined }): Promise<Changed> {
    const { room, person } = await this.#find(asked);
    const until = wish.for_ms === null ? 0 : this.#options.clock.now() + wish.for_ms;
    return await this.#change({ room, person }, placeChanges.ban(person.id, { until, reason: wish.reason }));
  }

  async unban(asked: Asked): Promise<Changed> {
    const { room, person } = await this.#find(asked);
    return await this.#change({ room, person }, placeChanges.unban(person.id));
  }

  /** A link by which people come into the room. */
  async invite(id: string, wish: { uses_max: number | null; ttl_ms: number | null }): Promise<Link> {
    const { audit, clock, db } = this.#options;
    const room = await this.#ofMembers(id);
    requireChosen(room);
    requireOpen(room);
    const made = newLink(this.#options, "join", wish.ttl_ms);
    const { expires_at, token } = made;
    const rest = { created_by: null, expires_at, uses_max: wish.uses_max };
    await keepInvite({ audit, clock, db }, { actor: commandLine, token, room, ...rest });
    return made;
  }

  async #change(
    place: { readonly room: ListedRow; readonly person: ListedUser },
    change: PlaceChange,
  ): Promise<Changed> {
    const { audit, commit } = this.#options;
    const done = await changePlace({ audit, commit }, { ...place, by: await this.#doer(), change });
    return { changed: done.code === "committed" };
  }

  /** The log names a user for everything. */
  async #doer(): Promise<Doer> {
    const operator = { issuer: "confab", subject: "operator", name: "operator" };
    const { n, id } = await this.#options.accounts.ofHost(operator);
    return { n, id, noted: commandLine, address: undefined, right: "server" };
  }

  async #any(id: string): Promise<ListedRow> {
    const room = await findAnyRoom(this.#options.db, id);
    if (room === undefined)
      throw wrong(`there is no room ${JSON.stringify(id)}: confab room list shows those there are`);
    return room;
  }

  async #ofMembers(id: string): Promise<ListedRow> {
    const room = await this.#any(id);
    if (room.kind === "open")
      throw wrong(`${id} is an open room: it has no members, and is there as long as somebody is in it or has written`);
    return room;
  }

  async #find(asked: Asked): Promise<{ room: ListedRow; person: ListedUser; place: MemberRow | undefined }> {
    const { db } = this.#options;
    const room = await this.#ofMembers(asked.room);
    const person = await personCalled(db, asked.person);
    return { room, person, place: (await findRoom(db, { id: room.id, user: person.n }))?.member };
  }
}

/** It has the people that somebody lets in, and not those that it was made for. */
function requireChosen({ kind }: ListedRow): void {
  if (kind === "direct") throw wrong("a direct room has the people that it was made for");
}

function requireOpen({ id, closed_at }: ListedRow): void {
  if (closed_at !== null) throw wrong(`the room is closed: confab room reopen --room ${id} comes first`);
}

function wrong(sentence: string): ChatError {
  return new ChatError("bad_request", sentence);
}
