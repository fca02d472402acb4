/**
 * A batch in one transaction, inside the writing thread. It is nearly always the only writer, so it may remember rooms and
 * members between batches; whatever else writes to them makes it forget (`forget`), be it on another connection.
 */

import type Database from "libsql";
import { ChangeCommit } from "./commit-changes.ts";
import { judgeMessage, type Verdict } from "./commit-rules.ts";
import { message_rows, type CommitSql } from "./commit-sql.ts";
import { CommitState, type MessageCell, type PlaceState, type RoomState, type Statements } from "./commit-state.ts";
import { refusal, retryOf, type Draft, type MarksDraft, type MessageDraft, type Outcome } from "./draft.ts";

/** Parameters of a row. */
const message_cells = 6;
/** After a batch with a retry so many are not gathered: retries come together, when a crowd is back. */
export const wary_batches = 16;

/** A message that was to be new has an id that is stored already: it is a retry. */
class NotNew extends Error {}

export class LocalCommit {
  readonly #db: Database.Database;
  readonly #now: () => number;
  readonly #statements: Statements;
  readonly #state: CommitState;
  readonly #changes: ChangeCommit;
  /** Tells whether another connection has written since it was asked last. */
  readonly #version: Database.Statement;
  #knownVersion: unknown;
  readonly #touched = new Map<number, RoomState>();
  /** Rooms with messages of this batch that are not written yet. */
  #unwritten: RoomState[] = [];
  /** Messages are taken to be new, as nearly all are, and written several at a time. */
  #gathers = true;
  /** Batches left that are taken to have retries. */
  #wary = 0;
  #time = 0;

  constructor(options: { db: Database.Database; sql: CommitSql; now: () => number }) {
    this.#db = options.db;
    this.#now = options.now;
    const prepared: Record<string, Database.Statement> = {};
    for (const [name, text] of Object.entries(options.sql)) {
      const statement = options.db.prepare(text);
      prepared[name] = /^\s*SELECT/.test(text) ? statement.raw() : statement;
    }
    this.#statements = prepared as Statements;
    this.#state = new CommitState(this.#statements);
    this.#version = options.db.prepare("PRAGMA data_version").raw();
    this.#changes = new ChangeCommit({
      statements: this.#statements,
      state: this.#state,
      advance: (n, room) => this.#advance(n, room),
    });
  }

  /** Rooms or members were written by other means. */
  forget(): void {
    this.#state.forget();
  }

  run(drafts: readonly Draft[]): Outcome[] {
    if (this.#wary > 0) {
      this.#wary--;
      return this.#transaction(drafts, false);
    }
    try {
      return this.#transaction(drafts, true);
    } catch (error) {
      if (!(error instanceof NotNew)) throw error;
      this.#wary = wary_batches;
      return this.#transaction(drafts, false);
    }
  }

  #transaction(drafts: readonly Draft[], gathers: boolean): Outcome[] {
    this.#state.trim();
    this.#time = this.#now();
    this.#changes.begin(this.#time);
    this.#touched.clear();
    this.#unwritten = [];
    this.#gathers = gathers;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#forgetBehindOthers();
      const outcomes: Outcome[] = [];
      for (const draft of drafts) outcomes.push(this.#apply(draft));
      this.#write();
      this.#announce();
      this.#db.exec("COMMIT");
      return outcomes;
    } catch (error) {
      this.forget();
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** A thread that was taken for hanging comes back with what has waited for it, and its successor has written meanwhile. */
  #forgetBehindOthers(): void {
    const [version] = this.#version.get() as [number];
    if (version !== this.#knownVersion) this.forget();
    this.#knownVersion = version;
  }

  #apply(draft: Draft): Outcome {
    if (draft.kind === "message") return this.#message(draft);
    if (draft.kind === "marks") return this.#marks(draft);
    // It may be about a message of this batch.
    this.#write();
    return this.#changes.apply(draft);
  }

  #message(draft: MessageDraft): Outcome {
    const room = this.#state.room(draft.room);
    const place = room === undefined || room.kind === "open" ? null : this.#state.place(draft.room, draft.actor);
    const verdict = room === undefined ? "room_not_found" : this.#judge(draft, room, place);
    if (room === undefined || verdict !== undefined)
      return this.#stored(draft) ?? refusal(draft.room, verdict ?? "internal");
    const seq = room.last_seq + 1;
    const time = Math.max(this.#time, room.last_at);
    if (this.#gathers) {
      if (room.unwritten.length === 0) this.#unwritten.push(room);
      room.unwritten.push(draft.room, seq, draft.id, draft.actor, time, draft.data);
    } else {
      const written = this.#statements.message.run([draft.room, seq, draft.id, draft.actor, time, draft.data]);
      if (written.changes === 0) return this.#stored(draft) ?? refusal(draft.room, "internal");
    }
    if (room.slow_ms > 0 && place !== null) {
      // By the clock, and not by the room, which may be ahead of it.
      this.#statements.sent.run([draft.room, draft.actor, this.#time]);
      place.last_sent_at = this.#time;
    }
    this.#advance(draft.room, room);
    return { code: "committed", seq, time, room: draft.room };
  }

  /** Writes the messages that were gathered, a room's together; throws `NotNew` if one of them is stored already. */
  #write(): void {
    if (this.#unwritten.length === 0) return;
    const { message, messages } = this.#statements;
    let rows: MessageCell[] = [];
    for (const room of this.#unwritten) {
      for (const cell of room.unwritten) {
        rows.push(cell);
        if (rows.length < message_rows * message_cells) continue;
        if (messages.run(rows).changes < message_rows) throw new NotNew();
        rows = [];
      }
      room.unwritten = [];
    }
    this.#unwritten = [];
    for (let at = 0; at < rows.length; at += message_cells) {
      if (message.run(rows.slice(at, at + message_cells)).changes === 0) throw new NotNew();
    }
  }

  #judge(draft: MessageDraft, room: RoomState, place: PlaceState | null): Verdict {
    const verdict = judgeMessage(room, place, this.#time);
    // Who is not wanted learns that before being asked to wait.
    if ((verdict !== undefined && verdict !== "slow_mode") || room.kind !== "direct") return verdict;
    return this.#statements.blocked.get([draft.room, draft.actor]) === undefined ? verdict : "permission_denied";
  }

  /** The answer to a retry: what the first try got. */
  #stored(draft: MessageDraft): Outcome | undefined {
    this.#write();
    const row = this.#statements.stored.get([draft.id, draft.actor, draft.room]) as
      [number, number, string | null] | undefined;
    if (row === undefined) return undefined;
    const [seq, time, data] = row;
    return retryOf(draft, { seq, time, data });
  }

  /** Nobody has read what was not there before this batch. */
  #marks(draft: MarksDraft): Outcome {
    const room = this.#state.room(draft.room);
    if (room === undefined) return refusal(draft.room, "room_not_found");
    const last_seq = this.#touched.get(draft.room)?.before ?? room.last_seq;
    const read = Math.min(draft.read_seq, last_seq);
    const received = Math.max(read, Math.min(draft.recv_seq, last_seq));
    this.#statements.marks.run([draft.room, draft.actor, read, received]);
    return { code: "committed", seq: 0, time: this.#time, room: draft.room };
  }

  /** The room's next event was written. Returns its seq. */
  #advance(n: number, room: RoomState): number {
    if (!this.#touched.has(n)) {
      this.#touched.set(n, room);
      room.before = room.last_seq;
    }
    room.last_seq++;
    room.last_at = Math.max(this.#time, room.last_at);
    return room.last_seq;
  }

  /** Moves the rooms' tops and tells the consumers of the log, one row a room. */
  #announce(): void {
    for (const [n, room] of this.#touched) {
      this.#statements.advance.run([room.last_seq, room.last_at, n]);
      this.#statements.announce.run([n, room.before + 1, room.last_seq, this.#time]);
    }
    this.#changes.count();
  }
}
