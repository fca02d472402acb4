/**
 * Committed, not yet published. Takes each batch in the turn in which it comes back from the database and lets it out:
 * encoded once, in seq order, one frame a room. A change of membership takes effect at its place in the log.
 */

import { assert } from "../lib/assert.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { publicationSeq, publicationText } from "../protocol/events.ts";
import { joinLines } from "../protocol/frames.ts";
import { page_events_max, push_frame_bytes_max } from "../protocol/limits.ts";
import type { Draft, Outcome } from "../store/draft.ts";
import type { History } from "../store/history.ts";
import type { LiveRoom, MembershipFact, Outgoing } from "./live-room.ts";
import { wholeView } from "./policy.ts";
import type { RoomDirectory } from "./room-directory.ts";

/** Events of a room that wait behind a hole. */
const held_max = 10_000;
const retry_ms = 500;

export interface OutboxOptions {
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly history: History;
  readonly log: Log;
  /** `server.publish`: a frame to everybody on a topic. */
  readonly deliver: (topic: string, frame: string) => void;
  /** Adds or removes a person's connections, in the turn of the event. `room` is undefined when nobody has it open. */
  readonly applyMembership: (change: {
    n: number;
    seq: number;
    room: LiveRoom | undefined;
    fact: MembershipFact;
  }) => void;
}

function factOf(draft: Draft): MembershipFact | undefined {
  if (draft.kind === "message") return undefined;
  if (draft.kind === "created") {
    if (draft.room.kind === "open") return undefined;
    return { kind: "joined", user: draft.by, role: "owner" };
  }
  return { kind: draft.kind, user: draft.about, role: draft.role };
}

export class Outbox {
  readonly #options: OutboxOptions;
  /** Lines of this batch by room, in the order in which the rooms came up. */
  readonly #lines = new Map<LiveRoom, string[]>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** The journal's `publish`: a batch and what became of its drafts. */
  publish(drafts: readonly Draft[], outcomes: readonly Outcome[]): void {
    for (let at = 0; at < drafts.length; at++) {
      const draft = drafts[at] as Draft;
      const outcome = outcomes[at] as Outcome;
      if (outcome.code === "committed" && outcome.seq > 0) this.#committed(draft, outcome);
      else if (outcome.code === "outcome_unknown" && draft.kind !== "created") void this.catchUp(draft.room);
    }
    this.#flush();
  }

  /** Publishes what the database has and this node has not, if anything. */
  async catchUp(n: number): Promise<void> {
    const { directory } = this.#options;
    // A room that is being opened may have been read before the newest was stored.
    if (directory.byKey(n) === undefined) await directory.opened();
    const room = directory.byKey(n);
    if (room === undefined) return;
    // What is being read now may have been asked for before the newest was stored.
    while (room.filling !== undefined) await room.filling;
    await this.#fill(room, Number.MAX_SAFE_INTEGER);
  }

  #committed(draft: Draft, outcome: Outcome): void {
    const { directory, applyMembership } = this.#options;
    const fact = factOf(draft);
    directory.passed(outcome.room, outcome.seq);
    const room = directory.byKey(outcome.room);
    if (room === undefined) {
      if (fact !== undefined) applyMembership({ n: outcome.room, seq: outcome.seq, room, fact });
      return;
    }
    const kind = draft.kind === "created" ? "joined" : draft.kind;
    const id = draft.kind === "message" ? draft.id : "";
    const text = publicationText({
      seq: outcome.seq,
      kind,
      id,
      sender: draft.by,
      time: outcome.time,
      data: draft.data,
    });
    this.receive(room, { seq: outcome.seq, text, membership: fact });
  }

  /** An event of a room, from this node or another. Out of order it waits until the hole before it is read. */
  receive(room: LiveRoom, event: Outgoing): void {
    if (event.seq <= room.published) return;
    if (room.filling === undefined && event.seq === room.published + 1) return this.#emit(room, event);
    // What does not fit is read from the database later, behind the rest.
    if (room.held.length < held_max) room.held.push(event);
    if (room.filling === undefined) void this.#fill(room, event.seq - 1);
  }

  #emit(room: LiveRoom, event: Outgoing): void {
    assert(event.seq === room.published + 1, "events of a room go out in seq order, without holes");
    room.published = event.seq;
    this.#options.directory.budget.append(room.ring, event.text);
    room.tap?.(event.text);
    if (room.subscribers > 0) {
      const lines = this.#lines.get(room);
      const line = room.push(event.text);
      if (lines === undefined) this.#lines.set(room, [line]);
      else lines.push(line);
    }
    if (event.membership === undefined) return;
    // Who goes has this event as the last one, who comes has it behind them.
    this.#flushRoom(room);
    this.#options.applyMembership({ n: room.n, seq: event.seq, room, fact: event.membership });
  }

  #flush(): void {
    for (const room of this.#lines.keys()) this.#flushRoom(room);
  }

  #flushRoom(room: LiveRoom): void {
    const lines = this.#lines.get(room);
    if (lines === undefined) return;
    this.#lines.delete(room);
    for (const frame of joinLines(lines, push_frame_bytes_max)) this.#options.deliver(room.topic, frame);
  }

  /** Reads the events between what went out and `to`, then lets those out that were held back. */
  #fill(room: LiveRoom, to: number): Promise<void> {
    room.filling = this.#readAndRelease(room, to);
    return room.filling;
  }

  async #readAndRelease(room: LiveRoom, to: number): Promise<void> {
    while (!(await this.#readHole(room, to)))
      await new Promise<void>((resume) => this.#options.clock.after(retry_ms, resume));
    room.filling = undefined;
    const held = room.held.splice(0).sort((a, b) => a.seq - b.seq);
    for (const event of held) this.receive(room, event);
    this.#flush();
  }

  /** Whether the hole is read; if the database does not answer it is tried again. */
  async #readHole(room: LiveRoom, to: number): Promise<boolean> {
    try {
      while (room.published < to) {
        const range = { from: room.published + 1, to, limit: page_events_max, take: "oldest" } as const;
        const texts = await this.#options.history.page(wholeView(room.n), range);
        if (texts.length === 0) return true;
        for (const text of texts) this.#emit(room, { seq: publicationSeq(text), text, membership: factOfText(text) });
        // In this turn: who subscribes while the next page is read has these events from the ring.
        this.#flushRoom(room);
      }
      return true;
    } catch (error) {
      this.#options.log.error("hole_not_filled", { room: room.id, after: room.published, error });
      return false;
    }
  }
}

/** The fact in an event that was read and not made here. */
function factOfText(text: string): MembershipFact | undefined {
  const event = JSON.parse(text) as { tags: { kind?: string }; data: unknown };
  const { kind } = event.tags;
  if (kind !== "joined" && kind !== "left") return undefined;
  const data = event.data as { user: string; role?: MembershipFact["role"] };
  return { kind, user: data.user, role: data.role ?? "member" };
}
