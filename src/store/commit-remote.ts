/**
 * Commits on a libSQL server, where other nodes write too: everything is judged by the database, in one write batch, one
 * round trip. Each run of the plan sees what those before it did.
 */

import type { InStatement, ResultSet } from "@libsql/client";
import { assert } from "../lib/assert.ts";
import { changeSql, type ChangeSql } from "./commit-remote-changes.ts";
import { planOf, type Placed, type Plan, type Run } from "./commit-remote-plan.ts";
import { remoteSql } from "./commit-remote-sql.ts";
import { rankToChange } from "./commit-rules.ts";
import { user_keys_max } from "./commit-state.ts";
import {
  failure,
  refusal,
  type Committer,
  type Draft,
  type MessageDraft,
  type Outcome,
  type OutcomeCode,
  type RoomDraft,
  type Seen,
} from "./draft.ts";
import { unseenOf, unseenStatement } from "./unseen.ts";

/** Runs a list of statements as one write transaction; rejects with a `StorageError`. */
export type WriteBatch = (statements: InStatement[]) => Promise<ResultSet[]>;

const sets = {
  created: [remoteSql.created, remoteSql.createdMember, remoteSql.createdChange, remoteSql.createdOutcomes],
  marks: [remoteSql.marks, remoteSql.marksOutcomes],
} as const;

/** The statements of a run; the last of them that gives rows tells the outcomes. */
function statementsOf(run: Run, plan: Plan): InStatement[] {
  if (run.kind === "message") return messageStatements(run, plan);
  const rows = (run.placed as Placed<Exclude<Draft, MessageDraft>>[]).map(({ draft }) => rowOf(draft));
  switch (run.kind) {
    case "created":
    case "marks":
      return texts([JSON.stringify(rows)], sets[run.kind]);
    case "joined":
    case "left": {
      const json = JSON.stringify(rows);
      const rooms = JSON.stringify([...new Set(rows.map(([room]) => room))]);
      const { first, later, told, silently } = remoteSql[run.kind];
      const done = texts([json], [...(run.first ? first : later), told]);
      return [...done, ...texts([json, rooms, rows.length], silently)];
    }
    default:
      return texts([JSON.stringify(rows[0])], changeSql[run.kind]);
  }
}

function messageStatements(run: Run, { copies }: Plan): InStatement[] {
  const rooms = new Set<number>();
  const senders = new Set<number>();
  const full: (string | number)[][] = [];
  // The words need not travel twice.
  const short: (string | number)[][] = [];
  for (const { place, draft } of run.placed as Placed<MessageDraft>[]) {
    const { room, actor, id, data } = draft;
    const sender = room * user_keys_max + actor;
    full.push(senders.has(sender) ? [room, actor, id, data, 1] : [room, actor, id, data]);
    short.push(copies.has(place) ? [room, actor, id, 1] : [room, actor, id]);
    senders.add(sender);
    rooms.add(room);
  }
  const listed = JSON.stringify([...rooms]);
  return [
    { sql: run.first ? remoteSql.messages.first : remoteSql.messages.later, args: [JSON.stringify(full)] },
    { sql: remoteSql.messageOutcomes, args: [JSON.stringify(short), run.placed.length, listed] },
    { sql: remoteSql.sent, args: [listed] },
  ];
}

function texts(args: (string | number)[], statements: ChangeSql): InStatement[] {
  return statements.map((sql) => ({ sql, args }));
}

type Cell = string | number | null;

/** A draft as the statements read it. */
function rowOf(draft: Exclude<Draft, MessageDraft>): Cell[] {
  switch (draft.kind) {
    case "created": {
      const { id, kind, name, history, topic = "", post = "members", invite = "members", slow_ms = 0 } = draft.room;
      const people = draft.room.direct_key ?? null;
      return [id, kind, name, history, draft.actor, draft.data, topic, post, invite, slow_ms, people];
    }
    case "joined":
    case "left":
      return [draft.room, draft.target, draft.actor, draft.right, draft.role, draft.data];
    case "marks":
      return [draft.room, draft.actor, draft.read_seq, draft.recv_seq];
    case "changed":
    case "closed":
    case "reopened":
    case "gone": {
      const { name = null, topic = null, history = null, post = null, invite = null, slow_ms = null } = draft.set;
      const asked = [draft.room, draft.actor, 0, draft.right, draft.data, rankToChange(draft)];
      return [...asked, name, topic, history, post, invite, slow_ms];
    }
    case "deleted":
      return [draft.room, draft.actor, draft.target, draft.right, draft.data];
    default: {
      const { room, actor, target, right, data, until = 0, role, reason = null } = draft;
      return [room, actor, target, right, data, until, role, reason];
    }
  }
}

function cellOf(result: ResultSet | undefined, column = 0): unknown[][] {
  const cell = result?.rows[0]?.[column];
  assert(typeof cell === "string", "the last statement of a run gives one text");
  return JSON.parse(cell) as unknown[][];
}

/** Messages that were all stored: their seqs end where their rooms do. */
function allStored(run: Run, tops: unknown[][]): Outcome[] {
  const ends = new Map(tops.map(([room, seq, time]) => [room as number, { seq: seq as number, time: time as number }]));
  const outcomes: Outcome[] = [];
  for (let at = run.placed.length - 1; at >= 0; at--) {
    const { room } = (run.placed[at] as Placed<MessageDraft>).draft;
    const end = ends.get(room);
    assert(end !== undefined, "a room that was written to has an end");
    outcomes.push({ code: "committed", seq: end.seq--, time: end.time, room });
  }
  return outcomes.reverse();
}

/** `[place, code, seq, time, more]`: of a message the words that were stored, of a join or a leave whether it was silent. */
type Told = [number, OutcomeCode, number, number, (string | number | null)?];

/** Reads the outcomes of one batch, run by run, in the order of the plan. */
class Answers {
  readonly outcomes: Outcome[];
  readonly #copies: ReadonlyMap<number, number>;
  /** Seqs of joins and leaves that this batch has told as committed: who comes later in it repeats them. */
  readonly #claimed = new Set<string>();

  constructor(length: number, copies: ReadonlyMap<number, number>) {
    this.outcomes = Array.from({ length }, () => failure("internal"));
    this.#copies = copies;
  }

  read(run: Run, results: ResultSet[]): void {
    if (run.kind === "message" && results[0]?.rowsAffected === run.placed.length) {
      const outcomes = allStored(run, cellOf(results[1], 1));
      for (const [at, { place }] of run.placed.entries()) this.outcomes[place] = outcomes[at] as Outcome;
      return;
    }
    const cell = cellOf(results.findLast(({ rows }) => rows.length > 0));
    if (run.kind === "created") return this.#created(run, { made: results[0], cell });
    for (const [at, code, seq, time, more] of cell as Told[]) {
      const { place, draft } = run.placed[at] as Placed<Exclude<Draft, RoomDraft>>;
      const { room } = draft;
      const done = code === "committed" || code === "repeated";
      const outcome = done ? { code, seq, time, room } : refusal(room, code);
      if (draft.kind === "message") this.outcomes[place] = this.#message({ place, draft }, outcome, more);
      else if (draft.kind !== "joined" && draft.kind !== "left") this.outcomes[place] = outcome;
      else this.outcomes[place] = more === 1 ? { ...outcome, silent: true } : this.#claim(outcome);
    }
  }

  /** An id that was stored before, be it by this batch, must have come with the same words. */
  #message({ place, draft }: Placed<MessageDraft>, outcome: Outcome, stored: Told[4]): Outcome {
    const first = this.#copies.get(place);
    const code = first === undefined ? undefined : this.outcomes[first]?.code;
    const again = code === "committed" || code === "repeated" || code === "id_conflict";
    if (outcome.code !== "repeated" && !(outcome.code === "committed" && again)) return outcome;
    if (typeof stored === "string" && stored !== draft.data) return refusal(draft.room, "id_conflict");
    return { ...outcome, code: "repeated" };
  }

  #claim(outcome: Outcome): Outcome {
    if (outcome.code !== "committed") return outcome;
    const key = `${outcome.room} ${outcome.seq}`;
    if (this.#claimed.has(key)) return { ...outcome, code: "repeated" };
    this.#claimed.add(key);
    return outcome;
  }

  #created(run: Run, answer: { made: ResultSet | undefined; cell: unknown[][] }): void {
    const made = new Set(answer.made?.rows.map((row) => Number(row[0])));
    for (const [at, room, seq, time] of answer.cell as [number, number, number, number][]) {
      const { place } = run.placed[at] as Placed<RoomDraft>;
      // The first that names it has made it.
      this.outcomes[place] = { code: made.delete(room) ? "committed" : "repeated", seq, time, room };
    }
  }
}

/** What is known of the batch's rooms; undefined where that is nothing. */
function askedOf({ rooms }: Plan, seen: Seen | undefined): Seen | undefined {
  if (seen === undefined) return undefined;
  const asked = [...seen].filter(([room]) => rooms.has(room));
  return asked.length === 0 ? undefined : new Map(asked);
}

export function createRemoteCommitter(write: WriteBatch): Committer {
  return {
    async commit(drafts, seen) {
      const plan = planOf(drafts);
      const parts = plan.runs.map((run) => statementsOf(run, plan));
      const rooms = [JSON.stringify([...plan.rooms]), JSON.stringify(plan.newRooms)];
      const asked = askedOf(plan, seen);
      const results = await write([
        ...parts.flat(),
        ...(asked === undefined ? [] : [unseenStatement(asked)]),
        { sql: remoteSql.announce, args: rooms },
        { sql: remoteSql.advance, args: [] },
      ]);
      const answers = new Answers(drafts.length, plan.copies);
      let start = 0;
      for (const [at, run] of plan.runs.entries()) {
        const { length } = parts[at] as InStatement[];
        answers.read(run, results.slice(start, start + length));
        start += length;
      }
      const unseen = asked === undefined ? [] : unseenOf(results[start++], asked);
      assert(start + 2 === results.length, "every statement of a commit has a result");
      return { outcomes: answers.outcomes, unseen };
    },
  };
}
