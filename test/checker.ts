/**
 * The one checker of the promises (I1 to I7). Writers tell it what was acknowledged, readers what they were given, and
 * at the end it compares both with the rows of the stopped server's database.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type Client } from "@libsql/client";
import type { LogLine } from "./harness.ts";

export interface Row {
  readonly room: string;
  readonly seq: number;
  /** The message's own id; empty for other events. */
  readonly id: string;
  readonly sender: string;
  readonly data: string;
}

interface Read {
  readonly seq: number;
  readonly id: string;
}

/** What was found wrong, by the invariant's name. All lists are empty when the promises hold. */
export interface Violations {
  readonly I1_lost: string[];
  readonly I2_duplicates: string[];
  readonly I3_order: string[];
  readonly I4_readers: string[];
  readonly I5_integrity: string[];
  readonly I6_errors: string[];
}

const told_max = 5;

/** The database of a server that does not run now, by its data folder; or a libSQL server, by its address. */
export async function withDatabase<T>(data: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient({ url: /^https?:/.test(data) ? data : `file:${join(data, "confab.db")}` });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** A cell that holds text. */
function textOf(cell: unknown): string {
  return typeof cell === "string" ? cell : "";
}

/** A libSQL server refuses an answer of more than 10 MB. */
const rows_at_once = 10_000;

/** Both tables of events by their keys: `?1` is the last that was read, `?2` how many there may be. */
const tables = [
  `SELECT g.n, r.id, g.seq, g.id, u.id, g.data FROM messages g JOIN rooms r ON r.n = g.room JOIN users u ON u.n = g.sender
    WHERE g.n > ?1 ORDER BY g.n LIMIT ?2`,
  `SELECT c.n, r.id, c.seq, '', u.id, c.data FROM changes c JOIN rooms r ON r.n = c.room JOIN users u ON u.n = c.actor
    WHERE c.n > ?1 ORDER BY c.n LIMIT ?2`,
];

async function* eventsOf(client: Client, sql: string): AsyncGenerator<Row> {
  for (let last = 0, more = true; more;) {
    const { rows } = await client.execute({ sql, args: [last, rows_at_once] });
    for (const [n, room, seq, id, sender, data] of rows.map((row) => Array.from(row))) {
      last = Number(n);
      yield { room: textOf(room), seq: Number(seq), id: textOf(id), sender: textOf(sender), data: textOf(data) };
    }
    more = rows.length === rows_at_once;
  }
}

function inOrder(one: Row, other: Row): number {
  if (one.room !== other.room) return one.room < other.room ? -1 : 1;
  return one.seq - other.seq;
}

/** Every event of every room or of one, in the rooms' orders. */
export async function rowsOf(data: string, only?: string): Promise<{ rows: Row[]; integrity: string }> {
  return await withDatabase(data, async (client) => {
    const found: Row[] = [];
    for (const sql of tables) for await (const row of eventsOf(client, sql)) found.push(row);
    const check = await client.execute("PRAGMA integrity_check");
    // The server's own rooms, which it trims, promise nothing to anybody.
    const wanted = found.filter(({ room }) => (only === undefined ? !room.startsWith("$") : room === only));
    return { rows: wanted.sort(inOrder), integrity: textOf(check.rows[0]?.[0]) };
  });
}

export class Checker {
  readonly #acks = new Map<string, { room: string; seq: number }>();
  readonly #contradictions: string[] = [];
  readonly #reads = new Map<string, { room: string; from: number; events: Read[] }>();

  get acks(): number {
    return this.#acks.size;
  }

  /** A message was acknowledged with that seq; again for a retry. */
  acknowledged(room: string, id: string, seq: number): void {
    const key = `${room} ${id}`;
    const before = this.#acks.get(key);
    if (before !== undefined && before.seq !== seq) {
      this.#contradictions.push(`${key} was acknowledged with ${before.seq} and then with ${seq}`);
    }
    this.#acks.set(key, { room, seq });
  }

  /** A reader begins behind a seq; everything from there on it must be given. */
  reader(name: string, room: string, from: number): void {
    this.#reads.set(name, { room, from, events: [] });
  }

  /** A reader was given an event. */
  read(name: string, seq: number, id: string): void {
    this.#reads.get(name)?.events.push({ seq, id });
  }

  /** The last seq that a reader was given. */
  position(name: string): number {
    const reader = this.#reads.get(name);
    return reader?.events.at(-1)?.seq ?? reader?.from ?? 0;
  }

  /** Compares with the database of the stopped server, and looks through its log. */
  async verify(node: { data: string; logs: readonly LogLine[]; complaints: string }): Promise<Violations> {
    const { rows, integrity } = await rowsOf(node.data);
    const byRoom = Map.groupBy(rows, ({ room }) => room);
    const stored = new Map(rows.filter(({ id }) => id !== "").map((row) => [`${row.room} ${row.id}`, row.seq]));
    return {
      I1_lost: short([...this.#acks].filter(([key, { seq }]) => stored.get(key) !== seq).map(([key]) => key)),
      I2_duplicates: short([...duplicates(rows), ...this.#contradictions]),
      I3_order: short([...byRoom].flatMap(([room, events]) => holes(room, events))),
      I4_readers: short([...this.#reads].flatMap(([name, reader]) => differences(name, reader, byRoom))),
      I5_integrity: integrity === "ok" ? [] : [integrity],
      I6_errors: short([
        ...node.logs.filter(({ level }) => level === "error").map((line) => JSON.stringify(line)),
        ...(node.complaints === "" ? [] : [node.complaints]),
      ]),
    };
  }
}

/** What `verify` gives when every promise was kept. */
export const kept: Violations = {
  I1_lost: [],
  I2_duplicates: [],
  I3_order: [],
  I4_readers: [],
  I5_integrity: [],
  I6_errors: [],
};

function short(found: readonly string[]): string[] {
  if (found.length <= told_max) return [...found];
  return [...found.slice(0, told_max), `… and ${found.length - told_max} more`];
}

function duplicates(rows: readonly Row[]): string[] {
  const seen = new Set<string>();
  return rows.flatMap(({ room, sender, id }) => {
    if (id === "") return [];
    const key = `${room} ${sender} ${id}`;
    if (seen.has(key)) return [key];
    seen.add(key);
    return [];
  });
}

function holes(room: string, events: readonly Row[]): string[] {
  return events.flatMap(({ seq }, at) => (seq === at + 1 ? [] : [`${room}: ${seq} at place ${at + 1}`]));
}

/** A reader must hold the room's rows behind its start: each, once, in order, up to the last. */
function differences(
  name: string,
  reader: { room: string; from: number; events: readonly Read[] },
  byRoom: ReadonlyMap<string, readonly Row[]>,
): string[] {
  const rows = (byRoom.get(reader.room) ?? []).filter(({ seq }) => seq > reader.from);
  const wrong: string[] = [];
  for (let at = 0; at < Math.max(rows.length, reader.events.length); at++) {
    const row = rows[at];
    const event = reader.events[at];
    if (row?.seq === event?.seq && row?.id === event?.id) continue;
    wrong.push(`${name} at place ${at + 1}: expected ${row?.seq} ${row?.id}, got ${event?.seq} ${event?.id}`);
    break;
  }
  return wrong;
}

export interface Footprint {
  readonly descriptors: number;
  readonly rss_bytes: number;
}

/** I7: open files and memory of a process. */
export function footprint(pid: number): Footprint {
  const rss = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, rss_bytes: Number(rss?.[1] ?? 0) * 1024 };
}
