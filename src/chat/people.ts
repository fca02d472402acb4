/** Who is connected: persons, their connections, and what is known of their places in rooms while they are here. */

import type { CloseName } from "../protocol/close.ts";
import type { Status } from "../protocol/passing.ts";
import type { Scope, ServerRole } from "../protocol/roles.ts";
import type { MemberRow } from "../store/rooms.ts";
import { Lru } from "../lib/lru.ts";
import { SmallMap } from "../lib/small-map.ts";
import type { LiveRoom } from "./live-room.ts";

/** A person's place in a room, as the commits of this node last left it. */
export type Membership = MemberRow;

/** What a person has chosen to be shown as, on all devices. */
export interface PersonStatus {
  readonly status: Status;
  readonly text: string;
}

export interface Person {
  /** `users.n`, the key of rows. */
  readonly n: number;
  /** `users.id`, the name on the wire. */
  readonly id: string;
  name: string;
  role: ServerRole;
  shown: PersonStatus;
  readonly connections: Recipient[];
  /** By the room's key; only places that were looked up or changed while the person is here. */
  readonly memberships: SmallMap<number, Membership>;
  /** Rises with each change of one of their places: what was read before it may be older. */
  placesVersion: number;
}

/** What a connection has of a room: `live` on its topic, or still catching up. Of each kind there is one object. */
export interface Subscription {
  readonly live: boolean;
  /** Made by the server (`{rooms: true}`, a grant) and not by a `subscribe` of the client. */
  readonly server: boolean;
  readonly joinLeave: boolean;
}

const subscriptionKinds: readonly Subscription[] = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
  Object.freeze({ live: (bits & 1) > 0, server: (bits & 2) > 0, joinLeave: (bits & 4) > 0 }),
);

/** The object of a kind: there are thousands of subscriptions and eight kinds. */
export function subscriptionOf(kind: Subscription): Subscription {
  const bits = (kind.live ? 1 : 0) + (kind.server ? 2 : 0) + (kind.joinLeave ? 4 : 0);
  return subscriptionKinds[bits] as Subscription;
}

/** One connection, as the chat sees it. Everything here is synchronous. */
export interface Recipient {
  /** The id of the connection that presence shows. */
  readonly client: string;
  readonly person: Person;
  /** JSON text of the token's `info` claim, shown in presence. */
  readonly connInfo: string | undefined;
  /** Channels that the host's token lets this connection subscribe to. */
  readonly grants: ReadonlySet<string>;
  /** The sign-in that it came by, where it is one that can be revoked here (a guest's); a host revokes its own. */
  readonly session: string | undefined;
  /** What the key that it signed in with may be used for; undefined for a person's own sign-in. */
  readonly scopes: ReadonlySet<Scope> | undefined;
  /** Where it comes from; limits on strangers go by it. */
  readonly address: string;
  /** The socket is open and signed in. */
  readonly connected: boolean;
  /** It is on its person's own line. */
  ownLine: boolean;
  /** It asked to be subscribed to the person's rooms, those of tomorrow included. */
  readonly wantsRooms: boolean;
  readonly subscriptions: SmallMap<LiveRoom, Subscription>;
  /** Sends lines as frames of their own, now. */
  send(lines: readonly string[]): void;
  /** Sends a page of a catch-up, now, and asks for a sign that it has arrived. */
  sendPage(lines: readonly string[]): void;
  /** Sends a line with the others of this turn. */
  push(line: string): void;
  /** Bytes that the socket has not taken yet. */
  buffered(): number;
  /** Bytes of pages that have not been shown to have arrived: the kernel takes megabytes that a slow link has not. */
  underway(): number;
  join(topic: string): void;
  leave(topic: string): void;
  close(name: CloseName): void;
}

type PersonRow = Pick<Person, "n" | "id" | "name" | "role"> & {
  readonly status: Status;
  readonly status_text: string;
};

/** Whether others may know that the person is here. */
export function isShown({ shown }: Person): boolean {
  return shown.status !== "invisible";
}

/** What an administrator has made of a person. */
export interface PersonChange {
  readonly id: string;
  readonly role: ServerRole;
  /** Not let in any more. */
  readonly disabled: boolean;
}

const ended_remembered_max = 10_000;
/** Persons without a connection whose places in rooms are kept right for a while. */
const gone_max = 10_000;

/** The persons who are connected. */
export class People {
  readonly #byId = new Map<string, Person>();
  /** Sign-ins that ended lately: one of them may be on its way in. */
  readonly #ended = new Lru<string, true>(ended_remembered_max);
  /** What people were changed to lately: rows that were read before are older. */
  readonly #changed = new Lru<string, PersonChange>(ended_remembered_max);
  readonly #statuses = new Lru<string, PersonStatus>(ended_remembered_max);
  /** Who has just gone, and nearly always comes back: the same person then, with what is known of their rooms. */
  readonly #gone = new Lru<string, Person>(gone_max);
  readonly #keepsGone: boolean;
  readonly #moved: (person: Person) => void;
  readonly #rewritten: (id: string) => void;

  /**
   * `shared`: other nodes write to the database, so that nothing keeps right what is known of who is not here. `moved` is
   * told of who has their first connection, or has lost the last one; `rewritten` of whose row is another one now.
   */
  constructor(options: {
    shared: boolean;
    moved?: (person: Person) => void;
    rewritten?: ((id: string) => void) | undefined;
  }) {
    this.#keepsGone = !options.shared;
    this.#moved = options.moved ?? (() => {});
    this.#rewritten = options.rewritten ?? (() => {});
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Who is connected, in the order of their coming. */
  all(): Iterable<Person> {
    return this.#byId.values();
  }

  /** A person is shown so from now on: rows that were read before are older. */
  showAs(id: string, status: PersonStatus): void {
    this.#statuses.set(id, status);
    this.#rewritten(id);
  }

  find(id: string): Person | undefined {
    return this.#byId.get(id) ?? this.#gone.get(id);
  }

  /** The person of a row; the same object for all of a person's connections. */
  of(row: PersonRow): Person {
    const known = this.find(row.id);
    const role = this.#changed.get(row.id)?.role ?? row.role;
    if (known !== undefined) {
      known.name = row.name;
      known.role = role;
      return known;
    }
    return {
      n: row.n,
      id: row.id,
      name: row.name,
      role,
      shown: this.#statuses.get(row.id) ?? { status: row.status, text: row.status_text },
      connections: [],
      memberships: new SmallMap(),
      placesVersion: 0,
    };
  }

  /**
   * The person of a row who asks without a connection: kept for a while too, with what is known of their rooms. The row may
   * be remembered; who is connected as well has heard of a new name since.
   */
  visit(row: PersonRow): Person {
    const { name = row.name } = this.#byId.get(row.id) ?? {};
    const person = this.of({ ...row, name });
    if (this.#keepsGone && !this.#byId.has(person.id)) this.#gone.set(person.id, person);
    return person;
  }

  /** A connection has signed in. From now on commits keep the person's memberships right. */
  enter(recipient: Recipient): void {
    const { person } = recipient;
    this.#byId.set(person.id, person);
    this.#gone.delete(person.id);
    person.connections.push(recipient);
    if (recipient.session !== undefined && this.#ended.get(recipient.session)) recipient.close("revoked");
    if (this.#changed.get(person.id)?.disabled === true) recipient.close("revoked");
    if (person.connections.length === 1) this.#moved(person);
  }

  exit(recipient: Recipient): void {
    const { person } = recipient;
    const at = person.connections.indexOf(recipient);
    if (at >= 0) person.connections.splice(at, 1);
    if (person.connections.length > 0 || this.#byId.get(person.id) !== person) return;
    this.#byId.delete(person.id);
    if (this.#keepsGone) this.#gone.set(person.id, person);
    this.#moved(person);
  }

  /** Closes the connections that a sign-in was used for. Returns how many there were. */
  endSession(id: string, session: string): number {
    this.#ended.set(session, true);
    const ended = [...(this.#byId.get(id)?.connections ?? [])].filter((connection) => connection.session === session);
    for (const connection of ended) connection.close("revoked");
    return ended.length;
  }

  /** Whether a sign-in has just ended, or its person is not let in any more. */
  isEnded(id: string, session: string | undefined): boolean {
    return (session !== undefined && this.#ended.get(session) === true) || this.#changed.get(id)?.disabled === true;
  }

  /** A person may do other things from now on, or is not let in: then every connection is closed. */
  change(change: PersonChange): void {
    this.#changed.set(change.id, change);
    this.#rewritten(change.id);
    const person = this.find(change.id);
    if (person !== undefined) person.role = change.role;
    if (change.disabled) this.disconnect(change.id, "revoked");
  }

  /** Closes every connection of a person: an account was disabled. Returns how many there were. */
  disconnect(id: string, name: CloseName): number {
    const connections = [...(this.#byId.get(id)?.connections ?? [])];
    for (const connection of connections) connection.close(name);
    return connections.length;
  }
}
