/**
 * A data folder full of people, rooms and messages, without sending each of them: the server's own schema, filled by
 * SQL that makes its rows itself. User n is the `load-<n>` that the load signs in, from 0.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../src/lib/log.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { openStorage } from "../../src/store/database.ts";

export interface Seed {
  readonly folder: string;
  readonly users: number;
  readonly rooms: number;
  /** Each user is in so many rooms, one after another. */
  readonly rooms_per_user: number;
  readonly messages_per_room: number;
}

const rows_per_transaction = 250_000;
const body = `{"text":"${"s".repeat(117)}"}`;

/** The id of a seeded room, from 0. */
export function seededRoom(index: number): string {
  return `room${String(index).padStart(16, "0")}`;
}

/** The rooms of a seeded user. */
export function roomsOf(user: number, seed: Pick<Seed, "rooms" | "rooms_per_user">): number[] {
  return Array.from({ length: seed.rooms_per_user }, (_, index) => (user * seed.rooms_per_user + index) % seed.rooms);
}

const numbers = "WITH RECURSIVE count(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM count WHERE i + 1 < ?2)";

const fill = {
  users: `${numbers} INSERT INTO users (n, id, issuer, subject, name, created_at)
    SELECT i + 1, printf('user%016d', i), 'jwt:', 'load-' || i, 'load-' || i, ?3 FROM count`,
  rooms: `${numbers} INSERT INTO rooms (n, id, kind, name, last_seq, last_at, created_by, created_at)
    SELECT i + 1, printf('room%016d', i), 'public', 'room ' || i, ?4, ?3, NULL, ?3 FROM count`,
  members: `${numbers} INSERT INTO members (room, user, role, state, visible_from, joined_seq)
    SELECT i % ?3 + 1, i / ?4 + 1, 'member', 'joined', 1, 1 FROM count`,
  // Rooms take turns, as they do where many are busy: the rows of a room lie apart.
  messages: `${numbers} INSERT INTO messages (room, seq, id, sender, sent_at, data)
    SELECT i % ?3 + 1, i / ?3 + 1, printf('018b%04x-%04x-7000-8000-%012x', i >> 16, i & 65535, i), i % ?4 + 1, ?5, ?6 FROM count`,
} as const;

/** A folder that was filled so, and is removed at the end. */
export async function seeded(seed: Omit<Seed, "folder">): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "confab-bench-seed-"));
  const seeding: AsyncDisposable & { readonly folder: string } = {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  try {
    await seedFolder({ ...seed, folder }, (sentence) => console.log(`  seeding: ${sentence}`));
    return seeding;
  } catch (error) {
    await seeding[Symbol.asyncDispose]();
    throw error;
  }
}

/** Fills a fresh folder. Several million messages take some seconds each. */
export async function seedFolder(seed: Seed, progress: (sentence: string) => void = () => {}): Promise<void> {
  const { folder, users, rooms, rooms_per_user, messages_per_room } = seed;
  const log = createLog({ level: "error", format: "text", clock: systemClock, write: (line) => console.error(line) });
  const storage = await openStorage({ folder, clock: systemClock, log });
  const now = Date.now();
  // As big integers: a plain number would be bound as a real, and SQL would divide it as one.
  const run = async (sql: string, count: number, values: (number | string)[]): Promise<void> => {
    const args = values.map((value) => (typeof value === "number" ? BigInt(value) : value));
    for (let from = 0; from < count; from += rows_per_transaction) {
      const to = Math.min(count, from + rows_per_transaction);
      await storage.client.execute({ sql, args: [BigInt(from), BigInt(to), ...args] });
      if (count > rows_per_transaction)
        progress(`${to.toLocaleString("en-US")} of ${count.toLocaleString("en-US")} rows`);
    }
  };
  try {
    await run(fill.users, users, [now]);
    await run(fill.rooms, rooms, [now, messages_per_room]);
    await run(fill.members, users * rooms_per_user, [rooms, rooms_per_user]);
    await run(fill.messages, rooms * messages_per_room, [rooms, users, now, body]);
  } finally {
    await storage.close();
  }
}
