import { publicationText } from "../../src/protocol/events.ts";
import type { Draft, Outcome } from "../../src/store/draft.ts";

/** A person's stay in a room: from the seq of their joining to that of their leaving, with when these were committed. */
interface Stay {
  readonly joined: number;
  readonly joined_ms: number;
  left: number | undefined;
  left_ms: number;
}

/** What a room's log must be: written down as the transactions commit, beside the database and not from it. */
export class RoomLog {
  readonly n: number;
  readonly id: string;
  readonly isOpen: boolean;
  readonly showsAll: boolean;
  /** The publication of each event; that of seq 1 comes first. */
  readonly texts: string[] = [];
  /** Somebody was told that it exists; of others nobody has to know before they connect again. */
  isKnown = false;
  #time = 0;
  readonly #stays = new Map<string, Stay[]>();

  constructor(n: number, room: { id: string; kind: string; history: string }) {
    this.n = n;
    this.id = room.id;
    this.isOpen = room.kind === "open";
    this.showsAll = room.history === "all";
  }

  know(): void {
    this.isKnown = true;
  }

  get top(): number {
    return this.texts.length;
  }

  /** Notes a committed draft; returns what is wrong with what the database made of it. */
  add(draft: Draft, outcome: Outcome, now_ms: number): string | undefined {
    const { seq, time } = outcome;
    if (seq !== this.top + 1) return `the log of ${this.id} went from seq ${this.top} to ${seq}`;
    if (time < this.#time) return `the time of ${this.id} went back at seq ${seq}`;
    this.#time = time;
    if (draft.kind === "message" && !this.isOpen && !this.isMember(draft.by))
      return `${draft.by} wrote at ${seq} of ${this.id} and is no member`;
    const kind = draft.kind === "created" ? "joined" : draft.kind;
    const id = draft.kind === "message" ? draft.id : "";
    this.texts.push(publicationText({ seq, kind, id, sender: draft.by, time, data: draft.data }));
    const about = draft.kind === "joined" || draft.kind === "left" ? draft.about : draft.by;
    const stays = this.#stays.get(about) ?? [];
    if (kind === "joined") {
      stays.push({ joined: seq, joined_ms: now_ms, left: undefined, left_ms: 0 });
      this.#stays.set(about, stays);
    } else if (kind === "left") {
      const stay = stays.at(-1);
      if (stay === undefined || stay.left !== undefined) return `${about} left ${this.id} twice`;
      stay.left = seq;
      stay.left_ms = now_ms;
    }
    return undefined;
  }

  isMember(user: string): boolean {
    const stay = this.#stays.get(user)?.at(-1);
    return stay !== undefined && stay.left === undefined;
  }

  /** When the person's place changed last. */
  changed_ms(user: string): number {
    const stay = this.#stays.get(user)?.at(-1);
    return stay === undefined ? 0 : Math.max(stay.joined_ms, stay.left_ms);
  }

  /** Whether the server might send this person this event at this time, by what was committed by then. */
  mayRead(user: string, seq: number, at_ms: number): boolean {
    if (this.isOpen) return true;
    const stays = (this.#stays.get(user) ?? []).filter((stay) => stay.joined_ms <= at_ms);
    const last = stays.at(-1);
    if (last === undefined) return false;
    const end = last.left !== undefined && last.left_ms <= at_ms ? last.left : Number.POSITIVE_INFINITY;
    if (seq > end) return false;
    return this.showsAll || stays.some((stay) => seq >= stay.joined && seq <= (stay.left ?? seq));
  }

  /** Where history begins anew with each joining, a reader who comes back goes on at that joining. */
  maySkipTo(user: string, seq: number): boolean {
    return !this.showsAll && (this.#stays.get(user) ?? []).some((stay) => stay.joined === seq);
  }
}
