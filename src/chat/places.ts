/**
 * Makes what the log states true here, in the turn in which it is published: who gets a room and who no longer does, and
 * what the room is. What other nodes have changed comes by the log too, or, where this node does not follow the room, by
 * the news.
 */

import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import type { RoomChangeKind } from "../protocol/events.ts";
import { visibleFrom } from "../store/commit-rules.ts";
import type { RoomRow } from "../store/rooms.ts";
import type { Change, Outbox } from "./outbox.ts";
import { isMembership, type MembershipFact, type RoomFact } from "./facts.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Membership, People, Person } from "./people.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** When a place that could not be read is looked at again. */
const retry_ms = 500;

export interface PlacesOptions {
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly outbox: Outbox;
  readonly people: People;
  /** Other nodes write to the same database. */
  readonly shared: boolean;
  readonly subscriptions: Subscriptions;
  /** Somebody's place has changed, here or elsewhere: their own line tells them. */
  readonly placed?: (person: Person, n: number, fact: MembershipFact) => void;
  /** A room has changed, here or elsewhere. */
  readonly changed?: (n: number) => void;
}

/** A place that another node has changed. */
export interface ElsewherePlace {
  readonly user: string;
  readonly n: number;
  readonly id: string;
  readonly seq: number;
  /** It has no event of its own. */
  readonly silent: boolean;
}

const nothing: Membership = { role: "member", state: "left", visible_from: 1, muted_until: 0, banned_until: 0 };

export class Places {
  readonly #options: PlacesOptions;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** The outbox calls this right behind the event. */
  apply(change: Change): void {
    const { fact } = change;
    if (fact.kind === "deleted") return;
    if (isMembership(fact)) this.#place(change, fact);
    else this.#room(change, fact);
  }

  #place(change: Change, fact: MembershipFact): void {
    const { n, room, seq, silent } = change;
    const { people, placed } = this.#options;
    const person = people.find(fact.user);
    if (person === undefined) return;
    person.placesVersion++;
    // The room was opened from behind the event, which goes by no more: then what the database says counts.
    if (!silent && room !== undefined && seq <= room.opened) {
      person.memberships.delete(n);
      if (isRemoval(fact)) this.#removed(person, room, fact.kind !== "left");
      return this.#look({ user: fact.user, n, id: room.id, seq, silent: true });
    }
    // Behind a hole that place in the log is not reached yet, and what is in it is older. Who goes is taken away too early
    // rather than too late.
    if (silent && room !== undefined && room.published < seq) {
      void this.#lookBehind({ user: fact.user, n, id: room.id, seq, silent });
      if (fact.kind === "joined") {
        person.memberships.delete(n);
        return;
      }
    }
    if (fact.kind === "joined") this.#joined(person, change, fact);
    else this.#changed(person, n, fact);
    if (room !== undefined && isRemoval(fact)) this.#removed(person, room, fact.kind !== "left");
    placed?.(person, n, fact);
  }

  #joined(person: Person, { n, room, seq, silent }: Change, fact: MembershipFact): void {
    // What another node has committed, or what nobody has open here, is looked up when it is needed; and where others write
    // too, or where a change of it is still being read, only the database knows what the room's setting was at the commit.
    const isKnown = room !== undefined && fact.here && !this.#options.shared && seq > room.unsettled;
    if (!isKnown) person.memberships.delete(n);
    else {
      const visible_from = visibleFrom({ history: room.history, first_seq: room.firstSeq }, { seq, silent });
      const muted_until = person.memberships.get(n)?.muted_until ?? 0;
      person.memberships.set(n, { ...nothing, role: fact.role, state: "joined", visible_from, muted_until });
    }
    if (room !== undefined) this.adopt(person, room);
    else void this.#bring(person, n);
  }

  /** Somebody was made a member of a room that nobody has open here: connections that want their rooms open it. */
  async #bring(person: Person, n: number): Promise<void> {
    const { directory } = this.#options;
    if (!person.connections.some((recipient) => recipient.wantsRooms)) return;
    try {
      const { id } = await directory.openByKey(n);
      const { room } = await directory.enter(person, id);
      if (person.memberships.get(n)?.state === "joined") this.adopt(person, room);
    } catch (error) {
      // Gone again, or the database does not answer. Where others write too, the news tells of it.
      const isGone = error instanceof ChatError;
      if (!isGone && !this.#options.shared) this.#options.clock.after(retry_ms, () => void this.#bring(person, n));
    }
  }

  /** A commit of this node may have changed somebody's place without an event to tell of it: the database knows. */
  doubt({ n, user }: { n: number; user: string }): void {
    const { directory, people } = this.#options;
    const person = people.find(user);
    if (person === undefined) return;
    const id = directory.byKey(n)?.id;
    if (id !== undefined) return this.#look({ user, n, id, seq: 0, silent: true });
    person.placesVersion++;
    person.memberships.delete(n);
  }

  /** What the database says counts once the log has gone by up to there. */
  async #lookBehind(change: ElsewherePlace): Promise<void> {
    await this.#options.outbox.catchUp(change.n, change.seq);
    this.#look(change);
  }

  /** What cannot be read is not known: then it is looked up when it is needed. */
  #look(change: ElsewherePlace): void {
    this.placeChanged(change).catch(() => {
      const person = this.#options.people.find(change.user);
      if (person === undefined) return;
      person.placesVersion++;
      person.memberships.delete(change.n);
      // The person's connections may be wrongly in the room, or out of it. Where others write too, the news tells of that.
      if (!this.#options.shared) this.#options.clock.after(retry_ms, () => this.#look(change));
    });
  }

  #changed(person: Person, n: number, fact: MembershipFact): void {
    const before = person.memberships.get(n);
    switch (fact.kind) {
      case "muted":
        if (before !== undefined) person.memberships.set(n, { ...before, muted_until: fact.until });
        return;
      case "role":
        if (before !== undefined) person.memberships.set(n, { ...before, role: fact.role });
        return;
      case "invited":
        person.memberships.set(n, { ...(before ?? nothing), role: "member", state: "invited" });
        return;
      case "banned":
        person.memberships.set(n, { ...nothing, state: "banned", banned_until: fact.until });
        return;
      default:
        person.memberships.set(n, { ...(before ?? nothing), state: "left" });
    }
  }

  #room({ n, room, seq }: Pick<Change, "n" | "room" | "seq">, fact: RoomFact): void {
    const { changed, directory, subscriptions } = this.#options;
    directory.forgetFacts(n);
    changed?.(n);
    if (fact.kind === "gone") {
      // They leave the room's list one by one.
      const present = [...(room?.people.keys() ?? [])];
      for (const person of present) {
        for (const recipient of person.connections.slice()) subscriptions.gone(recipient, room as LiveRoom);
      }
      return directory.remove(n);
    }
    // What was read when it was opened is as new.
    if (room === undefined || seq <= room.opened) return;
    if (fact.kind !== "changed") room.closed = fact.kind === "closed";
    else if (fact.set === undefined) void this.#reread(room);
    else Object.assign(room, known(fact.set));
  }

  /** Another node has changed a room. Where it was open here by then, its log says so at the right place. */
  roomChanged(n: number, { kind, seq }: { readonly kind: RoomChangeKind; readonly seq: number }): void {
    const { directory } = this.#options;
    const room = directory.byKey(n);
    if (room !== undefined && seq > room.opened) return;
    // What had gone by when the room was opened may have been said by a letter only: what was read is older then.
    if (room === undefined || kind === "gone") this.#room({ n, room, seq }, { kind, set: undefined });
    else void this.#reread(room);
  }

  /** The room was changed, and only the database knows to what. */
  async #reread(room: LiveRoom): Promise<void> {
    const { clock, directory } = this.#options;
    room.unsettled = Number.POSITIVE_INFINITY;
    try {
      const row = await directory.newestRow(room.id);
      Object.assign(room, known(row), { closed: row.closed_at !== null });
      // It may have been changed more than once up to there.
      room.unsettled = row.last_seq;
    } catch (error) {
      // Gone for good, or the database does not answer.
      const isWanted = !(error instanceof ChatError) && directory.byKey(room.n) === room;
      if (isWanted) clock.after(retry_ms, () => void this.#reread(room));
    }
  }

  /** Another node has changed a person's place, at `seq` of a room whose log may not pass by here. */
  async placeChanged(change: ElsewherePlace): Promise<void> {
    const { directory, outbox, people, placed } = this.#options;
    const person = people.find(change.user);
    if (person === undefined) return;
    if (directory.byKey(change.n) === undefined) await directory.opened();
    const live = directory.byKey(change.n);
    // What is behind the opening takes effect at its place in the log.
    if (!change.silent && live !== undefined && change.seq > live.opened) return;
    const member = await directory.reread(person, change);
    if (member === undefined) return;
    placed?.(person, change.n, factAsRead(person, member));
    if (member.state !== "joined") {
      // What was read may be newer than the change, and than what has gone out here: the log takes them out at its place.
      if (!change.silent) await outbox.catchUp(change.n);
      const room = directory.byKey(change.n);
      // As it is in this turn: who came back meanwhile, and of whom only the database knows the rest, stays.
      const state = person.memberships.get(change.n)?.state ?? "joined";
      if (room !== undefined && state !== "joined") this.#removed(person, room, state === "banned");
      return;
    }
    if (!person.connections.some((recipient) => recipient.wantsRooms)) return;
    // Behind the top of the room the place is read again: who went before it was open is not brought in.
    const room = await this.#entered(person, change.id);
    if (room === undefined) return;
    const from = person.memberships.get(change.n)?.visible_from ?? 1;
    if (from > room.published + 1) await outbox.catchUp(change.n, from - 1);
    // It was asked of the database twice: what a commit has told meanwhile is newer.
    const now = person.memberships.get(change.n);
    if (now?.state === "joined" && now.visible_from <= room.published + 1) this.adopt(person, room);
  }

  /** The room, where the person's place in it is known; undefined where it has gone in the meantime. */
  async #entered(person: Person, id: string): Promise<LiveRoom | undefined> {
    try {
      return (await this.#options.directory.enter(person, id)).room;
    } catch (error) {
      if (error instanceof ChatError) return undefined;
      throw error;
    }
  }

  /** Subscribes those connections of a person that want their rooms, from the next event on. */
  adopt(person: Person, room: LiveRoom): void {
    for (const recipient of person.connections.slice()) {
      if (recipient.wantsRooms) this.#options.subscriptions.add(recipient, room);
    }
  }

  #removed(person: Person, room: LiveRoom, revoked: boolean): void {
    for (const recipient of person.connections.slice()) {
      this.#options.subscriptions.remove(recipient, room, revoked ? "revoked" : "left");
    }
  }
}

function isRemoval({ kind }: MembershipFact): boolean {
  return kind === "left" || kind === "removed" || kind === "banned";
}

/** What a live room holds of its settings. */
function known(
  set: Partial<Pick<RoomRow, "name" | "history" | "post">>,
): Partial<Pick<LiveRoom, "name" | "history" | "post">> {
  const { name, history, post } = set;
  return {
    ...(name === undefined ? {} : { name }),
    ...(history === undefined ? {} : { history }),
    ...(post === undefined ? {} : { post }),
  };
}

function factAsRead(person: Person, member: Membership): MembershipFact {
  const kind =
    member.state === "joined" || member.state === "banned" || member.state === "invited" ? member.state : "left";
  return { kind, user: person.id, role: member.role, until: member.banned_until, here: false };
}
