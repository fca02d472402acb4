/**
 * Open rooms without a message, where several nodes may have people in them: each node says in the database, again and
 * again, in which of them somebody is by it, and removes those of which nobody has said so for a while. No node has to
 * know of the others, and the rooms of one that dies go as well.
 */

import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Database } from "../store/orm.ts";
import { removeEmptyRooms, visitEmptyRooms } from "../store/rooms.ts";
import type { LiveRoom } from "./live-room.ts";
import type { RoomDirectory } from "./room-directory.ts";

const visit_every_ms = 10_000;
/** Well above the time between two visits: the database may be slow once. */
const unvisited_ms = 30_000;
/** Rooms that are visited in one statement. */
const rooms_at_once_max = 1_000;

export interface EmptyRoomsOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly log: Log;
  /** Told of each room that this node has removed. */
  readonly vanished: (id: string) => void;
}

/** Runs until it is cancelled. */
export function watchEmptyRooms(options: EmptyRoomsOptions): Timer {
  let working = false;
  return options.clock.every(visit_every_ms, () => {
    if (working) return;
    working = true;
    tick(options)
      .catch((error: unknown) => options.log.warn("empty_rooms_not_visited", { error }))
      .finally(() => {
        working = false;
      });
  });
}

async function tick({ db, directory, vanished }: EmptyRoomsOptions): Promise<void> {
  const visited = [...directory.all()].filter(isVisited);
  for (let from = 0; from < visited.length; from += rooms_at_once_max) {
    const some = visited.slice(from, from + rooms_at_once_max);
    const there = await visitEmptyRooms(db, some);
    // While the database could not be reached from here, the room has vanished and been made anew by others.
    for (const room of some) if (!there.has(room.n)) directory.lose(room);
  }
  for (const id of await removeEmptyRooms(db, { unvisited_ms })) vanished(id);
}

function isVisited({ kind, published, subscribers }: LiveRoom): boolean {
  return kind === "open" && published === 0 && subscribers > 0;
}
