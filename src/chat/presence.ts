/**
 * Who is here, in a room. A person is news when their first connection comes and when their last one has been gone for
 * a while, so that a reconnect is none. News is gathered and goes out together; in a big room only the counts move.
 */

import type { Clock } from "../lib/clock.ts";
import { joinLines, presencePush } from "../protocol/frames.ts";
import { push_frame_bytes_max } from "../protocol/limits.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Person, Recipient } from "./people.ts";

/** A lost connection has this long to come back before its person has left. */
export const leave_grace_ms = 5_000;
/** How often news goes out. */
export const news_period_ms = 1_000;
/** Above this many persons a room shows counts only. */
export const listed_people_max = 500;

interface News {
  readonly room: LiveRoom;
  readonly person: Person;
  readonly client: string;
  readonly connInfo: string | undefined;
  readonly kind: "join" | "leave";
  /** Of a leave: the join before it went out. */
  readonly known: boolean;
  readonly due_ms: number;
}

export interface PresentConnection {
  readonly user: string;
  readonly client: string;
  readonly connInfo: string | undefined;
}

export class Presence {
  readonly #clock: Clock;
  readonly #deliver: (topic: string, frame: string) => void;
  /** What is to be told, by room and person. */
  readonly #news = new Map<LiveRoom, Map<Person, News>>();

  constructor(options: { clock: Clock; deliver: (topic: string, frame: string) => void }) {
    this.#clock = options.clock;
    this.#deliver = options.deliver;
    options.clock.every(news_period_ms, () => this.#tell());
  }

  enter(room: LiveRoom, recipient: Recipient): void {
    const { person } = recipient;
    const connections = room.people.get(person) ?? 0;
    room.people.set(person, connections + 1);
    if (connections > 0) return;
    const waiting = this.#news.get(room)?.get(person);
    // Back within the grace: nobody was told that they had gone.
    if (waiting?.kind === "leave" && waiting.known) this.#drop(room, person);
    else this.#add({ room, recipient, kind: "join", known: false, delay_ms: 0 });
  }

  /** `lost`: the connection broke and may come back; otherwise its person meant to go. */
  exit(room: LiveRoom, recipient: Recipient, lost: boolean): void {
    const { person } = recipient;
    const connections = (room.people.get(person) ?? 0) - 1;
    if (connections > 0) {
      room.people.set(person, connections);
      return;
    }
    // Who may come back is listed until their leave is told: who asks meanwhile would not hear of the return.
    if (lost) room.people.set(person, 0);
    else room.people.delete(person);
    const known = this.#news.get(room)?.get(person)?.kind !== "join";
    this.#add({ room, recipient, kind: "leave", known, delay_ms: lost ? leave_grace_ms : 0 });
  }

  /** The connections that are in a room, or undefined where it is too big to list. */
  connections(room: LiveRoom): PresentConnection[] | undefined {
    if (room.people.size > listed_people_max) return undefined;
    const present: PresentConnection[] = [];
    for (const [person, connections] of room.people) {
      const gone = connections === 0 ? this.#news.get(room)?.get(person) : undefined;
      if (gone !== undefined) present.push({ user: person.id, client: gone.client, connInfo: gone.connInfo });
      for (const { subscriptions, client, connInfo } of person.connections) {
        if (subscriptions.has(room)) present.push({ user: person.id, client, connInfo });
      }
    }
    return present;
  }

  counts(room: LiveRoom): { clients: number; users: number } {
    let clients = 0;
    for (const connections of room.people.values()) clients += connections;
    return { clients, users: room.people.size };
  }

  #add(what: { room: LiveRoom; recipient: Recipient; kind: News["kind"]; known: boolean; delay_ms: number }): void {
    const { room, recipient, kind, known, delay_ms } = what;
    const { person, client, connInfo } = recipient;
    const due_ms = this.#clock.monotonic() + delay_ms;
    const news = this.#news.get(room) ?? new Map<Person, News>();
    this.#news.set(room, news.set(person, { room, person, client, connInfo, kind, known, due_ms }));
  }

  #drop(room: LiveRoom, person: Person): void {
    const news = this.#news.get(room);
    news?.delete(person);
    if (news?.size === 0) this.#news.delete(room);
  }

  #tell(): void {
    const now_ms = this.#clock.monotonic();
    for (const [room, news] of this.#news) {
      const lines: string[] = [];
      for (const [person, { kind, client, connInfo, due_ms }] of news) {
        if (due_ms > now_ms) continue;
        news.delete(person);
        if (kind === "leave" && room.people.get(person) === 0) room.people.delete(person);
        lines.push(presencePush(kind, room.id, { user: person.id, client, connInfo }));
      }
      if (news.size === 0) this.#news.delete(room);
      if (room.people.size > listed_people_max) continue;
      for (const frame of joinLines(lines, push_frame_bytes_max)) this.#deliver(room.presenceTopic, frame);
    }
  }
}
