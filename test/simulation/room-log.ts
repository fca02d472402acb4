import { assert } from "../../src/lib/assert.ts";
import { publicationText } from "../../src/protocol/events.ts";
import type { Draft, MembershipDraft, Outcome } from "../../src/store/draft.ts";

/** A person's stay in a room: what they may read of it, with when its ends were committed. */
interface Stay {
  readonly joined: number;
  readonly joined_ms: number;
  /** The first seq that this stay shows. */
  readonly from: number;
  left: number | undefined;
  left_ms: number;
}

/** Words that were taken away: until the server hears of it, it may still say them. */
interface Erased {
  readonly text: string;
  /** The seq of the deletion. */
  readonly by: number;
  published_ms: number;
}

/** What a room's log must be: written down as the transactions commit, beside the database and not from it. */
export class RoomLog {
  readonly n: number;
  readonly id: string;
  readonly isOpen: boolean;
  /** The publication of each event as it is now; that of seq 1 comes first. */
  readonly texts: string[] = [];
  /** Somebody was told that it exists; of others nobody has to know before they connect again. */
  isKnown = false;
  isGone = false;
  /** What those who join from now on may read. */
  #history: string;
  #isClosed = false;
  #time = 0;
  readonly #stays = new Map<string, Stay[]>();
  readonly #isPrivate: boolean;
  readonly #invited = new Set<string>();
  readonly #banned = new Set<string>();
  readonly #roles = new Map<string, string>();
  readonly #erased = new Map<number, Erased>();

  constructor(n: number, room: { id: string; kind: string; history: string }) {
    this.n = n;
    this.id = room.id;
    this.isOpen = room.kind === "open";
    this.#isPrivate = room.kind === "private";
    this.#history = room.history;
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
    if (this.isGone) return `${this.id} is gone and has a new event ${seq}`;
    this.#time = time;
    assert(draft.kind !== "marks", "marks are no events");
    const kind = draft.kind === "created" ? "joined" : draft.kind;
    const id = draft.kind === "message" ? draft.id : "";
    this.texts.push(publicationText({ seq, kind, id, sender: draft.by, time, data: draft.data }));
    switch (draft.kind) {
      case "message":
        if (this.#isClosed) return `${draft.by} wrote at ${seq} of ${this.id}, which is closed`;
        return this.isOpen || this.isMember(draft.by)
          ? undefined
          : `${draft.by} wrote at ${seq} of ${this.id} and is no member`;
      case "created":
        this.#roles.set(draft.by, "owner");
        return this.#come(draft.by, seq, now_ms);
      case "changed":
        this.#history = draft.set.history ?? this.#history;
        return this.#mayModerate(draft.by, "owner", seq);
      case "closed":
      case "reopened":
        this.#isClosed = draft.kind === "closed";
        return this.#mayModerate(draft.by, "owner", seq);
      case "gone":
        this.isGone = true;
        for (const stays of this.#stays.values()) end(stays, seq, now_ms);
        return this.#mayModerate(draft.by, "owner", seq);
      case "deleted":
        this.#erase(draft.target, seq);
        return undefined;
      default:
        return this.#place(draft, seq, now_ms);
    }
  }

  #place(draft: MembershipDraft, seq: number, now_ms: number): string | undefined {
    const { about, kind } = draft;
    // Whatever comes of it, an invitation ends with it.
    const isInvited = this.#invited.delete(about);
    if (kind === "invited") this.#invited.add(about);
    const stays = this.#stays.get(about);
    if (kind === "joined") {
      this.#roles.set(about, draft.role);
      if (this.#isPrivate && !isInvited) return `${about} joined ${this.id} at ${seq} without an invitation`;
      if (this.#banned.has(about)) return `${about} joined ${this.id} at ${seq} and is banned`;
      return this.#isClosed ? `${about} joined ${this.id} at ${seq}, which is closed` : this.#come(about, seq, now_ms);
    }
    const least = kind === "role" ? "owner" : kind === "invited" ? "member" : "moderator";
    const wrong = kind === "left" ? undefined : this.#mayModerate(draft.by, least, seq);
    if (kind === "role") this.#roles.set(about, draft.role);
    if (kind === "banned") this.#banned.add(about);
    if (kind === "unbanned") this.#banned.delete(about);
    if (kind === "left" && !this.isMember(about) && !isInvited) return `${about} left ${this.id} twice`;
    if (kind === "left" || kind === "removed" || kind === "banned") end(stays ?? [], seq, now_ms);
    return wrong;
  }

  #come(about: string, seq: number, now_ms: number): string | undefined {
    if (this.isMember(about)) return `${about} joined ${this.id} twice, again at ${seq}`;
    const stays = this.#stays.get(about) ?? [];
    const from = this.#history === "all" ? 1 : seq;
    stays.push({ joined: seq, joined_ms: now_ms, from, left: undefined, left_ms: 0 });
    this.#stays.set(about, stays);
    return undefined;
  }

  #mayModerate(by: string, least: string, seq: number): string | undefined {
    const role = this.#roles.get(by);
    // A room that has just gone has ended every stay, its maker's too.
    const isHere = this.isMember(by) || this.isGone;
    if (isHere && (least === "member" || role === "owner" || role === least)) return undefined;
    return `${by} (${isHere ? role : "no member"}) did at ${seq} of ${this.id} what is for a ${least}`;
  }

  #erase(target: number, by: number): void {
    const text = this.texts[target - 1];
    if (text === undefined) return;
    this.#erased.set(target, { text, by, published_ms: Number.POSITIVE_INFINITY });
    const [start, end] = [text.indexOf('"data":') + '"data":'.length, text.lastIndexOf(',"info":{"user":')];
    this.texts[target - 1] = `${text.slice(0, start)}null${text.slice(end)}`;
  }

  /** The server has published the event at this seq. */
  published(seq: number, now_ms: number): void {
    for (const erased of this.#erased.values()) if (erased.by === seq) erased.published_ms = now_ms;
  }

  /** Whether the event at a seq has this text; what was taken away may still be on its way from the database for a while. */
  isText(seq: number, text: string, at: { sent_ms: number; read_ms: number }): boolean {
    if (this.texts[seq - 1] === text) return true;
    const erased = this.#erased.get(seq);
    // Two readings, of a page and of its people's names, each with a way there and back.
    return erased?.text === text && at.sent_ms <= erased.published_ms + 4 * at.read_ms + 1;
  }

  /** The first seq that a member may read now; undefined for who is none. */
  viewOf(user: string): number | undefined {
    return this.isMember(user) ? this.#stays.get(user)?.at(-1)?.from : undefined;
  }

  /** Messages of others with words that a member may read now. */
  unreadAtMost(user: string): number {
    const from = this.viewOf(user) ?? this.top + 1;
    return this.texts.slice(from - 1).filter((text) => {
      return !text.includes('"kind":"') && !text.includes('"data":null') && !text.includes(`"info":{"user":"${user}"}`);
    }).length;
  }

  moderates(user: string): boolean {
    return this.isMember(user) && this.#roles.get(user) !== "member";
  }

  /** Whether this message has lost its words: then nobody can say which they were. */
  isErased(seq: number): boolean {
    return this.#erased.has(seq);
  }

  isMember(user: string): boolean {
    const stay = this.#stays.get(user)?.at(-1);
    return stay !== undefined && stay.left === undefined;
  }

  /** Whether the server might send this person this event at this time, by what was committed by then. */
  mayRead(user: string, seq: number, at_ms: number): boolean {
    if (this.isOpen) return true;
    return (this.#stays.get(user) ?? []).some(({ from, joined_ms, left, left_ms }) => {
      const end_seq = left !== undefined && left_ms <= at_ms ? left : Number.POSITIVE_INFINITY;
      return joined_ms <= at_ms && seq >= from && seq <= end_seq;
    });
  }

  /** Where history begins anew with each joining, a reader who comes back goes on at that joining. */
  maySkipTo(user: string, seq: number): boolean {
    return (this.#stays.get(user) ?? []).some(({ from }) => from === seq);
  }
}

function end(stays: readonly Stay[], seq: number, now_ms: number): void {
  const last = stays.at(-1);
  if (last === undefined || last.left !== undefined) return;
  last.left = seq;
  last.left_ms = now_ms;
}
