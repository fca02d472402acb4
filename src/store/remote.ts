/** A database on a libSQL server (sqld, Turso), shared by nodes. Every call has a deadline: a silent server must not hang us. */

import type { Client } from "@libsql/client";
import type { Clock } from "../lib/clock.ts";
import { createRemoteCommitter } from "./commit-remote.ts";
import type { Committer } from "./draft.ts";
import { call_ms_max, calls_underway_max, remoteError, RemoteClient, whileBusy } from "./remote-client.ts";
import { fetchWithin } from "./remote-fetch.ts";

/** A migration may rewrite a large table. */
export const migration_ms_max = 60_000;

/** A batch is tried again for so long while the server is busy. */
const busy_ms_max = 500;

/** The journal has one batch on its way. */
const commits_underway_max = 1;

export interface RemoteOptions {
  /** `libsql://` (which is HTTPS), `https://` or `http://`. */
  readonly url: string;
  readonly token: string | undefined;
  readonly clock: Clock;
}

export async function openRemote(options: RemoteOptions): Promise<{ client: Client; committer: Committer }> {
  // A server with a file of its own never reads what speaks to another one.
  const { createClient } = await import("@libsql/client/http");
  const connect = (ms: number): Client =>
    createClient({
      url: options.url,
      ...(options.token === undefined ? {} : { authToken: options.token }),
      // The client would queue what is above this, without a deadline. Commits come beside the calls, and wait for none.
      concurrency: calls_underway_max + commits_underway_max,
      fetch: fetchWithin(options.clock, ms),
    });
  const client = connect(call_ms_max);
  const committer = createRemoteCommitter(async (statements) => {
    try {
      const end_ms = options.clock.monotonic() + busy_ms_max;
      return await whileBusy(options.clock, end_ms, () => client.batch(statements, "write"));
    } catch (error) {
      throw remoteError(error, true);
    }
  });
  return { client: new RemoteClient({ client, patient: connect(migration_ms_max), clock: options.clock }), committer };
}
