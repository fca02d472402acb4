/**
 * The main thread alone: what a message costs between its bytes and the frames that leave, without kernel and disk.
 * `bun bench/micro/gateway.ts [messages at once]`. Sockets take what they are given, and every batch is committed at once.
 */

import { heapStats } from "bun:jsc";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, Flusher } from "../../src/gateway/connection.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { uuidv7 } from "../../src/lib/ids.ts";
import type { Storage } from "../../src/store/database.ts";
import type { Committed, Draft, MessageDraft, Outcome } from "../../src/store/draft.ts";
import { openDoors, Sink, tokenOf, type OpenDoors } from "./doors.ts";
import { measurePieces, type Piece } from "./measure.ts";

const at_once = Number(process.argv[2] ?? 256);
const text = "x".repeat(117);
const clock = systemClock;
const sign_in_id = 1;

/** Counts the answers, and keeps the last frame. */
class Answers extends Sink {
  count = 0;
  last = "";

  override send(frame: string): void {
    this.last = frame;
    for (let at = frame.indexOf('{"id"'); at >= 0; at = frame.indexOf('\n{"id"', at + 1)) this.count++;
  }
}

/** Commits messages in no time, but for the first of each room; that, and whatever else comes, goes to the database. */
function instantly(storage: Storage): Storage {
  const tops = new Map<number, number>();
  const { committer } = storage;
  return {
    ...storage,
    committer: {
      async commit(drafts: readonly Draft[]): Promise<Committed> {
        if (drafts.some((draft) => draft.kind !== "message" || !tops.has(draft.room))) {
          const committed = await committer.commit(drafts);
          for (const { room, seq } of committed.outcomes) tops.set(room, seq);
          return committed;
        }
        return { outcomes: committed(drafts as readonly MessageDraft[], tops), unseen: [] };
      },
    },
  };
}

function committed(drafts: readonly MessageDraft[], tops: Map<number, number>): Outcome[] {
  const time = clock.now();
  return drafts.map(({ room }) => {
    const seq = (tops.get(room) ?? 0) + 1;
    tops.set(room, seq);
    return { code: "committed", seq, time, room };
  });
}

interface Sender {
  readonly connection: Connection;
  readonly sink: Answers;
  readonly room: string;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}

async function sender({ sockets }: OpenDoors, what: { subject: string; flusher: Flusher }): Promise<Sender> {
  const { subject, flusher } = what;
  const sink = new Answers();
  const connection = new Connection({ client: subject, address: "127.0.0.1", socket: sink, flusher, now_ms: 0 });
  sockets.opened(connection);
  const ask = async (command: object): Promise<string> => {
    const before = sink.count;
    sockets.received(connection, JSON.stringify({ id: sign_in_id, ...command }));
    await until(() => sink.count > before);
    return sink.last;
  };
  await ask({ connect: { token: tokenOf(subject) } });
  const made = await ask({ rpc: { method: "room.create", data: { name: subject } } });
  const room = (JSON.parse(made) as { rpc: { data: { id: string } } }).rpc.data.id;
  await ask({ subscribe: { channel: room } });
  return { connection, sink, room };
}

function command(room: string): string {
  return `{"id":12345,"rpc":{"method":"message.send","data":{"room":"${room}","id":"${uuidv7()}","data":{"text":"${text}"}}}}`;
}

/** As the runtime gives them: a text of its own for every frame, not a rope. */
function flat(frame: string): string {
  return Buffer.from(frame).toString("latin1");
}

function piece(opened: OpenDoors, name: string, senders: readonly Sender[]): Piece {
  const { sockets } = opened;
  return {
    name,
    count: at_once,
    run: async () => {
      const frames = Array.from({ length: at_once }, (_, at) => {
        const one = senders[at % senders.length] as Sender;
        return { one, frame: flat(command(one.room)) };
      });
      let wanted = at_once;
      for (const { sink } of senders) wanted += sink.count;
      for (const { one, frame } of frames) sockets.received(one.connection, frame);
      await until(() => senders.reduce((sum, { sink }) => sum + sink.count, 0) >= wanted);
    },
  };
}

const folder = await mkdtemp(join(tmpdir(), "confab-micro-"));
try {
  const opened = await openDoors(folder, instantly);
  const flusher = new Flusher();
  const senders = await Promise.all(
    Array.from({ length: 100 }, (_, index) => sender(opened, { subject: `micro-${index}`, flusher })),
  );
  await measurePieces(`main thread, ${at_once} messages of 128 bytes at once, for one`, [
    piece(opened, "one room", senders.slice(0, 1)),
    piece(opened, "100 rooms", senders),
    { name: "making the commands alone", count: 1, run: () => flat(command("r".repeat(20))) },
  ]);
  Bun.gc(true);
  const { rss } = process.memoryUsage();
  console.log(`left in memory, the ring full: ${heapStats().objectCount} objects, ${Math.round(rss / 1e6)} MB`);
  await opened.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
