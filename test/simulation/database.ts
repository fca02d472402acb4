import { drainMicrotasks } from "bun:jsc";
import Database from "libsql";
import { listed_members_max } from "../../src/protocol/limits.ts";
import { commitSql } from "../../src/store/commit-sql.ts";
import { LocalCommit } from "../../src/store/commit-local.ts";
import { Connection } from "../../src/store/connection.ts";
import { ThreadedClient } from "../../src/store/client.ts";
import type { Storage } from "../../src/store/database.ts";
import { StorageError, type Committed, type Draft, type Outcome, type Seen } from "../../src/store/draft.ts";
import { gatherReads } from "../../src/store/gathered-reads.ts";
import { createHistory } from "../../src/store/history.ts";
import { migrations } from "../../src/store/migrations.ts";
import { createOrm } from "../../src/store/orm.ts";
import type { Answer, Request, Statement } from "../../src/store/thread-protocol.ts";
import { unseenOf, unseenStatement } from "../../src/store/unseen.ts";
import { RoomLog } from "./room-log.ts";
import type { SimulatedClock } from "./timeline.ts";
import type { World } from "./world.ts";

const schema = migrations.map(({ sql }) => sql.replaceAll("--> statement-breakpoint", "")).join("\n");
const tables = "sessions members messages changes commits controls invites rooms users sqlite_sequence".split(" ");
const writesRooms = /^(?!\s*select\b).*\b(rooms|members)\b/is;

/** What the chat needs of the storage; the rest is for starting and stopping. */
export type ChatStorage = Pick<Storage, "db" | "client" | "committer" | "history" | "epoch">;

/** What faults say, so that the log of the server shows which errors were meant. */
export const simulated = "simulated fault";

/** One file in memory serves one world after the other: opening it anew for each would take as long as a short life. */
const file = new Database(":memory:");
file.exec(schema);
file.exec("CREATE TABLE simulated_clock (ms INTEGER)");
file.exec("INSERT INTO simulated_clock VALUES (0)");
const setClock = file.prepare("UPDATE simulated_clock SET ms = ?");
const connection = new Connection(file);
let now = (): number => 0;
const commit = new LocalCommit({ db: file, sql: commitSql, now: () => now() });

/**
 * The database of a world: libSQL itself, in memory, with the server's own statements, transactions and pages, but with
 * answers that take their time, fail, or get lost behind a commit. It outlives the runs of the server. Whatever commits
 * is written down a second time, in plain TypeScript, for the checks.
 */
export class SimulatedDatabase {
  readonly epoch = "epoch123";
  readonly #world: World;
  readonly rooms = new Map<number, RoomLog>();
  readonly byId = new Map<string, RoomLog>();
  /** Where a message is stored, by what its sender made up for it. */
  readonly stored = new Map<string, { readonly room: string; readonly seq: number }>();

  /** Where a message is stored, by its sender's id. */
  readonly ids = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    file.exec(tables.map((table) => `DELETE FROM ${table}`).join(";"));
    commit.forget();
    now = () => world.now();
  }

  get #isShared(): boolean {
    return this.#world.weather.nodes > 1;
  }

  addUser(user: { n: number; id: string; hash: string }): void {
    const { n, id, hash } = user;
    file
      .prepare("INSERT INTO users (n, id, issuer, subject, name, created_at) VALUES (?, ?, 'guest', ?, ?, 1)")
      .run([n, id, id, id]);
    file.prepare("INSERT INTO sessions (hash, user, created_at) VALUES (?, ?, 1)").run([hash, n]);
  }

  /** Commits at once, for the time before the server's first run. */
  seed(drafts: readonly Draft[]): readonly Outcome[] {
    return this.#commit(drafts, true);
  }

  /** A room that counts so many members that joins and leaves have no events, though nobody sees the most of them. */
  crowd(n: number): void {
    file.prepare("UPDATE rooms SET members = members + ? WHERE n = ?").run([listed_members_max, n]);
    commit.forget();
  }

  /** The storage as one run of the server sees it. */
  open(clock: SimulatedClock): ChatStorage {
    // A database that several nodes share is a server of its own, which goes on with a clock of its own.
    if (!this.#isShared) {
      // A new process remembers nothing.
      commit.forget();
      now = () => clock.now();
      file.exec("DELETE FROM rooms WHERE kind = 'open' AND last_seq = 0");
    }
    const ask = (request: Request): Promise<Answer> => this.#ask(clock, () => answer(request));
    const thread = { ask: ask as ConstructorParameters<typeof ThreadedClient>[0]["writer"]["ask"] };
    const client = new ThreadedClient({ writer: thread, reader: thread });
    return {
      db: createOrm(client),
      client,
      epoch: this.epoch,
      committer: { commit: (drafts, seen) => this.#commitLater(clock, drafts, seen) },
      history: createHistory(gatherReads(thread)),
    };
  }

  /** Every event of a room as the tables have it. */
  rows(n: number): { seq: number; data: string }[] {
    return file
      .prepare(
        `SELECT seq, data FROM messages WHERE room = ?1 UNION ALL SELECT seq, data FROM changes WHERE room = ?1 ORDER BY seq`,
      )
      .all([n]) as { seq: number; data: string }[];
  }

  /** Reads whole pages through the server's own statements. */
  pages(n: number): string[] {
    const { top } = this.rooms.get(n) as RoomLog;
    const thread = { ask: async (request: Request) => answer(request) };
    const texts: string[] = [];
    void createHistory(gatherReads(thread as never))
      .page({ room: n, from: 1 }, { from: 1, to: top, limit: top, take: "oldest", bytes_max: 2 ** 30 })
      .then((page) => texts.push(...page));
    drainMicrotasks();
    return texts;
  }

  #ask(clock: SimulatedClock, read: () => Answer): Promise<Answer> {
    const { random, weather } = this.#world;
    return new Promise((resolve, reject) => {
      const fails = this.#world.stormy && random.chance(weather.readFailures);
      clock.after(random.between(0, weather.read_ms), () => {
        if (fails) return reject(new StorageError("storage_unavailable", simulated));
        const found = read();
        clock.after(random.between(0, weather.read_ms), () => resolve(found));
      });
    });
  }

  #commitLater(clock: SimulatedClock, drafts: readonly Draft[], seen: Seen | undefined): Promise<Committed> {
    const { random, stormy, weather } = this.#world;
    const fate = stormy ? random.weighted(weather.commits) : "stored";
    const slow = fate === "stalled" ? random.between(1_000, 6_000) : weather.commit_ms;
    return new Promise((resolve, reject) => {
      clock.after(random.between(0, slow), () => {
        if (fate === "refused") return reject(new StorageError("storage_unavailable", simulated));
        if (fate === "full") return reject(new StorageError("storage_full", simulated));
        if (fate === "failed") return reject(new Error(simulated));
        const unseen = seen === undefined || fate === "unknown" ? [] : readUnseen(drafts, seen);
        const outcomes = fate === "unknown" ? [] : this.#commit(drafts, fate !== "unheard");
        clock.after(random.between(0, slow), () => {
          if (fate === "unknown" || fate === "unheard") reject(new StorageError("outcome_unknown", simulated));
          else resolve({ outcomes, unseen });
        });
      });
    });
  }

  #commit(drafts: readonly Draft[], isHeard: boolean): readonly Outcome[] {
    const outcomes = commit.run(drafts);
    for (const [at, draft] of drafts.entries()) {
      const outcome = outcomes[at] as Outcome;
      if (outcome.code !== "committed") continue;
      if (draft.kind === "created") this.#created(outcome.room, draft.room);
      const room = this.rooms.get(outcome.room);
      if (room === undefined)
        return this.#world.fail(`a commit names the room ${outcome.room}, which is none`, outcomes);
      if (outcome.seq === 0) continue;
      const { now_ms } = this.#world.timeline;
      const wrong =
        outcome.silent === true
          ? room.addSilent(draft, outcome, { now_ms, isHeard })
          : room.add(draft, outcome, now_ms);
      if (wrong !== undefined) this.#world.fail(wrong, undefined);
      if (draft.kind !== "message") continue;
      if (this.stored.has(draft.data)) this.#world.fail(`stored twice: ${draft.data}`, undefined);
      this.ids.set(draft.id, outcome.seq);
      this.stored.set(draft.data, { room: room.id, seq: outcome.seq });
    }
    return outcomes;
  }

  #created(n: number, made: { id: string; kind: string; history: string }): void {
    const room = new RoomLog(n, made, this.#world.hasOthers);
    this.rooms.set(n, room);
    this.byId.set(room.id, room);
  }
}

/** What others have added to the rooms of a batch before it, by the statement that a commit on a libSQL server has in it. */
function readUnseen(drafts: readonly Draft[], seen: Seen): Committed["unseen"] {
  const rooms = new Set(drafts.map((draft) => (draft.kind === "created" ? 0 : draft.room)));
  const asked = new Map([...seen].filter(([room]) => rooms.has(room)));
  if (asked.size === 0) return [];
  const { rows } = connection.execute(unseenStatement(asked) as Statement);
  return unseenOf({ rows } as unknown as Parameters<typeof unseenOf>[0], asked);
}

const clockIn = new Map<string, boolean>();
const itsClock = "unixepoch('subsec') * 1000";

/** The database's own clock is the world's. */
function onClock(statement: Statement): Statement {
  const { sql } = statement;
  let asks = clockIn.get(sql);
  if (asks === undefined) clockIn.set(sql, (asks = sql.includes(itsClock)));
  if (!asks) return statement;
  setClock.run([now()]);
  return { ...statement, sql: sql.replaceAll(itsClock, "(SELECT ms FROM simulated_clock)") };
}

/** What a storage thread does with a request. */
function answer(request: Request): Answer {
  if (request.op === "execute") {
    if (writesRooms.test(request.statement.sql)) commit.forget();
    return { op: "execute", result: connection.execute(onClock(request.statement)) };
  }
  if (request.op === "reads") return { op: "reads", rows: connection.firstRows(request.sql, request.args) };
  if (request.op !== "batch") throw new Error(`Expected a read or a batch, got ${request.op}.`);
  if (request.statements.some(({ sql }) => writesRooms.test(sql))) commit.forget();
  return { op: "batch", results: connection.batch(request.statements.map(onClock), request.begin) };
}
