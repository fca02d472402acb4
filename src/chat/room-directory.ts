/**
 * The rooms that this node knows: live ones, and the facts of others that were asked for lately. Looking one up is
 * synchronous where it can be; a lookup in the database is shared by all who wait for it, in the order in which they
 * came, so that what one connection sends to a room keeps its order even when the first send had to look the room up.
 */

import { Batcher } from "../lib/batcher.ts";
import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { ChatError } from "../protocol/errors.ts";
import { RingMemory } from "../store/ring.ts";
import {
  findRoom,
  findRooms,
  removeEmptyRooms,
  roomIdOf,
  visitEmptyRooms,
  type FoundRoom,
  type KnownRoom,
  type RoomRow,
} from "../store/rooms.ts";
import type { Database } from "../store/orm.ts";
import { LiveRoom } from "./live-room.ts";
import type { Membership, Person } from "./people.ts";
import type { Access } from "./policy.ts";
import { factsOf, type RoomFacts } from "./room-facts.ts";

/** Live rooms without a subscriber that are kept, so that a reconnect finds their recent events in memory. */
const idle_rooms_max = 2_000;
const facts_remembered_max = 20_000;
/** Places in rooms that one statement asks for: all who were at a server come back at once when it starts. */
const places_at_once_max = 500;
/** How long a room without a subscriber is followed at the broker: a reconnect finds it as it was. */
const followed_idle_ms = 10_000;

/** Rooms that other nodes write to as well. */
export interface Following {
  /** Resolves once other nodes' events of the room arrive, or cannot just now. */
  follow(n: number): Promise<void>;
  unfollow(n: number): void;
}

function isSamePlace(one: Membership, other: Membership): boolean {
  return (
    one.role === other.role &&
    one.state === other.state &&
    one.visible_from === other.visible_from &&
    one.muted_until === other.muted_until &&
    one.banned_until === other.banned_until
  );
}

function mayVanish({ kind, last_seq }: RoomRow): boolean {
  return kind === "open" && last_seq === 0;
}

export class RoomDirectory {
  readonly #db: Database;
  readonly #vanished: (id: string) => void;
  readonly memory: RingMemory;
  readonly #live = new Map<string, LiveRoom>();
  readonly #liveByKey = new Map<number, LiveRoom>();
  readonly #idle = new Lru<string, LiveRoom>(idle_rooms_max);
  readonly #facts = new Lru<string, RoomFacts>(facts_remembered_max);
  /** The place in a room that was read last. */
  readonly #places = new Lru<number, Membership>(facts_remembered_max);
  /** Rises with every change of a room: what was read before it may be older. */
  #factsVersion = 0;
  /** Rises with every open room that vanishes: what was looked up before is not remembered. */
  #vanishings = 0;
  readonly #opening = new Map<string, Promise<LiveRoom>>();
  readonly #looking = new Map<string, Promise<Access>>();
  /** Open rooms that vanish just now; who wants one again waits and makes it anew. */
  readonly #removing = new Map<string, Promise<unknown>>();
  /** Rooms that went for good while some are being opened. */
  readonly #gone = new Set<number>();
  /** Tops published while rooms are being opened: what was read may be older than what already went by. */
  readonly #passed = new Map<number, number>();
  readonly #following: Following | undefined;
  readonly #clock: Clock;
  /** Rooms with somebody's place in them, as the database has both. */
  readonly #found: Batcher<{ readonly id: string; readonly user: number }, FoundRoom | undefined>;
  /** When an idle room was last asked for; only where rooms are followed. */
  readonly #asked_ms = new Map<LiveRoom, number>();

  /** `vanished` is told of an open room that went without a message. */
  constructor(options: {
    clock: Clock;
    db: Database;
    ring_bytes_max: number;
    vanished: (id: string) => void;
    following?: Following | undefined;
  }) {
    this.#db = options.db;
    this.#vanished = options.vanished;
    this.#following = options.following;
    this.#clock = options.clock;
    const inputs_max = places_at_once_max;
    this.#found = new Batcher({ clock: this.#clock, inputs_max, run: (asked) => findRooms(this.#db, asked) });
    if (this.#following !== undefined) this.#clock.every(followed_idle_ms / 4, () => this.#dropIdle());
    this.memory = new RingMemory(options.ring_bytes_max);
  }

  get size(): number {
    return this.#live.size;
  }

  get(id: string): LiveRoom | undefined {
    return this.#live.get(id);
  }

  byKey(n: number): LiveRoom | undefined {
    return this.#liveByKey.get(n);
  }

  /** What has gone by, live room or not, is told by the outbox and by other nodes. */
  passed(n: number, seq: number): void {
    if (this.#opening.size > 0 && (this.#passed.get(n) ?? 0) < seq) this.#passed.set(n, seq);
  }

  /** The live rooms, in no order. */
  all(): Iterable<LiveRoom> {
    return this.#live.values();
  }

  /** The room, live from now on. Throws `room_not_found`. */
  open(id: string): LiveRoom | Promise<LiveRoom> {
    const live = this.#live.get(id);
    if (live !== undefined) {
      if (live.subscribers === 0) this.#ask(live);
      return live;
    }
    const opening = this.#opening.get(id);
    if (opening !== undefined) return opening;
    const work = this.#load(id).finally(() => {
      this.#opening.delete(id);
      if (this.#opening.size > 0) return;
      this.#passed.clear();
      this.#gone.clear();
    });
    this.#opening.set(id, work);
    return work;
  }

  /** The same by the room's key. */
  async openByKey(n: number): Promise<LiveRoom> {
    const id = this.#liveByKey.get(n)?.id ?? (await roomIdOf(this.#db, n));
    if (id === undefined) throw new ChatError("room_not_found");
    return await this.open(id);
  }

  /** Resolves once the rooms that are being opened are live, or are known not to be there. */
  async opened(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
  }

  async #load(id: string): Promise<LiveRoom> {
    await this.#removing.get(id);
    const followed = await this.#follow(id);
    let room: RoomRow | undefined;
    try {
      room = await this.newestRow(id);
    } finally {
      if (followed !== undefined && followed !== room?.n) this.#following?.unfollow(followed);
    }
    // It has vanished in between, and somebody has made it anew.
    if (followed !== undefined && followed !== room.n) return await this.#load(id);
    const live = new LiveRoom(room, Math.max(room.last_seq, this.#passed.get(room.n) ?? 0), this.memory);
    this.#live.set(id, live);
    this.#liveByKey.set(live.n, live);
    this.#ask(live);
    this.#retire(this.#idle.set(id, live));
    return live;
  }

  /** The room's row, read again where a room was changed meanwhile: what was read may be older than that. Throws `room_not_found`. */
  async newestRow(id: string): Promise<RoomRow> {
    for (;;) {
      const version = this.#factsVersion;
      const room = await this.rowOf(id);
      if (room === undefined || this.#gone.has(room.n)) throw new ChatError("room_not_found");
      if (version === this.#factsVersion) return room;
    }
  }

  /** Before the top is read: what is committed after that reading comes by the broker. Returns the room's key. */
  async #follow(id: string): Promise<number | undefined> {
    if (this.#following === undefined) return undefined;
    let n = this.#facts.get(id)?.n;
    if (n === undefined) {
      const found = await findRoom(this.#db, { id, user: 0 });
      // Another node may make it in the next moment; then whoever asks again finds it, and it is followed.
      if (found === undefined) throw new ChatError("room_not_found");
      const { room } = found;
      n = room.n;
      // No other node removes it while somebody comes in here.
      if (mayVanish(room)) await visitEmptyRooms(this.#db, [{ n, id, name: room.name, createdAt: room.created_at }]);
    }
    await this.#following.follow(n);
    return n;
  }

  #ask(room: LiveRoom): void {
    if (this.#following !== undefined) this.#asked_ms.set(room, this.#clock.monotonic());
  }

  /** A room that nobody here has costs nothing here, however busy it is elsewhere. */
  #dropIdle(): void {
    const oldest_ms = this.#clock.monotonic() - followed_idle_ms;
    for (const [room, asked_ms] of this.#asked_ms) {
      if (room.subscribers > 0) this.#asked_ms.delete(room);
      else if (asked_ms < oldest_ms) this.#drop(room);
    }
  }

  /** A connection subscribed: the room stays as long as it has one. */
  hold(room: LiveRoom): void {
    room.subscribers++;
    this.#idle.delete(room.id);
  }

  release(room: LiveRoom): void {
    room.subscribers--;
    if (room.subscribers > 0 || this.#live.get(room.id) !== room) return;
    this.#ask(room);
    // Where rooms are followed, another node may have somebody in it: see `empty-rooms.ts`.
    if (room.kind === "open" && room.published === 0 && this.#following === undefined) {
      this.#drop(room);
      this.#vanished(room.id);
      // What the database does not remove now it removes at the next start.
      const removed = removeEmptyRooms(this.#db, { n: room.n }).catch(() => []);
      const work = removed.finally(() => {
        this.#removing.delete(room.id);
        this.#vanishings++;
        this.#facts.delete(room.id);
      });
      this.#removing.set(room.id, work);
      return;
    }
    this.#retire(this.#idle.set(room.id, room));
  }

  /** What was remembered of a room that nobody has open is no longer so. */
  forgetFacts(n: number): void {
    this.#factsVersion++;
    for (const [id, facts] of this.#facts.entries()) if (facts.n === n) this.#facts.delete(id);
  }

  /** The room has gone for good; nobody is subscribed any more. */
  remove(n: number): void {
    if (this.#opening.size > 0) this.#gone.add(n);
    const room = this.#liveByKey.get(n);
    if (room !== undefined) this.#drop(room);
  }

  /** The room and a person's place in it (`users.n`), as the database has them now: who asks at once is asked for together. */
  find(id: string, user: number): Promise<FoundRoom | undefined> {
    return this.#found.ask({ id, user });
  }

  /** The room's row as the database has it now. */
  async rowOf(id: string): Promise<RoomRow | undefined> {
    return (await findRoom(this.#db, { id, user: 0 }))?.room;
  }

  /** The room is not there any more: who is in it finds that out by coming anew. */
  lose(room: LiveRoom): void {
    if (this.#live.get(room.id) !== room) return;
    this.#drop(room);
    room.ended?.();
    for (const person of room.people.keys()) {
      const inside = person.connections.filter(({ subscriptions }) => subscriptions.has(room));
      for (const recipient of inside) recipient.close("insufficient_state");
    }
  }

  #retire(room: LiveRoom | undefined): void {
    if (room !== undefined && room.subscribers === 0) this.#drop(room);
  }

  #drop(room: LiveRoom): void {
    this.#live.delete(room.id);
    this.#liveByKey.delete(room.n);
    this.#idle.delete(room.id);
    this.#asked_ms.delete(room);
    this.#following?.unfollow(room.n);
    room.ring.clear();
  }

  /** The room and the person's place in it. Throws `room_not_found`. */
  access(person: Person, id: string): Access | Promise<Access> {
    // Who asks while a look-up is under way stays behind those who wait for it, even if the answer is known by now.
    const earlier = this.#looking.size === 0 ? undefined : this.#looking.get(`${person.n} ${id}`);
    if (earlier !== undefined) return earlier;
    const room = this.#live.get(id) ?? this.#facts.get(id);
    if (room !== undefined) {
      if (room.kind === "open") return { room, membership: undefined };
      const membership = person.memberships.get(room.n);
      if (membership !== undefined) return { room, membership };
    }
    const key = `${person.n} ${id}`;
    const work = this.#look(person, id).finally(() => this.#looking.delete(key));
    this.#looking.set(key, work);
    return work;
  }

  /** The same as the database has it now: another node may have changed what no commit will judge again. */
  async accessNow({ n }: Person, id: string): Promise<Access> {
    const found = await this.find(id, n);
    if (found === undefined) throw new ChatError("room_not_found");
    return { room: factsOf(found.room), membership: found.member };
  }

  /**
   * The live room, what was published of it so far, and the person's place in it: known since the room is live, for what
   * another node changed before came by no way. The place is looked at after the top, so that it holds up to there.
   */
  async enter(person: Person, id: string): Promise<{ room: LiveRoom; access: Access; top: number }> {
    const room = await this.open(id);
    const top = room.published;
    if (this.#following !== undefined && room.kind !== "open") await this.#placed(person, room);
    return { room, access: await this.access(person, id), top };
  }

  /** The same of a live room where all of it is known. */
  enterNow(person: Person, id: string): { room: LiveRoom; membership: Membership } | undefined {
    const room = this.#live.get(id);
    if (room === undefined || (this.#following !== undefined && room.placed?.has(person) !== true)) return undefined;
    if (this.#looking.size > 0 && this.#looking.has(`${person.n} ${id}`)) return undefined;
    const membership = person.memberships.get(room.n);
    if (membership === undefined) return undefined;
    if (room.subscribers === 0) this.#ask(room);
    return { room, membership };
  }

  async #placed(person: Person, room: LiveRoom): Promise<void> {
    while (room.placed?.has(person) !== true) {
      const { placesVersion } = person;
      const found = await this.find(room.id, person.n);
      // What a commit has told meanwhile is newer.
      if (placesVersion !== person.placesVersion) continue;
      if (found?.member === undefined) person.memberships.delete(room.n);
      else person.memberships.set(room.n, found.member);
      room.placed ??= new WeakSet();
      room.placed.add(person);
    }
  }

  async #look(person: Person, id: string): Promise<Access> {
    const [version, vanishings, placesVersion] = [this.#factsVersion, this.#vanishings, person.placesVersion];
    const found = await this.find(id, person.n);
    if (found === undefined) throw new ChatError("room_not_found");
    const facts = factsOf(found.room);
    const { n } = facts;
    // Another node may remove an empty room, and then its key means nothing.
    const isLasting = this.#following === undefined ? vanishings === this.#vanishings : !mayVanish(found.room);
    if (isLasting && version === this.#factsVersion) this.#facts.set(id, facts);
    // What a commit has told meanwhile is newer than what was read; where it told only that there is something, it is read again.
    const told = person.memberships.get(n);
    if (told === undefined && person.placesVersion !== placesVersion) return await this.#look(person, id);
    const membership = told ?? found.member;
    if (membership !== undefined) person.memberships.set(n, membership);
    return { room: this.#live.get(id) ?? facts, membership };
  }

  /** A person's place as the database has it now, whatever was known; undefined where there is no such room. */
  async reread(person: Person, of: { id: string; n: number }): Promise<Membership | undefined> {
    for (;;) {
      const { placesVersion } = person;
      const found = await findRoom(this.#db, { id: of.id, user: person.n });
      // What a commit has told meanwhile is newer, and so may be what somebody else has read.
      if (placesVersion !== person.placesVersion) continue;
      person.placesVersion++;
      if (found?.member !== undefined) person.memberships.set(of.n, found.member);
      return found?.member;
    }
  }

  /** Memberships that were read in bulk, when the person's places had that version. */
  remember(person: Person, known: readonly KnownRoom[], placesVersion: number): void {
    if (person.placesVersion !== placesVersion) return;
    for (const { room, member } of known) {
      if (!person.memberships.has(room.n)) person.memberships.set(room.n, this.#asOthers(room.n, member));
    }
  }

  /** Most members of a room have the same place in it: one object is kept for all of them. */
  #asOthers(n: number, member: Membership): Membership {
    const other = this.#places.get(n);
    if (other !== undefined && isSamePlace(other, member)) return other;
    this.#places.set(n, member);
    return member;
  }
}
