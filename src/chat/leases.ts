/**
 * What this node tells others of who is here: for each room the differences, once a second, and the whole every half a
 * minute and when it is asked for. Rooms with too many to list are told as counts. What it costs in a second is bounded:
 * rooms that do not fit wait for the next one.
 */

import type { Clock } from "../lib/clock.ts";
import type { Announcement, PresentConnection } from "./elsewhere.ts";

const tick_ms = 1_000;
export const whole_every_ms = 30_000;
const rooms_per_tick_max = 1_000;
/** How often it is said of a room that nobody is left there, the last times as a whole: one that was lost would stay wrong. */
const farewells = 3;

/** Whatever people can be in. */
export interface Inhabited {
  readonly people: { readonly size: number };
}

export interface LeasesOptions<R extends Inhabited> {
  readonly clock: Clock;
  /** The node's own connections in a room, or their counts where they are too many. */
  readonly own: (room: R) => readonly PresentConnection[] | { readonly clients: number; readonly users: number };
  readonly announce: (room: R, announcement: Announcement) => void;
}

interface Announced {
  k: number;
  /** By `client`; what others have of us if they have heard everything. */
  connections: ReadonlyMap<string, PresentConnection>;
  isList: boolean;
  whole_ms: number;
  /** How often it was said that nobody is here. */
  farewells: number;
}

export class Leases<R extends Inhabited> {
  readonly #options: LeasesOptions<R>;
  /** In the order of their last whole. */
  readonly #rooms = new Map<R, Announced>();
  readonly #changed = new Set<R>();
  readonly #asked = new Set<R>();

  constructor(options: LeasesOptions<R>) {
    this.#options = options;
    options.clock.every(tick_ms, () => this.#tick());
  }

  /** Somebody came to the room, or went. */
  changed(room: R): void {
    this.#changed.add(room);
  }

  /** Nobody may have heard what was said lately. */
  unheard(): void {
    for (const room of this.#rooms.keys()) this.#asked.add(room);
  }

  /** Another node wants to know all. */
  asked(room: R): void {
    if (room.people.size > 0 || this.#rooms.has(room)) this.#asked.add(room);
  }

  #tick(): void {
    let left = rooms_per_tick_max;
    for (const room of take(this.#asked, left)) {
      this.#changed.delete(room);
      this.#tell(room, true);
      left--;
    }
    for (const room of take(this.#changed, left)) {
      this.#tell(room, false);
      left--;
    }
    const due_ms = this.#options.clock.monotonic() - whole_every_ms;
    const due: R[] = [];
    for (const [room, { whole_ms }] of this.#rooms) {
      if (whole_ms > due_ms || due.length >= left) break;
      due.push(room);
    }
    for (const room of due) this.#tell(room, true);
  }

  #tell(room: R, whole: boolean): void {
    const { announce, clock, own } = this.#options;
    const before = this.#rooms.get(room);
    const now = own(room);
    const isList = Array.isArray(now);
    const connections = new Map(isList ? now.map((one: PresentConnection) => [one.client, one]) : []);
    if (before === undefined && isList && now.length === 0) return;
    const isWhole = whole || before === undefined || !isList || !before.isList;
    const known = before?.connections ?? new Map<string, PresentConnection>();
    const came = [...connections.values()].filter(({ client }) => isWhole || !known.has(client));
    const went = isWhole ? [] : [...known.keys()].filter((client) => !connections.has(client));
    // Above all that was said of the room before it had nobody: there is at most one announcement in a millisecond.
    const k = (before?.k ?? Math.floor(clock.monotonic())) + 1;
    if (!isWhole && came.length === 0 && went.length === 0) return;
    const whole_ms = isWhole ? clock.monotonic() : (before?.whole_ms ?? 0);
    const said = room.people.size > 0 ? 0 : (before?.farewells ?? 0) + 1;
    if (isWhole || said === farewells) this.#rooms.delete(room);
    if (said < farewells) this.#rooms.set(room, { k, connections, isList, whole_ms, farewells: said });
    announce(room, {
      k,
      whole: isWhole,
      came,
      went,
      ...(isList ? {} : { counts: now as { clients: number; users: number } }),
    });
  }
}

/** Takes up to `count` out of a set. */
function take<T>(set: Set<T>, count: number): T[] {
  const taken: T[] = [];
  for (const item of set) {
    if (taken.length >= count) break;
    taken.push(item);
    set.delete(item);
  }
  return taken;
}
