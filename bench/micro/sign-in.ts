/**
 * A sign-in without kernel and upgrade: from the connect command to its reply, with the storage threads.
 * `bun bench/micro/sign-in.ts [sign-ins at once]`. Sockets take what they are given. Each person comes, and goes again.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Connection, Flusher } from "../../src/gateway/connection.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { seedFolder } from "../load/seed.ts";
import { openDoors, Sink, tokenOf, type OpenDoors } from "./doors.ts";
import { measurePieces, type Piece } from "./measure.ts";

const at_once = Number(process.argv[2] ?? 64);
const clock = systemClock;
const users = 10_000;
const rooms = 100;
const rooms_per_user = 10;
const messages_per_room = 20;

/** The first frame is the reply. */
class Reply extends Sink {
  #replied: (() => void) | undefined;

  constructor(replied: () => void) {
    super();
    this.#replied = replied;
  }

  override send(): void {
    this.#replied?.();
    this.#replied = undefined;
  }
}

function piece({ sockets }: OpenDoors, name: string, wants: object): Piece {
  const flusher = new Flusher();
  const tokens = Array.from({ length: users }, (_, user) => tokenOf(`load-${user}`));
  let next = 0;
  return {
    name,
    count: at_once,
    run: () =>
      new Promise<void>((resolve) => {
        const connections: Connection[] = [];
        let missing = at_once;
        const replied = (): void => {
          if (--missing > 0) return;
          for (const connection of connections) sockets.closed(connection);
          resolve();
        };
        for (let at = 0; at < at_once; at++) {
          const client = crypto.randomUUID();
          const options = { client, address: "127.0.0.1", flusher, now_ms: clock.monotonic() };
          const connection = new Connection({ ...options, socket: new Reply(replied) });
          connections.push(connection);
          sockets.opened(connection);
          const token = tokens[next++ % users];
          sockets.received(connection, JSON.stringify({ id: 1, connect: { token, data: wants } }));
        }
      }),
  };
}

const folder = await mkdtemp(join(tmpdir(), "confab-micro-"));
try {
  await seedFolder({ folder, users, rooms, rooms_per_user, messages_per_room });
  const opened = await openDoors(folder);
  await measurePieces(`${at_once} sign-ins at once, for one`, [
    piece(opened, `with ${rooms_per_user} rooms`, { rooms: true }),
    piece(opened, "without rooms", {}),
  ]);
  await opened.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
