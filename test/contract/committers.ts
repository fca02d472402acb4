/** The two committers with their databases, for the contract that both must keep. */

import { expect } from "bun:test";
import { eq } from "drizzle-orm";
import { systemClock } from "../../src/lib/clock.ts";
import { shortId, uuidv7 } from "../../src/lib/ids.ts";
import { createLog } from "../../src/lib/log.ts";
import { openStorage, type Storage } from "../../src/store/database.ts";
import type { Draft, MembershipDraft, MessageDraft, Outcome } from "../../src/store/draft.ts";
import { rooms, users } from "../../src/store/schema.ts";
import { startSqld, type Sqld } from "../sqld.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary.ts";

const log = createLog({ level: "error", format: "text", write: (line) => console.log(line), clock: systemClock });

/** A database that can be closed and opened again, and opened twice where several nodes may share it. */
export interface Place {
  open(): Promise<Storage>;
  readonly shared: boolean;
  end(): Promise<void>;
}

function localPlace(): Place {
  const folder = temporaryFolder();
  return {
    open: () => openStorage({ folder: folder.path, clock: systemClock, log }),
    shared: false,
    async end() {
      folder[Symbol.dispose]();
    },
  };
}

async function remotePlace(): Promise<Place> {
  const sqld: Sqld = await startSqld();
  const folder: TemporaryFolder = temporaryFolder();
  return {
    open: () =>
      openStorage({ folder: folder.path, remote: { url: sqld.url, token: undefined }, clock: systemClock, log }),
    shared: true,
    async end() {
      await sqld[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export interface Room {
  readonly n: number;
  /** The user who made it. */
  readonly owner: number;
}

export const committers: { name: string; at: () => Promise<Place> }[] = [
  { name: "local file", at: async () => localPlace() },
  { name: "sqld", at: remotePlace },
];

export function message(room: number, actor: number, data = `{"text":"${shortId()}"}`): MessageDraft {
  return { kind: "message", room, actor, by: `u${actor}`, id: uuidv7(), data };
}

export function membership(
  kind: "joined" | "left",
  room: number,
  who: { actor: number; target?: number },
): MembershipDraft {
  const target = who.target ?? who.actor;
  const names = { by: `u${who.actor}`, about: `u${target}` };
  return { kind, room, actor: who.actor, target, ...names, role: "member", data: `{"user":"${target}"}` };
}

export function codes(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ code }) => code);
}

export function seqs(outcomes: readonly Outcome[]): number[] {
  return outcomes.map(({ seq }) => seq);
}

/** A committer of one kind, its database, and what tests do with them. */
export class Rig {
  readonly place: Place;
  storage: Storage;

  constructor(place: Place, storage: Storage) {
    this.place = place;
    this.storage = storage;
  }

  async commit(...drafts: Draft[]): Promise<readonly Outcome[]> {
    const { outcomes } = await this.storage.committer.commit(drafts);
    return outcomes;
  }

  async restart(): Promise<void> {
    await this.storage.close();
    this.storage = await this.place.open();
  }

  async end(): Promise<void> {
    await this.storage.close();
    await this.place.end();
  }

  async newUser(): Promise<number> {
    const id = shortId();
    const [row] = await this.storage.db
      .insert(users)
      .values({ id, issuer: "guest", subject: id, name: "somebody", created_at: 1 })
      .returning({ n: users.n });
    return row?.n ?? 0;
  }

  async newRoom(kind: "public" | "private" | "open" = "public", history: "all" | "joined" = "all"): Promise<Room> {
    const owner = await this.newUser();
    const [outcome] = await this.commit({
      kind: "created",
      actor: owner,
      by: `u${owner}`,
      room: { id: shortId(), kind, name: "a room", history },
      data: "{}",
    });
    expect(outcome).toMatchObject({ code: "committed", seq: kind === "open" ? 0 : 1 });
    return { n: outcome?.room ?? 0, owner };
  }

  /** Every seq of a room with its words, as the tables have them. */
  async logOf(room: number): Promise<{ seq: number; kind: string; time: number; data: string }[]> {
    const { rows } = await this.storage.client.execute({
      sql: `SELECT seq, 'message' AS kind, sent_at, data FROM messages WHERE room = ?1
        UNION ALL SELECT seq, kind, sent_at, data FROM changes WHERE room = ?1 ORDER BY seq`,
      args: [room],
    });
    return rows.map((row) => ({
      seq: Number(row[0]),
      kind: row[1] as string,
      time: Number(row[2]),
      data: row[3] as string,
    }));
  }

  async announced(room: number): Promise<number[]> {
    const { rows } = await this.storage.client.execute({
      sql: "SELECT first_seq, last_seq FROM commits WHERE room = ? ORDER BY n",
      args: [room],
    });
    return rows.flatMap((row) => {
      const first = Number(row[0]);
      return Array.from({ length: Number(row[1]) - first + 1 }, (_, at) => first + at);
    });
  }

  /** No holes, time never goes back, the consumers of the log are told every seq once, and the room knows its top. */
  async expectWhole(room: number, length: number): Promise<void> {
    const events = await this.logOf(room);
    const expected = Array.from({ length }, (_, at) => at + 1);
    expect(events.map(({ seq }) => seq)).toEqual(expected);
    expect(await this.announced(room)).toEqual(expected);
    for (const [at, { time }] of events.entries()) expect(time).toBeGreaterThanOrEqual(events[at - 1]?.time ?? 0);
    const [row] = await this.storage.db.select().from(rooms).where(eq(rooms.n, room));
    expect(row?.last_seq).toBe(length);
    expect(row?.last_at).toBe(events.at(-1)?.time ?? 0);
  }
}
