/**
 * A batch in one transaction, inside the writing thread. It is the only writer, so it may remember rooms and members
 * between batches; whatever else writes to them makes it forget (`forget`).
 */

import type Database from "libsql";
import type { CommitSql } from "./commit-sql.ts";
import type { Draft, MembershipDraft, MessageDraft, Outcome, OutcomeCode, RoomDraft } from "./draft.ts";

interface RoomState {
  last_seq: number;
  last_at: number;
  first_seq: number;
  readonly kind: string;
  readonly history: string;
  readonly closed: boolean;
  /** The last seq before this batch; what it adds is announced. */
  before: number;
}

interface MemberState {
  state: string;
  readonly muted_until: number;
  joined_seq: number;
  left_seq: number;
}

type Statements = { readonly [K in keyof CommitSql]: Database.Statement };

const rooms_remembered_max = 20_000;
const members_remembered_max = 100_000;
/** Room keys and user keys are packed into one number; both stay far below 2^26. */
const user_keys_max = 2 ** 26;

export class LocalCommit {
  readonly #db: Database.Database;
  readonly #now: () => number;
  readonly #statements: Statements;
  readonly #rooms = new Map<number, RoomState>();
  readonly #members = new Map<number, MemberState | null>();
  readonly #touched = new Set<number>();
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
  }

  /** Rooms or members were written by other means. */
  forget(): void {
    this.#rooms.clear();
    this.#members.clear();
  }

  run(drafts: readonly Draft[]): Outcome[] {
    if (this.#rooms.size > rooms_remembered_max || this.#members.size > members_remembered_max) this.forget();
    this.#time = this.#now();
    this.#touched.clear();
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const outcomes: Outcome[] = [];
      for (const draft of drafts) outcomes.push(this.#apply(draft));
      this.#announce();
      this.#db.exec("COMMIT");
      return outcomes;
    } catch (error) {
      this.forget();
      if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #apply(draft: Draft): Outcome {
    switch (draft.kind) {
      case "message":
        return this.#message(draft);
      case "joined":
        return this.#joined(draft);
      case "left":
        return this.#left(draft);
      case "created":
        return this.#created(draft);
    }
  }

  #message(draft: MessageDraft): Outcome {
    const room = this.#room(draft.room);
    const refusal = room === undefined ? "room_not_found" : this.#refusal(room, draft);
    if (room === undefined || refusal !== undefined)
      return this.#stored(draft) ?? this.#fail(draft.room, refusal ?? "internal");
    const seq = room.last_seq + 1;
    const time = Math.max(this.#time, room.last_at);
    const written = this.#statements.message.run([draft.room, seq, draft.id, draft.actor, time, draft.data]);
    if (written.changes === 0) return this.#stored(draft) ?? this.#fail(draft.room, "internal");
    this.#advance(draft.room, room, time);
    return { code: "committed", seq, time, room: draft.room };
  }

  /** Why this person may not write here now, or undefined. */
  #refusal(room: RoomState, draft: MessageDraft): OutcomeCode | undefined {
    if (room.closed) return "room_closed";
    if (room.kind === "open") return undefined;
    const member = this.#member(draft.room, draft.actor);
    if (member === null || member.state !== "joined") return "room_not_found";
    return member.muted_until > this.#time ? "muted" : undefined;
  }

  /** The answer to a retry: what the first try got. */
  #stored(draft: MessageDraft): Outcome | undefined {
    const row = this.#statements.stored.get([draft.id, draft.actor, draft.room]) as
      [number, number, string | null] | undefined;
    if (row === undefined) return undefined;
    const [seq, time, data] = row;
    if (data !== null && data !== draft.data) return this.#fail(draft.room, "id_conflict");
    return { code: "repeated", seq, time, room: draft.room };
  }

  #joined(draft: MembershipDraft): Outcome {
    const room = this.#room(draft.room);
    if (room === undefined || room.kind === "open") return this.#fail(draft.room, "room_not_found");
    if (room.closed) return this.#fail(draft.room, "room_closed");
    const member = this.#member(draft.room, draft.target);
    if (member?.state === "joined")
      return { code: "repeated", seq: member.joined_seq, time: room.last_at, room: draft.room };
    if (member?.state === "banned") return this.#fail(draft.room, "room_not_found");
    if (draft.actor === draft.target && room.kind !== "public" && member?.state !== "invited" && room.last_seq > 0) {
      return this.#fail(draft.room, "room_not_found");
    }
    const seq = room.last_seq + 1;
    const visible_from = room.history === "all" ? room.first_seq : seq;
    this.#statements.joined.run([draft.room, draft.target, draft.role, visible_from, seq]);
    this.#members.set(draft.room * user_keys_max + draft.target, {
      state: "joined",
      muted_until: member?.muted_until ?? 0,
      joined_seq: seq,
      left_seq: 0,
    });
    return this.#change(draft, room);
  }

  #left(draft: MembershipDraft): Outcome {
    const room = this.#room(draft.room);
    const member = room === undefined ? null : this.#member(draft.room, draft.target);
    if (room === undefined || member === null) return this.#fail(draft.room, "room_not_found");
    if (member.state !== "joined")
      return { code: "repeated", seq: member.left_seq, time: room.last_at, room: draft.room };
    this.#statements.left.run([draft.room, draft.target, room.last_seq + 1]);
    member.state = "left";
    member.left_seq = room.last_seq + 1;
    return this.#change(draft, room);
  }

  #change(draft: MembershipDraft, room: RoomState): Outcome {
    const seq = room.last_seq + 1;
    const time = Math.max(this.#time, room.last_at);
    this.#statements.change.run([draft.room, seq, draft.kind, draft.target, draft.actor, time, draft.data]);
    this.#advance(draft.room, room, time);
    return { code: "committed", seq, time, room: draft.room };
  }

  #created(draft: RoomDraft): Outcome {
    const { id, kind, name, history } = draft.room;
    const written = this.#statements.created.run([id, kind, name, history, draft.actor, this.#time]);
    const [n, last_seq] = this.#statements.roomByName.get([id]) as [number, number];
    if (written.changes === 0) return { code: "repeated", seq: last_seq, time: this.#time, room: n };
    if (kind === "open") return { code: "committed", seq: 0, time: this.#time, room: n };
    const { actor, by, data } = draft;
    return this.#joined({ kind: "joined", room: n, actor, by, target: actor, about: by, role: "owner", data });
  }

  #fail(room: number, code: OutcomeCode): Outcome {
    return { code, seq: 0, time: 0, room };
  }

  #room(n: number): RoomState | undefined {
    const remembered = this.#rooms.get(n);
    if (remembered !== undefined) return remembered;
    const row = this.#statements.room.get([n]) as [number, number, string, string, number, number] | undefined;
    if (row === undefined) return undefined;
    const [last_seq, last_at, kind, history, closed, first_seq] = row;
    const room = { last_seq, last_at, kind, history, closed: closed !== 0, first_seq, before: last_seq };
    this.#rooms.set(n, room);
    return room;
  }

  #member(room: number, user: number): MemberState | null {
    const key = room * user_keys_max + user;
    const remembered = this.#members.get(key);
    if (remembered !== undefined) return remembered;
    const row = this.#statements.member.get([room, user]) as [string, number, number, number | null] | undefined;
    const member =
      row === undefined ? null : { state: row[0], muted_until: row[1], joined_seq: row[2], left_seq: row[3] ?? 0 };
    this.#members.set(key, member);
    return member;
  }

  #advance(n: number, room: RoomState, time: number): void {
    if (!this.#touched.has(n)) {
      this.#touched.add(n);
      room.before = room.last_seq;
    }
    room.last_seq++;
    room.last_at = time;
  }

  /** Moves the rooms' tops and tells the consumers of the log, one row a room. */
  #announce(): void {
    for (const n of this.#touched) {
      const room = this.#rooms.get(n) as RoomState;
      this.#statements.advance.run([room.last_seq, room.last_at, n]);
      this.#statements.announce.run([n, room.before + 1, room.last_seq, this.#time]);
    }
  }
}
