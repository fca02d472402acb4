import { assert } from "../../src/lib/assert.ts";
import { publicationText } from "../../src/protocol/events.ts";
import type { Draft, MembershipDraft, Outcome } from "../../src/store/draft.ts";

/** A run of a server. */
export interface Run {
  readonly started_ms: number;
}

/** A person's stay in a room: what they may read of it, with when its ends were committed. */
interface Stay {
  readonly joined: number;
  readonly joined_ms: number;
  /** The first seq that this stay shows. */
  readonly from: number;
  left: number | undefined;
  left_ms: number;
  /** It ended without an event, and not everybody learnt that with the commit. */
  isLate: boolean;
}

interface End {
  readonly seq: number;
  readonly now_ms: number;
  readonly isLate: boolean;
}

/** The time for which somebody was invited. */
interface Invitation {
  readonly from_ms: number;
  to_ms: number;
}

/** Words that were taken away: until a node hears of it, it may still say them. */
interface Erased {
  readonly text: string;
  /** The seq of the deletion, and when it was committed. */
  readonly by: number;
  readonly erased_ms: number;
  /** When each run has published the deletion. */
  readonly published_ms: Map<Run, number>;
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
  readonly #kind: string;
  readonly #hasOthers: boolean;
  /** Where somebody's place ended, be it that of one who was only invited. */
  readonly #ends: (End & { readonly about: string })[] = [];
  readonly #invitations = new Map<string, Invitation[]>();
  readonly #banned = new Set<string>();
  readonly #roles = new Map<string, string>();
  readonly #erased = new Map<number, Erased>();

  /** `hasOthers`: several nodes or gateways have it. */
  constructor(n: number, room: { id: string; kind: string; history: string }, hasOthers: boolean) {
    this.n = n;
    this.#hasOthers = hasOthers;
    this.id = room.id;
    this.isOpen = room.kind === "open";
    this.#kind = room.kind;
    this.#history = room.history;
  }

  know(): void {
    this.isKnown = true;
  }

  get isDirect(): boolean {
    return this.#kind === "direct";
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
        for (const about of this.#stays.keys()) this.#go(about, { seq, now_ms, isLate: false });
        return this.#mayModerate(draft.by, "owner", seq);
      case "deleted":
        this.#erase(draft.target, { by: seq, erased_ms: now_ms });
        return undefined;
      default:
        return this.#place(draft, seq, now_ms);
    }
  }

  #place(draft: MembershipDraft, seq: number, now_ms: number): string | undefined {
    const { about, kind } = draft;
    const isInvited = this.#endInvitation(about, now_ms);
    if (kind === "joined") return this.#joined(draft, { seq, now_ms, isInvited });
    if (kind === "invited") this.#invite(about, now_ms);
    const least = kind === "role" ? "owner" : kind === "invited" ? "member" : "moderator";
    const wrong = kind === "left" ? undefined : this.#mayModerate(draft.by, least, seq);
    if (kind === "role") this.#roles.set(about, draft.role);
    if (kind === "banned") this.#banned.add(about);
    if (kind === "unbanned") this.#banned.delete(about);
    if (kind === "left" && !this.isMember(about) && !isInvited) return `${about} left ${this.id} twice`;
    if (kind === "left" || kind === "removed" || kind === "banned") this.#go(about, { seq, now_ms, isLate: false });
    return wrong;
  }

  /** Notes a join or a leave that has no event: it took effect behind the last one. */
  addSilent(draft: Draft, { seq }: Outcome, at: { now_ms: number; isHeard: boolean }): string | undefined {
    const { isHeard, now_ms } = at;
    if (seq !== this.top) return `a silent change of ${this.id} is behind ${seq} and not behind ${this.top}`;
    assert(draft.kind === "joined" || draft.kind === "left", "who joins or leaves a crowd is counted");
    const { about, kind } = draft;
    const isInvited = this.#endInvitation(about, now_ms);
    if (kind === "joined") return this.#joined(draft, { seq: seq + 1, now_ms, isInvited });
    if (!this.isMember(about) && !isInvited) return `${about} left ${this.id} twice`;
    this.#go(about, { seq, now_ms, isLate: this.#hasOthers || !isHeard });
    return undefined;
  }

  #go(about: string, end: End): void {
    this.#ends.push({ ...end, about });
    const last = this.#stays.get(about)?.at(-1);
    if (last === undefined || last.left !== undefined) return;
    last.left = end.seq;
    last.left_ms = end.now_ms;
    last.isLate = end.isLate;
  }

  /** Whatever comes of it, an invitation ends with it. */
  #endInvitation(about: string, now_ms: number): boolean {
    if (!this.isInvited(about)) return false;
    const last = this.#invitations.get(about)?.at(-1);
    if (last !== undefined) last.to_ms = now_ms;
    return true;
  }

  #joined(
    draft: MembershipDraft,
    { seq, now_ms, isInvited }: { seq: number; now_ms: number; isInvited: boolean },
  ): string | undefined {
    const { about, by, right } = draft;
    this.#roles.set(about, draft.role);
    const at = `${about} joined ${this.id} at ${seq}`;
    const isAsked = this.#kind === "public" || isInvited;
    if (right === "self" && !isAsked) return `${at} without an invitation`;
    // Who is in a direct room brings the others in.
    if (right === "room" && (this.#kind !== "direct" || !this.isMember(by)))
      return `${at} by ${by}, who may not do that`;
    if (this.#banned.has(about)) return `${at} and is banned`;
    return this.#isClosed ? `${at}, which is closed` : this.#come(about, seq, now_ms);
  }

  #invite(about: string, now_ms: number): void {
    const invitations = this.#invitations.get(about) ?? [];
    invitations.push({ from_ms: now_ms, to_ms: Number.POSITIVE_INFINITY });
    this.#invitations.set(about, invitations);
  }

  #come(about: string, seq: number, now_ms: number): string | undefined {
    if (this.isMember(about)) return `${about} joined ${this.id} twice, again at ${seq}`;
    const stays = this.#stays.get(about) ?? [];
    const from = this.#history === "all" ? 1 : seq;
    stays.push({ joined: seq, joined_ms: now_ms, from, left: undefined, left_ms: 0, isLate: false });
    this.#stays.set(about, stays);
    return undefined;
  }

  #mayModerate(by: string, least: string, seq: number): string | undefined {
    if (this.#kind === "direct") return `${by} did at ${seq} of ${this.id} what nobody may in a direct room`;
    const role = this.#roles.get(by);
    // A room that has just gone has ended every stay, its maker's too.
    const isHere = this.isMember(by) || this.isGone;
    if (isHere && (least === "member" || role === "owner" || role === least)) return undefined;
    return `${by} (${isHere ? role : "no member"}) did at ${seq} of ${this.id} what is for a ${least}`;
  }

  #erase(target: number, at: { by: number; erased_ms: number }): void {
    const text = this.texts[target - 1];
    if (text === undefined) return;
    this.#erased.set(target, { text, ...at, published_ms: new Map() });
    const [start, end] = [text.indexOf('"data":') + '"data":'.length, text.lastIndexOf(',"info":{"user":')];
    this.texts[target - 1] = `${text.slice(0, start)}null${text.slice(end)}`;
  }

  /** A run of the server has published the event at this seq. */
  published(seq: number, by: Run, now_ms: number): void {
    for (const erased of this.#erased.values()) if (erased.by === seq) erased.published_ms.set(by, now_ms);
  }

  /** Whether the event at a seq has this text; what was taken away may still be on its way from the database for a while. */
  isText(seq: number, text: string, at: { by: Run | undefined; sent_ms: number; read_ms: number }): boolean {
    if (this.texts[seq - 1] === text) return true;
    const erased = this.#erased.get(seq);
    if (erased?.text !== text || at.by === undefined) return false;
    // Who began afterwards never had the words.
    if (at.by.started_ms > erased.erased_ms) return false;
    // Two readings, of a page and of its people's names, each with a way there and back.
    return at.sent_ms <= (erased.published_ms.get(at.by) ?? Number.POSITIVE_INFINITY) + 4 * at.read_ms + 1;
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

  isInvited(user: string): boolean {
    return this.#invitations.get(user)?.at(-1)?.to_ms === Number.POSITIVE_INFINITY;
  }

  wasInvited(user: string): boolean {
    return this.#invitations.has(user);
  }

  /** Nobody has to tell its maker of a room of which they do not know themselves that they have made it. */
  isOwedTo(user: string): boolean {
    return this.isMember(user) && (this.isKnown || this.#stays.get(user)?.[0]?.joined !== 1);
  }

  /** Whether the server might send this person this event at this time, by what was committed by then. */
  mayRead(user: string, seq: number, at_ms: number): boolean {
    return this.isOpen || this.#staysUntil(user, seq, at_ms).some(({ from }) => seq >= from);
  }

  /** Whether a subscription of this person might stand at this seq at this time. */
  mayStandAt(user: string, seq: number, at_ms: number): boolean {
    return this.isOpen || this.#staysUntil(user, seq, at_ms).length > 0;
  }

  /** The stays that have not ended before this seq, as far as this time knows. */
  #staysUntil(user: string, seq: number, at_ms: number): Stay[] {
    return (this.#stays.get(user) ?? []).filter(({ isLate, joined_ms, left, left_ms }) => {
      const hasEnd = left !== undefined && left_ms <= at_ms && !isLate;
      return joined_ms <= at_ms && (!hasEnd || seq <= left);
    });
  }

  /** Whether the log had put this person out by this time, at this seq or behind it. */
  mayBePutOut(user: string, seq: number, at_ms: number): boolean {
    return this.#ends.some((one) => {
      const isInTime = one.seq >= seq || one.isLate;
      return isInTime && one.about === user && one.now_ms <= at_ms;
    });
  }

  /** Whether this person might know of the room at some time between these two. */
  mayKnowOf(user: string, from_ms: number, to_ms: number): boolean {
    if (this.isOpen || this.#kind === "public") return true;
    const invitations = this.#invitations.get(user) ?? [];
    if (invitations.some((one) => one.from_ms <= to_ms && one.to_ms >= from_ms)) return true;
    return (this.#stays.get(user) ?? []).some(
      ({ joined_ms, left, left_ms }) => joined_ms <= to_ms && (left === undefined || left_ms >= from_ms),
    );
  }

  /** Where history begins anew with each joining, a reader who comes back goes on at that joining. */
  maySkipTo(user: string, seq: number): boolean {
    return (this.#stays.get(user) ?? []).some(({ from }) => from === seq);
  }
}
