/**
 * Committed, not yet published. Takes each batch in the turn in which it comes back from the database and lets it out:
 * encoded once, in seq order, one frame a room. A change of membership takes effect at its place in the log.
 */

import { assert } from "../lib/assert.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { publicationSeq, publicationText } from "../protocol/events.ts";
import { joinLines } from "../protocol/frames.ts";
import { page_events_max } from "../protocol/limits.ts";
import type { Draft, Outcome, Unseen } from "../store/draft.ts";
import type { History } from "../store/history.ts";
import { factOf, factOfText, type Fact } from "./facts.ts";
import type { LiveRoom, Outgoing } from "./live-room.ts";
import { wholeView } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";

/**
 * What goes to everybody in a room is cut smaller than the protocol allows: frames that fit with their header into the
 * 16 KiB in which the runtime gathers a socket's writes cost a third less than larger ones, for which it takes memory anew.
 */
const room_frame_bytes_max = 15 * 1024;
/** Events of a room that wait behind a hole. */
const held_max = 10_000;
const retry_ms = 500;
/** What other nodes have committed one after another may come by the broker in another order. */
const filler_wait_ms = 20;

/** Events of a room that follow each other; a text is empty where whoever hears of it must read it. */
export interface Told {
  readonly n: number;
  readonly first: number;
  readonly texts: string[];
}

export interface OutboxOptions {
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly history: History;
  readonly log: Log;
  /** `server.publish`: a frame to everybody on a topic. */
  readonly deliver: (topic: string, frame: string) => void;
  /** Makes a fact true here, in the turn of the event. `room` is undefined when nobody has it open. */
  readonly apply: (change: Change) => void;
  /** Somebody's place in a room may have changed without an event. */
  readonly doubt?: (place: { n: number; user: string }) => void;
  /** Other nodes write to the same rooms: what is missing may be on its way from them. */
  readonly hasOthers?: boolean;
  /** Tells other nodes what was committed here, room by room; undefined where there are none. */
  readonly tell?: ((told: Iterable<Told>) => void) | undefined;
}

/** A fact, and where in the log it became true. */
export interface Change {
  readonly n: number;
  readonly seq: number;
  readonly room: LiveRoom | undefined;
  readonly fact: Fact;
  /** It has no event of its own: it became true behind `seq`. */
  readonly silent: boolean;
}

export class Outbox {
  readonly #options: OutboxOptions;
  /** Publications of this batch by room, in the order in which the rooms came up. */
  readonly #texts = new Map<LiveRoom, string[]>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * The journal's `publish`: what other nodes have committed before, a batch and what became of its drafts. Everybody here
   * first, then other nodes.
   */
  publish(drafts: readonly Draft[], outcomes: readonly Outcome[], unseen: readonly Unseen[]): void {
    const { tell } = this.#options;
    for (const one of unseen) this.#catchUpWith(one);
    const told = tell === undefined ? undefined : new Map<number, Told[]>();
    for (let at = 0; at < drafts.length; at++) {
      const draft = drafts[at] as Draft;
      const outcome = outcomes[at] as Outcome;
      if (outcome.code === "committed" && outcome.silent === true) this.#silently(draft, outcome);
      else if (outcome.code === "committed" && outcome.seq > 0) this.#committed(draft, outcome, told);
      // The first try may have been stored when nobody waited for it any more: then only its retry tells of it.
      else if (outcome.code === "repeated") void this.catchUp(outcome.room, outcome.seq);
      else if (outcome.code === "outcome_unknown") void this.#unknown(draft);
    }
    this.#flush();
    if (told !== undefined && told.size > 0) tell?.([...told.values()].flat());
  }

  /** It may have been stored: a join or a leave even without an event, and anything in a room that nobody has open here. */
  async #unknown(draft: Draft): Promise<void> {
    if (draft.kind === "created") return;
    await this.catchUp(draft.room);
    if ("about" in draft) this.#options.doubt?.({ n: draft.room, user: draft.about });
    else if ("set" in draft) this.#options.directory.forgetFacts(draft.room);
  }

  /** Publishes what the database has and this node has not, if anything. `top` is a seq that is known to be there. */
  async catchUp(n: number, top?: number): Promise<void> {
    const { directory } = this.#options;
    // A room that is being opened may have been read before the newest was stored.
    if (directory.byKey(n) === undefined) await directory.opened();
    const room = directory.byKey(n);
    if (room === undefined || (top !== undefined && top <= room.published)) return;
    room.known = Math.max(room.known, top ?? Number.MAX_SAFE_INTEGER);
    // What is being read now may have been asked for before the newest was stored.
    room.heard++;
    await this.#fill(room, 0);
  }

  /** What came with a batch. The broker's copy of it, from the node that wrote it, is dropped when it comes. */
  #catchUpWith({ room: n, first, texts }: Unseen): void {
    const room = this.#options.directory.byKey(n);
    if (room === undefined) return;
    for (const [at, text] of texts.entries()) this.receive(room, { seq: first + at, text, fact: factOfText(text) });
  }

  #committed(draft: Draft, outcome: Outcome, told: Map<number, Told[]> | undefined): void {
    const { directory, apply } = this.#options;
    const { seq } = outcome;
    const fact = factOf(draft);
    directory.passed(outcome.room, seq);
    const room = directory.byKey(outcome.room);
    const text = room === undefined && told === undefined ? "" : textOf(draft, outcome);
    if (told !== undefined) addTold(told, { n: outcome.room, seq, text: fact === undefined ? text : "" });
    // A room that was opened since the commit is as that left it, and its log goes on behind; people's places are not.
    if (room !== undefined && seq > room.opened) this.receive(room, { seq, text, fact });
    else if (fact !== undefined) apply({ n: outcome.room, seq, room, fact, silent: false });
  }

  /** A join or a leave in a big room: it takes effect behind the last event, which may be one of this batch. */
  #silently(draft: Draft, outcome: Outcome): void {
    const { apply, directory } = this.#options;
    const fact = factOf(draft);
    if (fact === undefined) return;
    const room = directory.byKey(outcome.room);
    if (room !== undefined) this.#flushRoom(room);
    apply({ n: outcome.room, seq: outcome.seq, room, fact, silent: true });
  }

  /** Events that another node has committed. */
  hear(room: LiveRoom, told: Told): void {
    for (const [at, text] of told.texts.entries()) this.receive(room, { seq: told.first + at, text, fact: undefined });
    this.#flush();
  }

  /** An event of a room, from this node or another. Out of order it waits until the hole before it is filled or read. */
  receive(room: LiveRoom, event: Outgoing): void {
    const { seq, text } = event;
    if (seq <= room.published) return;
    if (seq > room.known) room.known = seq;
    if (seq === room.published + 1 && text !== "") {
      this.#emit(room, event);
      if (room.held.size > 0) this.#release(room);
      return;
    }
    room.heard++;
    // What does not fit is read from the database later, with the rest.
    if (text !== "" && room.held.size < held_max) room.held.set(seq, event);
    if (room.filling === undefined) {
      const waits = text !== "" && this.#options.hasOthers === true;
      void this.#fill(room, waits ? filler_wait_ms : 0);
    }
  }

  #emit(room: LiveRoom, event: Outgoing): void {
    assert(event.seq === room.published + 1, "events of a room go out in seq order, without holes");
    room.published = event.seq;
    if (room.known < event.seq) room.known = event.seq;
    if (event.fact?.kind === "deleted") {
      // What was kept of the room has words in it that are gone now.
      room.cleared++;
      room.primed = undefined;
      room.ring.clear();
    }
    room.ring.append(event.text);
    room.tap?.(event.text);
    if (room.subscribers > 0) {
      const texts = this.#texts.get(room);
      if (texts === undefined) this.#texts.set(room, [event.text]);
      else texts.push(event.text);
    }
    if (event.fact === undefined) return;
    // Who goes has this event as the last one, who comes has it behind them.
    this.#flushRoom(room);
    this.#options.apply({ n: room.n, seq: event.seq, room, fact: event.fact, silent: false });
  }

  #flush(): void {
    for (const room of this.#texts.keys()) this.#flushRoom(room);
  }

  #flushRoom(room: LiveRoom): void {
    const texts = this.#texts.get(room);
    if (texts === undefined) return;
    this.#texts.delete(room);
    for (const frame of joinLines(texts, room_frame_bytes_max, room.around)) {
      if (room.subscribers > room.quiet) this.#options.deliver(room.topic, frame);
      if (room.quiet > 0) this.#options.deliver(room.quietTopic, frame);
    }
  }

  /** Lets out what was held back and now follows. */
  #release(room: LiveRoom): void {
    const { held } = room;
    for (const seq of held.keys()) if (seq <= room.published) held.delete(seq);
    for (let next = held.get(room.published + 1); next !== undefined; next = held.get(room.published + 1)) {
      held.delete(next.seq);
      this.#emit(room, next);
    }
  }

  /** Reads what is known to exist and has not come, once the hole has had its time to be filled. */
  #fill(room: LiveRoom, wait_ms: number): Promise<void> {
    if (room.published >= room.known) return Promise.resolve();
    room.filling ??= this.#work(room, wait_ms);
    return room.filling;
  }

  async #work(room: LiveRoom, wait_ms: number): Promise<void> {
    const { clock } = this.#options;
    if (wait_ms > 0) await pause(clock, wait_ms);
    while (room.published < room.known) {
      if (!(await this.#readHole(room))) await pause(clock, retry_ms);
    }
    room.filling = undefined;
  }

  /** Retention has taken what had not come here yet: who is in the room comes back, and is told that it is gone. */
  #skip(room: LiveRoom, next: number): void {
    for (const person of room.people.keys()) {
      for (const recipient of person.connections.slice()) {
        if (recipient.subscriptions.has(room)) recipient.close("insufficient_state");
      }
    }
    this.#options.log.warn("trimmed_before_published", { room: room.id, after: room.published, next });
    room.ring.skipTo(next);
    room.published = next - 1;
    room.firstSeq = Math.max(room.firstSeq, next);
    room.primed = undefined;
  }

  /** Reads a page of a hole; false if the database does not answer: it is tried again. */
  async #readHole(room: LiveRoom): Promise<boolean> {
    const { heard } = room;
    try {
      const range = { from: room.published + 1, to: endOfHole(room), limit: page_events_max, take: "oldest" } as const;
      const texts = await this.#options.history.page(wholeView(room.n), range);
      if (this.#options.directory.byKey(room.n) !== room) {
        // It was let go meanwhile: whoever opens it again has read what this would tell once more.
        room.known = room.published;
        return true;
      }
      const [oldest] = texts;
      if (oldest !== undefined && publicationSeq(oldest) > room.published + 1) this.#skip(room, publicationSeq(oldest));
      for (const text of texts) {
        const seq = publicationSeq(text);
        // Its filler may have come meanwhile.
        if (seq > room.published) this.#emit(room, { seq, text, fact: factOfText(text) });
      }
      this.#release(room);
      // In this turn: who subscribes while the next page is read has these events from the ring.
      this.#flush();
      if (texts.length === 0 && heard === room.heard && room.published < room.known) {
        // There is no more than that: whoever said so was wrong, for the database is right.
        room.known = room.published;
        room.held.clear();
      }
      return true;
    } catch (error) {
      this.#options.log.error("hole_not_filled", { room: room.id, after: room.published, error });
      return false;
    }
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resume) => void clock.after(ms, resume));
}

/** The last seq before the first event that is held. */
function endOfHole(room: LiveRoom): number {
  let first = room.known + 1;
  for (const seq of room.held.keys()) if (seq < first) first = seq;
  return first - 1;
}

function textOf(draft: Draft, { seq, time }: Outcome): string {
  assert(draft.kind !== "marks", "marks are no events");
  const kind = draft.kind === "created" ? "joined" : draft.kind;
  const id = draft.kind === "message" ? draft.id : "";
  return publicationText({ seq, kind, id, sender: draft.by, time, data: draft.data });
}

function addTold(told: Map<number, Told[]>, event: { n: number; seq: number; text: string }): void {
  const { n, seq, text } = event;
  const parts = told.get(n);
  const last = parts?.at(-1);
  if (last !== undefined && seq === last.first + last.texts.length) last.texts.push(text);
  // Where each draft was committed alone, other nodes may have written between them.
  else if (parts !== undefined) parts.push({ n, first: seq, texts: [text] });
  else told.set(n, [{ n, first: seq, texts: [text] }]);
}
