/** The chat and its doors in this process, without a listener: what is given to a connection comes from a piece of work, not from a kernel. */

import { createChat } from "../../src/app-chat.ts";
import { createDoors } from "../../src/app.ts";
import { signToken } from "../../src/cli/load/confab-target.ts";
import { readConfig } from "../../src/config.ts";
import type { Socket } from "../../src/gateway/connection.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createLog } from "../../src/lib/log.ts";
import { openStorage, type Storage } from "../../src/store/database.ts";

const secret = "bench ".repeat(8);
const limit = "1000000";

/** A host's token for a user. */
export function tokenOf(subject: string): string {
  return signToken(secret, subject, systemClock.now());
}

/** A socket that takes everything at once. */
export abstract class Sink implements Socket {
  abstract send(frame: string): void;
  subscribe(): void {}
  unsubscribe(): void {}
  buffered(): number {
    return 0;
  }

  close(code: number, reason: string): void {
    throw new Error(`Expected a connection that stays; got ${code} ${reason}`);
  }
}

/** Opens them on the database of a folder; `behind` may put something else in the place of the storage. */
export async function openDoors(folder: string, behind: (storage: Storage) => Storage = (storage) => storage) {
  const clock = systemClock;
  const log = createLog({ level: "error", format: "text", clock, write: (line) => process.stderr.write(line) });
  const limits = { CONFAB_MESSAGES_PER_SECOND: limit, CONFAB_MESSAGES_BURST: limit };
  const env = { ...limits, CONFAB_JWT_SECRET: secret };
  const { config, secrets } = readConfig({ flags: {}, env, readFile: () => "" });
  const storage = await openStorage({ folder, remote: undefined, clock, log });
  const options = { config, secrets, version: "micro", log, clock };
  const used = behind(storage);
  const chat = createChat(options, used, () => {});
  await chat.start();
  const { sockets } = await createDoors(options, used, chat);
  /** What is gathered still is written before the database closes. */
  const close = async (): Promise<void> => {
    await chat.company.finish();
    await chat.journal.close();
    await storage.close();
  };
  return { sockets, close };
}

export type OpenDoors = Awaited<ReturnType<typeof openDoors>>;
