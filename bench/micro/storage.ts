/** The database alone, without sockets: `bun bench/micro/storage.ts [messages stored before]`. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/lib/clock.ts";
import { uuidv7 } from "../../src/lib/ids.ts";
import { createLog } from "../../src/lib/log.ts";
import { openStorage, type Storage } from "../../src/store/database.ts";
import type { Draft } from "../../src/store/draft.ts";
import { wholeView } from "../../src/chat/policy.ts";
import { seedFolder } from "../load/seed.ts";
import { measurePieces, type Piece } from "./measure.ts";

const rooms = 100;
const users = 100;
const stored = Number(process.argv[2] ?? 100_000);
const data = `{"text":"${"x".repeat(117)}"}`;

interface Batch {
  readonly size: number;
  /** Keys of the rooms that take turns; every user is a member of all of them. */
  readonly rooms: readonly number[];
  readonly id: () => string;
}

function drafts(batch: Batch): Draft[] {
  return Array.from({ length: batch.size }, (_, index) => {
    const room = batch.rooms[index % batch.rooms.length] ?? 1;
    return { kind: "message", room, actor: (index % users) + 1, by: "u".repeat(20), id: batch.id(), data };
  });
}

/** An open room has no members: what a commit to it saves is the check of membership. */
async function openRoom(storage: Storage): Promise<number> {
  const room = { id: "open:micro", kind: "open", name: "", history: "all" } as const;
  const draft = { kind: "created", actor: 1, by: "", room, data: "{}" } as const;
  const [outcome] = (await storage.committer.commit([draft])).outcomes;
  return outcome?.room ?? 0;
}

async function commits(storage: Storage): Promise<Piece[]> {
  const all = Array.from({ length: rooms }, (_, index) => index + 1);
  const open = await openRoom(storage);
  const piece = (name: string, size: number, given: Partial<Batch> = {}): Piece => {
    const batch = { size, rooms: [1], id: uuidv7, ...given };
    return { name, count: size, run: () => storage.committer.commit(drafts(batch)) };
  };
  return [
    piece("commit of 1", 1),
    piece("commit of 10, for one", 10),
    piece("commit of 100, one room, for one", 100),
    piece("commit of 100, 100 rooms, for one", 100, { rooms: all }),
    piece("commit of 500, one room, for one", 500),
    piece("the same without the check of membership", 500, { rooms: [open] }),
    piece("the same, ids in no order (UUIDv4)", 500, { id: () => crypto.randomUUID() }),
    { name: "an empty transaction, there and back", count: 1, run: () => storage.committer.commit([]) },
  ];
}

function pages(storage: Storage): Piece[] {
  const top = Math.floor(stored / rooms);
  const page = (limit: number) => (): Promise<unknown> => {
    const to = limit + Math.floor(Math.random() * (top - limit));
    const room = 1 + Math.floor(Math.random() * rooms);
    return storage.history.page(wholeView(room), { from: 1, to, limit, take: "newest" });
  };
  return [
    { name: "page of 50 from anywhere", count: 1, run: page(50) },
    { name: "page of 1, the cost of asking", count: 1, run: page(1) },
    {
      name: "eight pages of 50 at once, for one",
      count: 8,
      run: () => Promise.all(Array.from({ length: 8 }, page(50))),
    },
  ];
}

const folder = await mkdtemp(join(tmpdir(), "confab-micro-"));
try {
  await seedFolder({ folder, users, rooms, rooms_per_user: rooms, messages_per_room: Math.floor(stored / rooms) });
  const log = createLog({ level: "error", format: "text", clock: systemClock, write: (line) => console.error(line) });
  const storage = await openStorage({ folder, clock: systemClock, log });
  const title = `storage, ${stored.toLocaleString("en-US")} messages stored before`;
  await measurePieces(`${title}: pages`, pages(storage));
  await measurePieces(`${title}: commits`, await commits(storage));
  await storage.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
