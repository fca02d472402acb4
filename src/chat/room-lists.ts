/** Lists of rooms: one's own, with what is unread in them, and those that anybody may join. */

import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { ListedRoom } from "../protocol/room-operations.ts";
import type { StorageClient } from "../store/orm.ts";
import {
  invitedRooms,
  ownRooms,
  publicRooms,
  type After,
  type ListedRow,
  type NewestMessage,
  type PublicRoom,
} from "../store/room-list.ts";
import type { Marks } from "./marks.ts";
import type { Caller } from "./policy.ts";
import { shapeOf } from "./rooms.ts";

/** So much of a message shows what it is about. */
export const shown_text_chars_max = 200;

export interface RoomListsOptions {
  readonly client: StorageClient;
  readonly marks: Marks;
}

export class RoomLists {
  readonly #options: RoomListsOptions;

  constructor(options: RoomListsOptions) {
    this.#options = options;
  }

  async list(caller: Caller, asked: CheckedInput<"room.list">): Promise<OutputOf<"room.list">> {
    const { scope } = asked;
    if (scope === "public") return await this.#public(caller, asked);
    return scope === "invited" ? await this.#invited(caller, asked) : await this.#joined(caller, asked);
  }

  async #joined({ person }: Caller, asked: CheckedInput<"room.list">): Promise<OutputOf<"room.list">> {
    const { client, marks } = this.#options;
    const { after, limit, rooms: only } = asked;
    const found = await ownRooms(client, {
      user: person.n,
      id: person.id,
      marks: marks.pendingOf(person),
      rooms: only,
      after: afterOf(after),
      limit: limit + 1,
    });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1)?.room : undefined;
    return {
      rooms: shown.map(({ room, role, visible_from, read_seq, unread, mentions, newest, people }) => ({
        ...this.#shape(room, { role, visible_from }),
        read_seq,
        unread,
        mentions,
        last_message: newest === undefined ? null : { ...newest, text: shownText(newest) },
        people: [...people],
      })),
      next: last === undefined ? null : `${last.last_at}.${last.id}`,
    };
  }

  async #public({ person }: Caller, asked: CheckedInput<"room.list">): Promise<OutputOf<"room.list">> {
    const { after, limit, query } = asked;
    const found = await publicRooms(this.#options.client, {
      user: person.n,
      query,
      limit: limit + 1,
      after: afterOf(after),
    });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1)?.room : undefined;
    return {
      rooms: shown.flatMap(({ room, place }) => (hasWords(room, query) ? [this.#shape(room, place)] : [])),
      next: last === undefined ? null : `${last.members}.${last.id}`,
    };
  }

  async #invited({ person }: Caller, { after, limit }: CheckedInput<"room.list">): Promise<OutputOf<"room.list">> {
    const asked = { user: person.n, after: afterOf(after), limit: limit + 1 };
    const found = await invitedRooms(this.#options.client, asked);
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return {
      rooms: shown.map((room) => this.#shape(room, undefined)),
      next: last === undefined ? null : `${last.last_at}.${last.id}`,
    };
  }

  #shape(room: ListedRow, place: PublicRoom["place"]) {
    const member = place === undefined ? undefined : ({ ...place, state: "joined" } as const);
    const nothing = { read_seq: 0, unread: 0, mentions: 0, last_message: null, people: [] };
    // The top as of the moment in which the rest was counted: what is behind it comes live.
    return { ...shapeOf(room, member, room.last_seq), last_at: room.last_at, ...nothing } satisfies ListedRoom;
  }
}

function afterOf(after: string | undefined): After | undefined {
  if (after === undefined) return undefined;
  const dot = after.indexOf(".");
  return { by: Number(after.slice(0, dot)), id: after.slice(dot + 1) };
}

/** The database has let any character stand for those with an upper and a lower case that it does not know. */
export function hasWords({ name, topic }: ListedRow, query: string | undefined): boolean {
  if (query === undefined) return true;
  const wanted = query.toLowerCase();
  return name.toLowerCase().includes(wanted) || topic.toLowerCase().includes(wanted);
}

/** The words of a message, from the beginning of their JSON text. */
export function shownText({ text }: Pick<NewestMessage, "text">): string | null {
  if (text === null) return null;
  const whole = parsed(text) ?? cut(text);
  return Array.from(whole).slice(0, shown_text_chars_max).join("");
}

function parsed(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** It was cut off somewhere, in the middle of an escape perhaps. */
function cut(text: string): string {
  const escape_chars_max = 6;
  for (let drop = 0; drop < escape_chars_max; drop++) {
    const value = parsed(`${text.slice(0, text.length - drop)}"`);
    if (value !== undefined) return value;
  }
  return "";
}
