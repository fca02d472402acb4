/** A database file on a connection and a thread of its own, beside whatever else uses it: for copies and checks. */

import type { Client } from "@libsql/client";
import type { Log } from "../lib/log.ts";
import { ThreadedClient } from "./client.ts";
import { StorageThread } from "./storage-thread.ts";
import type { ThreadRole } from "./thread-protocol.ts";

export interface Aside extends AsyncDisposable {
  readonly client: Client;
}

export async function openAside(path: string, options: { role: ThreadRole; log: Log }): Promise<Aside> {
  const thread = new StorageThread({ ...options, path });
  await thread.start();
  return {
    client: new ThreadedClient({ writer: thread, reader: thread }),
    [Symbol.asyncDispose]: () => thread.stop(),
  };
}
