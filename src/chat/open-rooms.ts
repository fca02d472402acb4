/** Rooms that come into being by being entered: `open:<name>`, only where the server is open, and bounded in number. */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { KeyedBuckets } from "../lib/rate.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Appender } from "../store/appender.ts";
import type { Outcome } from "../store/draft.ts";
import type { Database } from "../store/orm.ts";
import { countRooms } from "../store/rooms.ts";
import type { Person } from "./people.ts";
import type { RoomDirectory } from "./room-directory.ts";

export interface OpenRoomsOptions {
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  readonly clock: Clock;
  /** The server lets anybody in. */
  readonly open: boolean;
  readonly rooms_max: number;
  /** How many one address may make in a day; 0 for no limit. */
  readonly per_address_max: number;
}

const day_s = 86_400;
const addresses_remembered_max = 50_000;
const rooms_remembered_max = 10_000;

export class OpenRooms {
  readonly #options: OpenRoomsOptions;
  readonly #made: KeyedBuckets | undefined;
  readonly #making = new Map<string, Promise<void>>();
  /** The address that made a room, as long as it may vanish again. */
  readonly #makers = new Lru<string, string>(rooms_remembered_max);

  constructor(options: OpenRoomsOptions) {
    this.#options = options;
    const burst = options.per_address_max;
    this.#made =
      burst === 0
        ? undefined
        : new KeyedBuckets({ perSecond: burst / day_s, burst, keys_max: addresses_remembered_max });
  }

  /** Returns once the room exists. Throws `room_not_found` where open rooms are not allowed, `limit_exceeded` past the bounds. */
  async ensure(id: string, by: { person: Person; address: string }): Promise<void> {
    const { directory, open } = this.#options;
    if (!open) throw new ChatError("room_not_found");
    if (directory.get(id) !== undefined) return;
    const making = this.#making.get(id);
    if (making !== undefined) return await making;
    const work = this.#make(id, by).finally(() => this.#making.delete(id));
    this.#making.set(id, work);
    await work;
  }

  async #make(id: string, by: { person: Person; address: string }): Promise<void> {
    const { clock, db, directory, journal, rooms_max } = this.#options;
    try {
      await directory.open(id);
      return;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
    }
    if ((await countRooms(db, { kind: "open" })) >= rooms_max) {
      throw new ChatError("limit_exceeded", `this server has ${rooms_max} open rooms, its most: enter one of them`);
    }
    if (this.#made !== undefined && !this.#made.take(by.address, 1, clock.monotonic())) {
      throw new ChatError("limit_exceeded", "too many new open rooms from your address today");
    }
    const room = { id, kind: "open", name: id.slice("open:".length), history: "all" } as const;
    const outcome = await new Promise<Outcome>((settle) => {
      journal.append({ kind: "created", actor: by.person.n, by: by.person.id, room, data: "{}" }, { settle });
    });
    if (outcome.code !== "committed" && outcome.code !== "repeated") throw new ChatError(outcome.code);
    this.#makers.set(id, by.address);
    await directory.open(id);
  }

  /** A room went without a message: whoever enters an empty room every morning has made one room and not many. */
  vanished(id: string): void {
    const address = this.#makers.get(id);
    if (address === undefined) return;
    this.#makers.delete(id);
    this.#made?.give(address, 1);
  }
}
