/** Events of a room as the application gets them, live, in history and on resume. */

import type { EventKind } from "../protocol/events.ts";
import type { OutputOf } from "../protocol/operations.ts";

export interface RoomEvent {
  readonly room: string;
  /** Its place in the room: 1, 2, 3 … without holes. */
  readonly seq: number;
  /** What it is; a newer server may have kinds that this version does not know: pass those over. */
  readonly kind: EventKind | (string & {});
  /** The id that the sender gave the message; empty for other kinds. */
  readonly id: string;
  /** The id of the person who did it. */
  readonly user: string;
  readonly time: Date;
  readonly data: unknown;
}

/** A publication, as the Centrifuge client and `message.list` give it. */
export interface Publication {
  readonly offset?: number;
  readonly data: unknown;
  readonly info?: { readonly user: string };
  readonly tags?: Readonly<Record<string, string>>;
}

export function eventOf(room: string, publication: Publication): RoomEvent {
  const { offset = 0, data, info, tags = {} } = publication;
  return {
    room,
    seq: offset,
    kind: tags["kind"] ?? "message",
    id: tags["id"] ?? "",
    user: info?.user ?? "",
    time: new Date(Number(tags["at"] ?? 0)),
    data,
  };
}

/** A page of a room's log, ascending. */
export interface RoomPage {
  readonly events: readonly RoomEvent[];
  readonly epoch: string;
  /** The first and the last seq that can be read. */
  readonly first_seq: number;
  readonly last_seq: number;
  /** Whether there is more in the direction of the paging. */
  readonly more: boolean;
}

export function pageOf(room: string, page: OutputOf<"message.list">): RoomPage {
  const { events, epoch, first_seq, last_seq, more } = page;
  return { events: events.map((event) => eventOf(room, event)), epoch, first_seq, last_seq, more };
}
