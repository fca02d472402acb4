/** The two committers with their databases, for the contract that both must keep. */

import { expect } from "bun:test";
import { and, count, eq } from "drizzle-orm";
import { systemClock } from "../../src/lib/clock.ts";
import { shortId, uuidv7 } from "../../src/lib/ids.ts";
import { createLog } from "../../src/lib/log.ts";
import { openStorage, type Storage } from "../../src/store/database.ts";
import type {
  DeletionDraft,
  Draft,
  MarksDraft,
  MembershipDraft,
  MessageDraft,
  Outcome,
  Right,
  RoomChangeDraft,
  RoomDraft,
} from "../../src/store/draft.ts";
import { members, rooms, users } from "../../src/store/schema.ts";
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

type Membership = Partial<Pick<MembershipDraft, "target" | "right" | "role" | "until" | "reason">>;

/** Without a target it is about the actor; without a right it is one's own, or that of the room. */
export function membership(
  kind: MembershipDraft["kind"],
  room: number,
  who: Membership & { actor: number },
): MembershipDraft {
  const { actor, target = actor, right = target === actor ? "self" : "room", role = "member", ...more } = who;
  const names = { by: `u${actor}`, about: `u${target}` };
  return { kind, room, actor, target, ...names, right, role, ...more, data: `{"user":"${target}"}` };
}

/** By the right of the room, unless said otherwise. */
export function change(
  kind: RoomChangeDraft["kind"],
  room: number,
  who: { actor: number; right?: Right; set?: RoomChangeDraft["set"] },
): RoomChangeDraft {
  const { actor, right = "room", set = {} } = who;
  return { kind, room, actor, by: `u${actor}`, right, set, data: `{"fields":${Object.keys(set).length}}` };
}

export function deletion(room: number, who: { actor: number; target: number; right?: Right }): DeletionDraft {
  const { actor, target, right = "room" } = who;
  return { kind: "deleted", room, actor, by: `u${actor}`, target, right, data: `{"message":${target}}` };
}

export function marks(room: number, actor: number, seqs: { read: number; received: number }): MarksDraft {
  const { read, received } = seqs;
  return { kind: "marks", room, actor, by: `u${actor}`, read_seq: read, recv_seq: received, data: "" };
}

export function created(
  actor: number,
  room: Partial<RoomDraft["room"]> & Pick<RoomDraft["room"], "kind">,
  data = "{}",
): RoomDraft {
  const made = { id: shortId(), name: "a room", history: "all", ...room } as const;
  return { kind: "created", actor, by: `u${actor}`, room: made, data };
}

export function codes(outcomes: readonly Outcome[]): string[] {
  return outcomes.map(({ code }) => code);
}

/** The words of a text. */
export function listed(words: string): string[] {
  return words.split(/\s+/);
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

  async newRoom(
    kind: RoomDraft["room"]["kind"] = "public",
    history: "all" | "joined" = "all",
    more: Partial<RoomDraft["room"]> = {},
  ): Promise<Room> {
    const owner = await this.newUser();
    const [outcome] = await this.commit(created(owner, { kind, history, ...more }));
    expect(outcome).toMatchObject({ code: "committed", seq: kind === "open" ? 0 : 1 });
    return { n: outcome?.room ?? 0, owner };
  }

  /** Somebody new with a place in the room that was there before, by no event. */
  async newPlace(room: number, place: Partial<typeof members.$inferInsert> = {}): Promise<number> {
    const user = await this.newUser();
    const values = { role: "member", state: "joined", visible_from: 1, joined_seq: 1, ...place } as const;
    await this.storage.db.insert(members).values({ room, user, ...values });
    await this.#recount(room);
    return user;
  }

  /** The room has that many more members, whom nobody knows. */
  async crowd(room: number, size: number): Promise<void> {
    const made = shortId();
    const { client } = this.storage;
    await client.execute({
      sql: `WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?2)
        INSERT INTO users (id, issuer, subject, name, created_at) SELECT ?1 || n, ?1, n, 'one of many', 1 FROM i`,
      args: [made, size],
    });
    await client.execute({
      sql: `INSERT INTO members (room, user, role, state, visible_from, joined_seq)
        SELECT ?2, n, 'member', 'joined', 1, 1 FROM users WHERE issuer = ?1`,
      args: [made, room],
    });
    await this.#recount(room);
  }

  async #recount(room: number): Promise<void> {
    await this.storage.db
      .update(rooms)
      .set({ members: await this.#joined(room) })
      .where(eq(rooms.n, room));
  }

  async #joined(room: number): Promise<number> {
    const isJoined = and(eq(members.room, room), eq(members.state, "joined"));
    const [row] = await this.storage.db.select({ joined: count() }).from(members).where(isJoined);
    return row?.joined ?? 0;
  }

  async placeOf(room: number, user: number): Promise<typeof members.$inferSelect | undefined> {
    const [row] = await this.storage.db
      .select()
      .from(members)
      .where(and(eq(members.room, room), eq(members.user, user)));
    return row;
  }

  async roomOf(n: number): Promise<typeof rooms.$inferSelect> {
    const [row] = await this.storage.db.select().from(rooms).where(eq(rooms.n, n));
    if (row === undefined) throw new Error(`Expected a room ${n}.`);
    return row;
  }

  /** The places of a room that changed without an event, as other nodes hear of them. */
  async silentPlaces(room: number): Promise<{ user: number; seq: number }[]> {
    const { rows } = await this.storage.client.execute({
      sql: "SELECT user, seq FROM controls WHERE kind = 'place' AND subject = ? AND at > 0 ORDER BY n",
      args: [room],
    });
    return rows.map((row) => ({ user: Number(row[0]), seq: Number(row[1]) }));
  }

  /** The room's number of members is how many there are. */
  async expectCounted(room: number): Promise<void> {
    expect((await this.roomOf(room)).members).toBe(await this.#joined(room));
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
    const { last_seq, last_at } = await this.roomOf(room);
    expect(last_seq).toBe(length);
    expect(last_at).toBe(events.at(-1)?.time ?? 0);
  }
}
