/** What people are shown as: here or not, away, busy, not at all; and when they were last here. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { ShownStatus, Status } from "../protocol/passing.ts";
import type { Database } from "../store/orm.ts";
import { peopleCalled, setLastSeen, setStatus, statusesOf, type StatusRow } from "../store/people.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Online } from "./online.ts";
import type { Passing } from "./passing.ts";
import { isShown, type People, type Person, type PersonStatus } from "./people.ts";
import type { Caller } from "./policy.ts";
import type { Presence } from "./presence.ts";

const flush_ms = 2_000;
const seen_per_flush_max = 5_000;
const found_people_max = 20;
/** Rooms in which a change is told. */
const rooms_told_max = 100;

export interface StatusesOptions {
  readonly clock: Clock;
  readonly db: Database;
  /** Other nodes should look into the database. */
  readonly hint: () => void;
  readonly log: Log;
  readonly online: Online;
  readonly passing: Passing;
  readonly people: People;
  readonly presence: Presence;
}

export class Statuses {
  readonly #options: StatusesOptions;
  /** When people left whose row does not say so yet, by `users.n`. */
  readonly #seen = new Map<number, number>();
  #flushing: Promise<void> | undefined;

  constructor(options: StatusesOptions) {
    this.#options = options;
    options.clock.every(flush_ms, () => void this.flush());
  }

  async set({ person }: Caller, asked: CheckedInput<"status.set">): Promise<OutputOf<"status.set">> {
    const { clock, db, hint } = this.#options;
    const { status, text, hide_last_seen } = asked;
    await setStatus(db, { n: person.n, at: clock.now(), status, text, hide_last_seen });
    const [now] = await statusesOf(db.$client, { ids: [person.id], asker: person.n });
    if (now !== undefined) this.changed(person.id, { status: now.status, text: now.text });
    hint();
    return { status, text: now?.text ?? "", hide_last_seen: now?.last_seen_hidden ?? false };
  }

  async get({ person }: Caller, ids: readonly string[]): Promise<OutputOf<"status.get">> {
    const rows = await statusesOf(this.#options.db.$client, { ids, asker: person.n });
    return { people: rows.map((row) => (row.id === person.id ? this.#own(row) : this.#shown(row))) };
  }

  async find({ query }: CheckedInput<"user.find">): Promise<OutputOf<"user.find">> {
    return { users: await peopleCalled(this.#options.db.$client, { query, limit: found_people_max }) };
  }

  /** A person has chosen something, here or by another node. Takes effect for all of their connections at once. */
  changed(id: string, to: PersonStatus): void {
    const { online, people, presence } = this.#options;
    const person = people.find(id);
    people.showAs(id, to);
    if (person === undefined) return;
    const before = person.shown;
    if (before.status === to.status && before.text === to.text) return;
    const rooms = roomsOf(person);
    const hides = to.status === "invisible";
    if (hides && isShown(person)) for (const room of rooms) presence.hide(room, person);
    const appears = !hides && !isShown(person);
    person.shown = to;
    if (appears) for (const room of rooms) presence.show(room, person);
    if (hides || appears) online.changed();
    if (!hides) this.#tell(person, rooms);
  }

  /** A person's last connection has gone. Who is invisible was not here, as far as others know. */
  left(person: Person): void {
    if (!isShown(person)) return;
    this.#seen.delete(person.n);
    this.#seen.set(person.n, this.#options.clock.now());
  }

  /** Writes when people were last here. What fails is tried again. */
  flush(): Promise<void> {
    if (this.#seen.size === 0) return this.#flushing ?? Promise.resolve();
    this.#flushing ??= this.#write().finally(() => (this.#flushing = undefined));
    return this.#flushing;
  }

  async #write(): Promise<void> {
    const { db, log } = this.#options;
    const seen = [...this.#seen].slice(0, seen_per_flush_max);
    try {
      await setLastSeen(db, seen);
      for (const [n, at] of seen) if (this.#seen.get(n) === at) this.#seen.delete(n);
    } catch (error) {
      log.warn("last_seen_not_written", { error });
    }
  }

  #tell({ id, shown }: Person, rooms: readonly LiveRoom[]): void {
    const { passing } = this.#options;
    const { text } = shown;
    for (const room of rooms.slice(0, rooms_told_max))
      passing.status(room, { type: "status", room: room.id, user: id, status: nameOf(shown.status), text });
  }

  #own({ id: user, last_seen_at, status, text }: StatusRow): OutputOf<"status.get">["people"][number] {
    if (status === "invisible") return { user, status, text, last_seen: null };
    const isHere = this.#options.online.has(user);
    return { user, status: isHere ? nameOf(status) : "offline", text, last_seen: isHere ? null : last_seen_at };
  }

  #shown(row: StatusRow): OutputOf<"status.get">["people"][number] {
    const { id: user, last_seen_at, last_seen_hidden, status, text } = row;
    if (row.blocks || status === "invisible") return { user, status: "offline", text: "", last_seen: null };
    if (this.#options.online.has(user)) return { user, status: nameOf(status), text, last_seen: null };
    return { user, status: "offline", text, last_seen: last_seen_hidden ? null : last_seen_at };
  }
}

function nameOf(status: Status): ShownStatus {
  return status === "away" || status === "busy" ? status : "online";
}

/** The rooms that a person's connections to this node have. */
function roomsOf({ connections }: Person): LiveRoom[] {
  const rooms = new Set<LiveRoom>();
  for (const { subscriptions } of connections) for (const room of subscriptions.keys()) rooms.add(room);
  return [...rooms];
}
