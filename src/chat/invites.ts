/** Links by which people come into rooms, and onto the server. */

import type { Clock } from "../lib/clock.ts";
import { sha256, shortId, token } from "../lib/ids.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { Room } from "../protocol/room-operations.ts";
import { administers } from "../protocol/roles.ts";
import {
  addInvite,
  claimInvite,
  findInvite,
  listInvites,
  lookUpInvite,
  releaseInvite,
  revokeInvite,
  type InviteRow,
  type NewInvite,
} from "../store/invites.ts";
import type { Database } from "../store/orm.ts";
import type { Audit } from "./audit.ts";
import { addressOf, rightOver, type Caller } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Rooms } from "./rooms.ts";

const token_bytes = 24;
const listed_max = 500;

export interface InvitesOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly rooms: Rooms;
}

type Invite = OutputOf<"invite.list">["invites"][number];

function shapeOf({ id, kind, room, created_by, created_at, expires_at, uses_max, uses }: InviteRow): Invite {
  return { id, kind: kind === "room" ? "room" : "server", room, created_by, created_at, expires_at, uses_max, uses };
}

export class Invites {
  readonly #options: InvitesOptions;

  constructor(options: InvitesOptions) {
    this.#options = options;
  }

  async create(caller: Caller, asked: CheckedInput<"invite.create">): Promise<OutputOf<"invite.create">> {
    const { audit, clock, db } = this.#options;
    const { person } = caller;
    const { expires_at = null, uses_max = null, room: channel } = asked;
    if (expires_at !== null && expires_at <= clock.now()) {
      throw new ChatError("bad_request", "expires_at: expected a time in the future, in Unix milliseconds");
    }
    const room = await this.#place(caller, channel);
    const { id, name } = person;
    const secret = token(token_bytes);
    const place = room === null || channel === undefined ? null : { n: room, id: channel };
    const wish = { address: addressOf(caller), expires_at, uses_max, created_by: person.n };
    const made = await keepInvite({ audit, clock, db }, { actor: id, token: secret, room: place, ...wish });
    return { ...shapeOf({ ...made, n: 0, room: channel ?? null, created_by: { id, name }, uses: 0 }), token: secret };
  }

  async list(caller: Caller, asked: CheckedInput<"invite.list">): Promise<OutputOf<"invite.list">> {
    const room = await this.#place(caller, asked.room);
    const found = await listInvites(this.#options.db, { room, now: this.#options.clock.now(), limit: listed_max });
    return { invites: found.map(shapeOf) };
  }

  async revoke(caller: Caller, id: string): Promise<object> {
    const { audit, clock, db } = this.#options;
    const invite = await findInvite(db, id);
    if (invite === undefined || invite.kind === "owner") throw new ChatError("invite_not_found");
    // Whoever may not handle it is told no more than of one that never was.
    await this.#place(caller, invite.room ?? undefined).catch(unknownInvite);
    await revokeInvite(db, { n: invite.n, at: clock.now() });
    const target = invite.room === null ? "server" : `room:${invite.room}`;
    const by = { actor: caller.person.id, address: addressOf(caller) };
    await audit.note({ ...by, action: "invite.revoke", target, detail: { invite: id } });
    return {};
  }

  /** A use that did not lead into the room is given back. */
  async accept(caller: Caller, given: string): Promise<Room> {
    const { clock, db, directory, rooms } = this.#options;
    const now = clock.now();
    const invite = await lookUpInvite(db, { hash: sha256(given), kind: "room", now });
    if (invite === undefined || invite.room === null) throw new ChatError("invite_not_found");
    const { membership } = await directory.accessNow(caller.person, invite.room).catch(unknownInvite);
    if (membership?.state === "joined") return await rooms.get(caller, invite.room);
    if (!(await claimInvite(db, { n: invite.n, now }))) throw new ChatError("invite_not_found");
    try {
      const { room, isNew } = await rooms.joinBy(caller, invite.room, "link");
      if (!isNew) await releaseInvite(db, invite.n);
      return room;
    } catch (error) {
      if (error instanceof ChatError && error.code !== "outcome_unknown") await releaseInvite(db, invite.n);
      return unknownInvite(error);
    }
  }

  /** The key of the room whose links the caller may handle; null for links to the server. */
  async #place(caller: Caller, channel: string | undefined): Promise<number | null> {
    if (channel === undefined) {
      if (!administers(caller.person.role))
        throw new ChatError("permission_denied", "only administrators invite to the server");
      return null;
    }
    const access = await this.#options.directory.accessNow(caller.person, channel);
    rightOver(caller, access, "moderator");
    if (access.room.kind === "open" || access.room.kind === "direct")
      throw new ChatError("permission_denied", "nobody is invited to such a room");
    return access.room.n;
  }
}

/** Stores what makes a token lead to a room, or to the server where there is none, and notes it. */
export async function keepInvite(
  { audit, clock, db }: Pick<InvitesOptions, "audit" | "clock" | "db">,
  wish: Pick<NewInvite, "created_by" | "expires_at" | "uses_max"> & {
    readonly actor: string;
    readonly address?: string | undefined;
    readonly token: string;
    readonly room: { readonly n: number; readonly id: string } | null;
  },
) {
  const { actor, address, token: secret, room, ...rest } = wish;
  const kind = room === null ? "server" : "room";
  const made = { id: shortId(), kind, room: room?.n ?? null, created_at: clock.now(), ...rest } as const;
  await addInvite(db, { ...made, hash: sha256(secret) });
  const target = room === null ? "server" : `room:${room.id}`;
  await audit.note({ actor, action: "invite.create", target, detail: { invite: made.id }, address });
  return made;
}

/** Who is banned, or came too late, has a link that leads nowhere. */
function unknownInvite(error: unknown): never {
  const hidden = error instanceof ChatError && (error.code === "room_not_found" || error.code === "permission_denied");
  throw hidden ? new ChatError("invite_not_found") : error;
}
