/** A room that has, or just had, somebody here: its top, its recent events, and who is in it. */

import { aroundPublication, type Around } from "../protocol/frames.ts";
import { jsonQuietTopic, jsonTopic } from "../protocol/topics.ts";
import { Ring, type RingMemory } from "../store/ring.ts";
import type { RoomRow } from "../store/rooms.ts";
import type { Elsewhere } from "./elsewhere.ts";
import type { Fact } from "./facts.ts";
import type { Person } from "./people.ts";

/** A committed event on its way out: what publishing needs, and the fact that it states if it is no message. */
export interface Outgoing {
  readonly seq: number;
  /** The publication; empty where another node only says that there is one. */
  readonly text: string;
  readonly fact: Fact | undefined;
}

export class LiveRoom {
  readonly n: number;
  readonly id: string;
  readonly kind: RoomRow["kind"];
  history: RoomRow["history"];
  post: RoomRow["post"];
  readonly createdAt: number;
  name: string;
  firstSeq: number;
  closed: boolean;
  /** Who joined up to this seq may have done so under other settings than those that are known here. */
  unsettled = 0;
  /** The last seq that went out here; whoever subscribes now starts behind it. */
  published: number;
  readonly ring: Ring;
  readonly topic: string;
  readonly quietTopic: string;
  /** What stands around a publication of this room in its push. */
  readonly around: Around;
  /** Connections that are subscribed, live or catching up. */
  subscribers = 0;
  /** Those of them who are on the quiet topic. */
  quiet = 0;
  /** Who is here, with the number of connections. */
  readonly people = new Map<Person, number>();
  /** Whose place in it was read since it is live, where other nodes write to it too. */
  placed: WeakSet<Person> | undefined;
  /** Events behind a hole, by seq. */
  readonly held = new Map<number, Outgoing>();
  /** The last seq when it was opened: what is above has gone out here. */
  readonly opened: number;
  /** The highest seq that is said to exist. */
  known: number;
  /** Rises with all that is heard of events that are not out: what was read before may be older than that. */
  heard = 0;
  filling: Promise<void> | undefined;
  /** Who is here by other nodes; undefined where there are none. */
  elsewhere: Elsewhere | undefined;
  /** Hears each publication in seq order, for those who read the room in another encoding. */
  tap: ((publication: string) => void) | undefined;
  /** Rises when the ring is cleared because words were taken away: what was read before may still have them. */
  cleared = 0;
  /** Hears that the room is there no more, for those who are in it without a subscription. */
  ended: (() => void) | undefined;
  /** The one reading of recent events into the ring that is under way or done. */
  primed: Promise<void> | undefined;

  constructor(row: RoomRow, published: number, memory: RingMemory) {
    this.n = row.n;
    this.id = row.id;
    this.kind = row.kind;
    this.history = row.history;
    this.post = row.post;
    this.createdAt = row.created_at;
    this.name = row.name;
    this.firstSeq = row.first_seq;
    this.closed = row.closed_at !== null;
    this.published = published;
    this.known = published;
    this.opened = published;
    this.ring = new Ring(memory, published + 1);
    this.topic = jsonTopic(row.id);
    this.quietTopic = jsonQuietTopic(row.id);
    this.around = aroundPublication(row.id);
  }
}
