/**
 * Who is here at all, by whatever room and node: each node tells the others of its people as it does of those in a room,
 * once a second the differences. Who is invisible is told to nobody.
 */

import type { Clock } from "../lib/clock.ts";
import { Elsewhere, type Announcement, type PresentConnection } from "./elsewhere.ts";
import { Leases } from "./leases.ts";
import { isShown, type People, type Person } from "./people.ts";
import { leave_grace_ms } from "./presence.ts";

const sweep_ms = 1_000;

export interface OnlineOptions {
  readonly clock: Clock;
  readonly people: People;
  /** Tells other nodes; undefined where there are none. */
  readonly announce: ((announcement: Announcement) => void) | undefined;
  /** A person's last connection has been gone for a while. */
  readonly left: (person: Person) => void;
}

/** The room that everybody is in, as far as leases go. */
interface Everybody {
  readonly people: { readonly size: number };
}

export class Online {
  readonly #options: OnlineOptions;
  readonly #elsewhere = new Elsewhere();
  readonly #everybody: Everybody;
  readonly #leases: Leases<Everybody> | undefined;
  /** Who may come back in a moment, and when they will have gone. */
  readonly #lost = new Map<string, { readonly person: Person; readonly due_ms: number }>();

  constructor(options: OnlineOptions) {
    this.#options = options;
    const { announce, clock, people } = options;
    this.#everybody = { people };
    this.#leases =
      announce === undefined
        ? undefined
        : new Leases({ clock, own: () => this.#own(), announce: (_, announcement) => announce(announcement) });
    clock.every(sweep_ms, () => this.#sweep());
  }

  /** A person's first connection has come, or their last one has gone. */
  moved(person: Person): void {
    if (person.connections.length > 0) this.#lost.delete(person.id);
    else this.#lost.set(person.id, { person, due_ms: this.#options.clock.monotonic() + leave_grace_ms });
    this.#leases?.changed(this.#everybody);
  }

  /** A person is shown from now on, or is not. */
  changed(): void {
    this.#leases?.changed(this.#everybody);
  }

  /** Whether others may know that somebody is here. */
  has(id: string): boolean {
    const person = this.#lost.get(id)?.person ?? this.#options.people.find(id);
    const isHere = person !== undefined && (person.connections.length > 0 || this.#lost.has(id));
    return (isHere && isShown(person)) || this.#elsewhere.has(id);
  }

  /** Another node tells who is there; true when something before it was lost. */
  heard(run: string, announcement: Announcement): boolean {
    return this.#elsewhere.heard(run, announcement).gap;
  }

  /** Another node wants to know all. */
  asked(): void {
    this.#leases?.asked(this.#everybody);
  }

  /** Another node is gone. */
  dropped(run: string): void {
    this.#elsewhere.drop(run);
  }

  /** Everybody who is waited for has gone. */
  flush(): void {
    for (const { person } of this.#lost.values()) this.#options.left(person);
    this.#lost.clear();
  }

  #own(): PresentConnection[] {
    const own: PresentConnection[] = [];
    for (const person of this.#options.people.all())
      if (isShown(person)) own.push({ user: person.id, client: person.id, connInfo: undefined });
    for (const [id, { person }] of this.#lost)
      if (isShown(person)) own.push({ user: id, client: id, connInfo: undefined });
    return own;
  }

  #sweep(): void {
    const now_ms = this.#options.clock.monotonic();
    for (const [id, { person, due_ms }] of this.#lost) {
      // In the order of their going.
      if (due_ms > now_ms) break;
      this.#lost.delete(id);
      this.#leases?.changed(this.#everybody);
      this.#options.left(person);
    }
  }
}
