/**
 * Who is here, in a room, by this node or by another. A person is news when their first connection comes and when their
 * last one has been gone for a while, so that a reconnect is none, wherever it goes. News is gathered and goes out
 * together; in a big room only the counts move.
 */

import type { Clock } from "../lib/clock.ts";
import { joinLines, presencePush } from "../protocol/frames.ts";
import { push_frame_bytes_max } from "../protocol/limits.ts";
import { Elsewhere, type Announcement, type Counts, type Movement, type PresentConnection } from "./elsewhere.ts";
import type { LiveRoom } from "./live-room.ts";
import { isShown, type People, type Person, type Recipient } from "./people.ts";

/** A lost connection has this long to come back before its person has left. */
export const leave_grace_ms = 5_000;
/** How often news goes out. */
export const news_period_ms = 1_000;
/** Above this many persons a room shows counts only. */
export const listed_people_max = 500;

interface News {
  readonly who: PresentConnection;
  readonly kind: "join" | "leave";
  /** Of a leave: the join before it went out. */
  readonly known: boolean;
  /** Of a leave: they were here by another node. */
  readonly elsewhere: boolean;
  readonly due_ms: number;
}

export interface PresenceOptions {
  readonly clock: Clock;
  readonly people: People;
  readonly deliver: (topic: string, frame: string) => void;
  /** Connections of this node came to a room or went; told where other nodes want to know. */
  readonly changed?: ((room: LiveRoom) => void) | undefined;
}

export class Presence {
  readonly #options: PresenceOptions;
  /** What is to be told, by room and user. */
  readonly #news = new Map<LiveRoom, Map<string, News>>();

  /** Who is listed without a connection, by room and user, until their leave is told: `People` may have forgotten them. */
  readonly #lost = new Map<LiveRoom, Map<string, Person>>();

  constructor(options: PresenceOptions) {
    this.#options = options;
    options.clock.every(news_period_ms, () => this.#tell());
  }

  enter(room: LiveRoom, recipient: Recipient): void {
    const { person } = recipient;
    const connections = room.people.get(person) ?? 0;
    room.people.set(person, connections + 1);
    this.#forgetLost(room, person.id);
    this.#options.changed?.(room);
    if (connections === 0 && isShown(person) && !isElsewhere(room, person.id)) this.#arrived(room, shown(recipient));
  }

  /** A person who is in the room becomes invisible: as far as others know they go. Called while they are shown. */
  hide(room: LiveRoom, person: Person): void {
    const recipient = person.connections.find(({ subscriptions }) => subscriptions.has(room));
    this.#options.changed?.(room);
    if (recipient !== undefined && !isElsewhere(room, person.id))
      this.#left(room, { who: shown(recipient), delay_ms: 0, elsewhere: false });
  }

  /** A person who is in the room is visible again. */
  show(room: LiveRoom, person: Person): void {
    const recipient = person.connections.find(({ subscriptions }) => subscriptions.has(room));
    this.#options.changed?.(room);
    if (recipient !== undefined && !isElsewhere(room, person.id)) this.#arrived(room, shown(recipient));
  }

  /** `lost`: the connection broke and may come back; otherwise its person meant to go. */
  exit(room: LiveRoom, recipient: Recipient, lost: boolean): void {
    const { person } = recipient;
    const connections = (room.people.get(person) ?? 0) - 1;
    this.#options.changed?.(room);
    if (connections > 0) {
      room.people.set(person, connections);
      return;
    }
    const isHere = isElsewhere(room, person.id);
    // Who may come back is listed until their leave is told: who asks meanwhile would not hear of the return.
    if (lost && !isHere && isShown(person)) this.#keepLost(room, person);
    else room.people.delete(person);
    const delay_ms = lost ? leave_grace_ms : 0;
    if (!isHere && isShown(person)) this.#left(room, { who: shown(recipient), delay_ms, elsewhere: false });
  }

  /** Another node tells who is in the room there; true when something before it was lost. */
  heard(room: LiveRoom, run: string, announcement: Announcement): boolean {
    room.elsewhere ??= new Elsewhere();
    const movement = room.elsewhere.heard(run, announcement);
    // Whoever left there may be on the way to here.
    this.#moved(room, movement, leave_grace_ms);
    return movement.gap;
  }

  /** Another node is gone, and all who were here by it; after a long silence nobody has to be waited for. */
  dropped(room: LiveRoom, run: string, after: "bye" | "silence"): void {
    const delay_ms = after === "bye" ? leave_grace_ms : 0;
    if (room.elsewhere !== undefined) this.#moved(room, room.elsewhere.drop(run), delay_ms);
  }

  #moved(room: LiveRoom, { came, went }: Movement, delay_ms: number): void {
    for (const who of came) if (this.#own(room, who.user) === 0) this.#arrived(room, who);
    for (const who of went) {
      if (this.#own(room, who.user) > 0) continue;
      this.#left(room, { who, delay_ms: this.#isHidden(who.user) ? 0 : delay_ms, elsewhere: true });
    }
  }

  /** Connections of a user to this node that are in the room, as far as others may know. */
  #own(room: LiveRoom, user: string): number {
    const person = this.#options.people.find(user);
    return person === undefined || !isShown(person) ? 0 : (room.people.get(person) ?? 0);
  }

  #isHidden(user: string): boolean {
    const person = this.#options.people.find(user);
    return person !== undefined && !isShown(person);
  }

  /** The connections that are in a room, or undefined where it is too big to list. */
  connections(room: LiveRoom): PresentConnection[] | undefined {
    if (this.#isCrowd(room) || room.elsewhere?.isCounted === true) return undefined;
    const gone: PresentConnection[] = [];
    for (const { who, kind } of this.#news.get(room)?.values() ?? [])
      if (kind === "leave" && !this.#isHidden(who.user)) gone.push(who);
    return [...ownConnections(room), ...(room.elsewhere?.connections() ?? []), ...gone];
  }

  /** The users who are in a room by other nodes only. */
  usersElsewhere(room: LiveRoom): string[] {
    if (room.elsewhere === undefined) return [];
    const users = [...room.elsewhere.users()].filter((user) => this.#own(room, user) === 0);
    for (const [user, { kind, elsewhere }] of this.#news.get(room) ?? [])
      if (kind === "leave" && elsewhere && !this.#isHidden(user)) users.push(user);
    return users;
  }

  counts(room: LiveRoom): Counts {
    const { clients, users } = ownCounts(room);
    const { elsewhere } = room;
    if (elsewhere === undefined) return { clients, users };
    const others = elsewhere.counts;
    return { clients: clients + others.clients, users: users + others.users + this.usersElsewhere(room).length };
  }

  /** Too many persons to be listed. Nobody is counted beyond that. */
  #isCrowd(room: LiveRoom): boolean {
    const { elsewhere, people } = room;
    if (elsewhere !== undefined) return this.counts(room).users > listed_people_max;
    if (people.size <= listed_people_max) return false;
    let users = 0;
    for (const person of people.keys()) if (isShown(person) && ++users > listed_people_max) return true;
    return false;
  }

  #arrived(room: LiveRoom, who: PresentConnection): void {
    const news = this.#news.get(room);
    const waiting = news?.get(who.user);
    this.#forgetLost(room, who.user);
    // Back within the grace: nobody was told that they had gone.
    if (waiting?.kind !== "leave" || !waiting.known)
      return this.#add(room, { who, kind: "join", known: false, elsewhere: false, due_ms: 0 });
    news?.delete(who.user);
    if (news?.size === 0) this.#news.delete(room);
  }

  #left(room: LiveRoom, gone: { who: PresentConnection; delay_ms: number; elsewhere: boolean }): void {
    const { who, delay_ms, elsewhere } = gone;
    const known = this.#news.get(room)?.get(who.user)?.kind !== "join";
    const due_ms = this.#options.clock.monotonic() + delay_ms;
    this.#add(room, { who, kind: "leave", known, elsewhere, due_ms });
  }

  #add(room: LiveRoom, one: News): void {
    const news = this.#news.get(room) ?? new Map<string, News>();
    this.#news.set(room, news.set(one.who.user, one));
  }

  #keepLost(room: LiveRoom, person: Person): void {
    room.people.set(person, 0);
    const lost = this.#lost.get(room) ?? new Map<string, Person>();
    this.#lost.set(room, lost.set(person.id, person));
  }

  /** Who was lost here is listed no longer for that: they are back, or their leave is told. */
  #forgetLost(room: LiveRoom, user: string): void {
    const lost = this.#lost.get(room);
    const person = lost?.get(user);
    if (lost === undefined || person === undefined) return;
    lost.delete(user);
    if (lost.size === 0) this.#lost.delete(room);
    // Back already with a connection, it may be the same object.
    if (room.people.get(person) === 0) room.people.delete(person);
  }

  #tell(): void {
    const { clock, deliver } = this.#options;
    const now_ms = clock.monotonic();
    for (const [room, news] of this.#news) {
      const told: News[] = [];
      for (const [user, one] of news) {
        const { kind, due_ms } = one;
        if (due_ms > now_ms) continue;
        news.delete(user);
        if (kind === "leave") this.#forgetLost(room, user);
        told.push(one);
      }
      if (news.size === 0) this.#news.delete(room);
      if (told.length === 0 || this.#isCrowd(room)) continue;
      const lines = told.map(({ kind, who }) => presencePush(kind, room.id, who));
      for (const frame of joinLines(lines, push_frame_bytes_max)) deliver(room.topic, frame);
    }
  }
}

function isElsewhere(room: LiveRoom, user: string): boolean {
  return room.elsewhere?.has(user) === true;
}

function shown({ person, client, connInfo }: Recipient): PresentConnection {
  return { user: person.id, client, connInfo };
}

function ownCounts(room: LiveRoom): Counts {
  let clients = 0;
  let users = 0;
  for (const [person, connections] of room.people) {
    if (!isShown(person)) continue;
    clients += connections;
    users++;
  }
  return { clients, users };
}

function* ownConnections(room: LiveRoom): Generator<PresentConnection> {
  for (const person of room.people.keys()) {
    if (!isShown(person)) continue;
    for (const recipient of person.connections) if (recipient.subscriptions.has(room)) yield shown(recipient);
  }
}

/** What this node tells others of itself: its connections, or how many they are. */
export function ownPresence(room: LiveRoom): readonly PresentConnection[] | Counts {
  return room.people.size > listed_people_max ? ownCounts(room) : [...ownConnections(room)];
}
