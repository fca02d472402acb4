/**
 * A sign-in without kernel and upgrade: from the connect command to its reply, with the storage threads.
 * `bun bench/micro/sign-in.ts [sign-ins at once]`. Sockets take what they are given. Each person comes, and goes again.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChat } from "../../src/app-chat.ts";
import { createDoors } from "../../src/app.ts";
import { signToken } from "../../src/cli/load/confab-target.ts";
import { readConfig } from "../../src/config.ts";
import { Connection, Flusher, type Socket } from "../../src/gateway/connection.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { openStorage } from "../../src/store/database.ts";
import { seedFolder } from "../load/seed.ts";
import { measurePieces, type Piece } from "./measure.ts";

const at_once = Number(process.argv[2] ?? 64);
const secret = "bench ".repeat(8);
const clock = systemClock;
const users = 10_000;
const rooms = 100;
const rooms_per_user = 10;
const messages_per_room = 20;

/** Takes everything; the first frame is the reply. */
class Sink implements Socket {
  reply: string | undefined;
  readonly #replied: () => void;

  constructor(replied: () => void) {
    this.#replied = replied;
  }

  send(frame: string): void {
    if (this.reply !== undefined) return;
    this.reply = frame;
    this.#replied();
  }

  subscribe(): void {}
  unsubscribe(): void {}
  buffered(): number {
    return 0;
  }

  close(code: number, reason: string): void {
    throw new Error(`Expected a connection that stays; got ${code} ${reason}`);
  }
}

async function openGateway(folder: string) {
  const log = createLog({ level: "error", format: "text", clock, write: (line) => process.stderr.write(line) });
  const env = { CONFAB_JWT_SECRET: secret };
  const { config, secrets } = readConfig({ flags: {}, env, readFile: () => "" });
  const storage = await openStorage({ folder, remote: undefined, clock, log });
  const options = { config, secrets, version: "micro", log, clock };
  const chat = createChat(options, storage, () => {});
  await chat.start();
  const { sockets } = await createDoors(options, storage, chat);
  return { sockets, storage };
}

function piece({ sockets }: Awaited<ReturnType<typeof openGateway>>, name: string, wants: object): Piece {
  const flusher = new Flusher();
  const tokens = Array.from({ length: users }, (_, user) => signToken(secret, `load-${user}`, clock.now()));
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
          const connection = new Connection({ ...options, socket: new Sink(replied) });
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
  const opened = await openGateway(folder);
  await measurePieces(`${at_once} sign-ins at once, for one`, [
    piece(opened, `with ${rooms_per_user} rooms`, { rooms: true }),
    piece(opened, "without rooms", {}),
  ]);
  await opened.storage.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
