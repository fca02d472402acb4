/**
 * People's own lines: what concerns a person whichever rooms their connections are subscribed to. It is said to whoever
 * listens now and kept nowhere; a client that was away asks for its rooms anew.
 */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { Lru } from "../lib/lru.ts";
import { linePush, type LineNews } from "../protocol/passing.ts";
import { jsonTopic, userChannel } from "../protocol/topics.ts";
import { membersAmong } from "../store/members.ts";
import type { Database } from "../store/orm.ts";
import { roomIdOf } from "../store/rooms.ts";
import type { MembershipFact } from "./facts.ts";
import type { People, Person } from "./people.ts";
import type { RoomDirectory } from "./room-directory.ts";

const ids_remembered_max = 20_000;
/** Changes of a room are told together: whoever moves a slider is not to ask the database at each step. */
const gather_ms = 100;
/** Read marks wait so long for others, on the way to other nodes. */
const letter_ms = 200;
/** Lines to people of other nodes in one letter, and those that wait for one. */
export const lines_per_letter_max = 1_000;
const lines_waiting_max = 20_000;

/** A read mark on its way to other nodes: `users.id`, the room's id, the seq. */
export type Line = readonly [user: string, room: string, seq: number];

export interface LinesOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly log: Log;
  readonly people: People;
  readonly deliver: (topic: string, frame: string) => void;
  /** Tells other nodes of read marks; undefined where there are none. */
  readonly tell: ((lines: readonly Line[]) => void) | undefined;
}

export class Lines {
  readonly #options: LinesOptions;
  readonly #ids = new Lru<number, string>(ids_remembered_max);
  /** Rooms that have changed and are not told yet. */
  readonly #changed = new Set<number>();
  #outgoing: Line[] = [];

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** Somebody's place in a room has changed. */
  placed(person: Person, n: number, fact: MembershipFact): void {
    const type = typeOf(fact);
    if (type === undefined || !isListening(person)) return;
    this.#withId(n, (room) => this.#say(person, { type, room }));
  }

  /** A room has changed: those of its members are told who would not hear it from the room itself. */
  roomChanged(n: number): void {
    this.#changed.add(n);
    if (this.#changed.size === 1) this.#options.clock.after(gather_ms, () => void this.#tellChanged());
  }

  /** A person has read so far, by one of their devices. */
  read(person: Pick<Person, "id">, n: number, seq: number): void {
    this.#withId(n, (room) => {
      this.heard([[person.id, room, seq]]);
      if (this.#options.tell === undefined || this.#outgoing.length >= lines_waiting_max) return;
      this.#outgoing.push([person.id, room, seq]);
      if (this.#outgoing.length === 1) this.#options.clock.after(letter_ms, () => this.#post());
    });
  }

  /** Read marks of people, from here or from another node. */
  heard(lines: readonly Line[]): void {
    for (const [user, room, seq] of lines) {
      const person = this.#options.people.find(user);
      if (person !== undefined && isListening(person)) this.#say(person, { type: "read", room, seq });
    }
  }

  #say({ id }: Person, news: LineNews): void {
    const channel = userChannel(id);
    this.#options.deliver(jsonTopic(channel), linePush(channel, news));
  }

  #post(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (let at = 0; at < outgoing.length; at += lines_per_letter_max)
      this.#options.tell?.(outgoing.slice(at, at + lines_per_letter_max));
  }

  async #tellChanged(): Promise<void> {
    const { db, directory, log, people } = this.#options;
    const rooms = [...this.#changed];
    this.#changed.clear();
    try {
      for (const n of rooms) {
        const live = directory.byKey(n);
        const away = [...people.all()].filter(({ connections }) =>
          connections.some(({ ownLine, subscriptions }) => ownLine && (live === undefined || !subscriptions.has(live))),
        );
        if (away.length === 0) continue;
        const members = await membersAmong(db, { room: n, users: away.map((person) => person.n) });
        const room = await this.#id(n);
        if (room === undefined) continue;
        for (const person of away) if (members.has(person.n)) this.#say(person, { type: "room", room });
      }
    } catch (error) {
      log.warn("lines_not_told", { error });
    }
  }

  /** Now where the room's id is known, otherwise in the order asked. */
  #withId(n: number, then: (room: string) => void): void {
    const known = this.#options.directory.byKey(n)?.id ?? this.#ids.get(n);
    if (known !== undefined) return then(known);
    const failed = (error: unknown): void => this.#options.log.warn("lines_not_told", { error });
    this.#id(n).then((room) => (room === undefined ? undefined : then(room)), failed);
  }

  async #id(n: number): Promise<string | undefined> {
    const room = this.#options.directory.byKey(n)?.id ?? this.#ids.get(n) ?? (await roomIdOf(this.#options.db, n));
    if (room !== undefined) this.#ids.set(n, room);
    return room;
  }
}

function isListening({ connections }: Person): boolean {
  return connections.some(({ ownLine }) => ownLine);
}

function typeOf({ kind }: MembershipFact): Exclude<LineNews["type"], "read"> | undefined {
  switch (kind) {
    case "joined":
    case "invited":
      return kind;
    case "left":
    case "removed":
    case "banned":
      return "left";
    case "muted":
    case "role":
      return "room";
    case "unbanned":
      return undefined;
  }
}
