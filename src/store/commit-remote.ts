/**
 * Commits on a libSQL server, where other nodes write too: everything is judged by the database, in one write batch, one
 * round trip. Drafts of a room are cut into runs of one kind, for each must see what those before it did; the n-th runs
 * of all rooms are done together.
 */

import type { InStatement, ResultSet } from "@libsql/client";
import { assert } from "../lib/assert.ts";
import { remoteSql } from "./commit-remote-sql.ts";
import {
  failure,
  type Committer,
  type Draft,
  type MembershipDraft,
  type MessageDraft,
  type Outcome,
  type OutcomeCode,
  type RoomDraft,
  type Seen,
} from "./draft.ts";
import { unseenOf, unseenStatement } from "./unseen.ts";

/** Runs a list of statements as one write transaction; rejects with a `StorageError`. */
export type WriteBatch = (statements: InStatement[]) => Promise<ResultSet[]>;

interface Placed<D extends Draft> {
  /** Where in the batch it is. */
  readonly place: number;
  readonly draft: D;
}

/** Drafts of one kind that do not depend on each other. */
interface Run {
  readonly kind: Draft["kind"];
  readonly placed: Placed<Draft>[];
}

/** Where a room stands while its drafts are cut into runs. */
interface RoomRun {
  level: number;
  kind: Draft["kind"];
  readonly targets: Set<number>;
}

interface Plan {
  /** In the order to be done. */
  readonly runs: Run[];
  readonly rooms: Set<number>;
  readonly newRooms: string[];
  /** Places of drafts that say the same thing as an earlier one of the batch, with that one's place. */
  readonly again: Map<number, number>;
}

function sameness(draft: Draft): string | undefined {
  switch (draft.kind) {
    case "message":
      return `${draft.room} ${draft.actor} ${draft.id}`;
    case "created":
      return draft.room.id;
    case "joined":
    case "left":
      return undefined;
  }
}

/** The level of a draft: one above the last of its room where that was of another kind or about the same person. */
function levelOf(runs: Map<number, RoomRun>, draft: MessageDraft | MembershipDraft): number {
  let run = runs.get(draft.room);
  if (run === undefined) runs.set(draft.room, (run = { level: 0, kind: draft.kind, targets: new Set() }));
  const follows = run.kind !== draft.kind || (draft.kind !== "message" && run.targets.has(draft.target));
  if (follows) {
    run.level++;
    run.kind = draft.kind;
    run.targets.clear();
  }
  if (draft.kind !== "message") run.targets.add(draft.target);
  return run.level;
}

function planOf(drafts: readonly Draft[]): Plan {
  const created: Placed<Draft>[] = [];
  const levels: Map<Draft["kind"], Run>[] = [];
  const plan: Plan = { runs: [], rooms: new Set(), newRooms: [], again: new Map() };
  const firsts = new Map<string, number>();
  const roomRuns = new Map<number, RoomRun>();
  for (const [place, draft] of drafts.entries()) {
    const same = sameness(draft);
    const first = same === undefined ? undefined : firsts.get(same);
    if (first !== undefined) {
      plan.again.set(place, first);
      continue;
    }
    if (same !== undefined) firsts.set(same, place);
    if (draft.kind === "created") {
      created.push({ place, draft });
      plan.newRooms.push(draft.room.id);
      continue;
    }
    plan.rooms.add(draft.room);
    const level = (levels[levelOf(roomRuns, draft)] ??= new Map<Draft["kind"], Run>());
    let run = level.get(draft.kind);
    if (run === undefined) level.set(draft.kind, (run = { kind: draft.kind, placed: [] }));
    run.placed.push({ place, draft });
  }
  if (created.length > 0) plan.runs.push({ kind: "created", placed: created });
  for (const level of levels) plan.runs.push(...level.values());
  return plan;
}

/** The statements of a run; the last of them tells the outcomes. */
function statementsOf(run: Run): InStatement[] {
  const full = JSON.stringify(run.placed.map(({ draft }) => rowOf(draft)));
  switch (run.kind) {
    case "created":
      return texts(
        full,
        remoteSql.created,
        remoteSql.createdMember,
        remoteSql.createdChange,
        remoteSql.createdOutcomes,
      );
    case "joined":
      return texts(full, remoteSql.joined, remoteSql.joinedChange, remoteSql.joinedOutcomes);
    case "left":
      return texts(full, remoteSql.left, remoteSql.leftChange, remoteSql.leftOutcomes);
    case "message": {
      // The words need not travel twice.
      const short = JSON.stringify(run.placed.map(({ draft }) => rowOf(draft).slice(0, 3)));
      const rooms = JSON.stringify([...new Set(run.placed.map(({ draft }) => rowOf(draft)[0]))]);
      const outcomes = { sql: remoteSql.messageOutcomes, args: [short, run.placed.length, rooms] };
      return [...texts(full, remoteSql.messages), outcomes];
    }
  }
}

function texts(json: string, ...statements: readonly string[]): InStatement[] {
  return statements.map((sql) => ({ sql, args: [json] }));
}

/** A draft as the statements read it. */
function rowOf(draft: Draft): (string | number)[] {
  switch (draft.kind) {
    case "message":
      return [draft.room, draft.actor, draft.id, draft.data];
    case "joined":
    case "left":
      return [draft.room, draft.actor, draft.target, draft.role, draft.data];
    case "created":
      return [draft.room.id, draft.room.kind, draft.room.name, draft.room.history, draft.actor, draft.data];
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

/** Reads the outcomes of one batch, run by run, in the order of the plan. */
class Answers {
  readonly outcomes: Outcome[];
  /** Seqs of memberships that this batch has told as committed: who comes later in it repeats them. */
  readonly #claimed = new Set<string>();

  constructor(length: number) {
    this.outcomes = Array.from({ length }, () => failure("internal"));
  }

  read(run: Run, results: ResultSet[]): void {
    if (run.kind === "message" && results[0]?.rowsAffected === run.placed.length) {
      const outcomes = allStored(run, cellOf(results[1], 1));
      for (const [at, { place }] of run.placed.entries()) this.outcomes[place] = outcomes[at] as Outcome;
      return;
    }
    const cell = cellOf(results.at(-1));
    if (run.kind === "created") return this.#created(run, { made: results[0], cell });
    for (const [at, code, seq, time, data] of cell as [
      number,
      OutcomeCode,
      number,
      number,
      string | null | undefined,
    ][]) {
      const { place, draft } = run.placed[at] as Placed<MessageDraft | MembershipDraft>;
      const outcome = { code, seq, time, room: draft.room };
      this.outcomes[place] = draft.kind === "message" ? compared(outcome, draft, data) : this.#claim(outcome);
    }
  }

  #claim(outcome: Outcome): Outcome {
    if (outcome.code === "repeated") return outcome;
    if (outcome.code !== "committed") return { ...failure(outcome.code), room: outcome.room };
    const key = `${outcome.room} ${outcome.seq}`;
    if (this.#claimed.has(key)) return { ...outcome, code: "repeated" };
    this.#claimed.add(key);
    return outcome;
  }

  #created(run: Run, answer: { made: ResultSet | undefined; cell: unknown[][] }): void {
    const made = new Set(answer.made?.rows.map((row) => Number(row[0])));
    for (const [at, room, kind, last_seq, time] of answer.cell as [
      number,
      number,
      RoomDraft["room"]["kind"],
      number,
      number,
    ][]) {
      const { place } = run.placed[at] as Placed<RoomDraft>;
      const isNew = made.has(room);
      this.outcomes[place] = {
        code: isNew ? "committed" : "repeated",
        seq: isNew && kind !== "open" ? 1 : last_seq,
        time,
        room,
      };
    }
  }
}

/** An id that was stored before must have come with the same words. */
function compared(outcome: Outcome, draft: MessageDraft, stored: string | null | undefined): Outcome {
  if (outcome.code === "repeated" && typeof stored === "string" && stored !== draft.data) {
    return { ...failure("id_conflict"), room: draft.room };
  }
  return outcome;
}

/** A draft that repeats another of its batch: as that one, but stored by it. */
function repeatOf(draft: Draft, first: { draft: Draft; outcome: Outcome }): Outcome {
  const { outcome } = first;
  if (outcome.code !== "committed" && outcome.code !== "repeated") return outcome;
  if (draft.kind === "message" && first.draft.kind === "message" && draft.data !== first.draft.data) {
    return { ...failure("id_conflict"), room: draft.room };
  }
  return { ...outcome, code: "repeated" };
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
      const parts = plan.runs.map(statementsOf);
      const rooms = [JSON.stringify([...plan.rooms]), JSON.stringify(plan.newRooms)];
      const asked = askedOf(plan, seen);
      const results = await write([
        ...parts.flat(),
        ...(asked === undefined ? [] : [unseenStatement(asked)]),
        { sql: remoteSql.announce, args: rooms },
        { sql: remoteSql.advance, args: rooms },
      ]);
      const answers = new Answers(drafts.length);
      let start = 0;
      for (const [at, run] of plan.runs.entries()) {
        const { length } = parts[at] as InStatement[];
        answers.read(run, results.slice(start, start + length));
        start += length;
      }
      const unseen = asked === undefined ? [] : unseenOf(results[start++], asked);
      assert(start + 2 === results.length, "every statement of a commit has a result");
      for (const [place, first] of plan.again) {
        const earlier = { draft: drafts[first] as Draft, outcome: answers.outcomes[first] as Outcome };
        answers.outcomes[place] = repeatOf(drafts[place] as Draft, earlier);
      }
      return { outcomes: answers.outcomes, unseen };
    },
  };
}
