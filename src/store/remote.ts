/** A database on a libSQL server (sqld, Turso), shared by nodes. Every call has a deadline: a silent server must not hang us. */

import type { Client } from "@libsql/client";
import { createClient } from "@libsql/client/http";
import type { Clock } from "../lib/clock.ts";
import { createRemoteCommitter } from "./commit-remote.ts";
import type { Committer } from "./draft.ts";
import { calls_pending_max, remoteError, RemoteClient } from "./remote-client.ts";
import { fetchWithin } from "./remote-fetch.ts";

export const call_ms_max = 2_000;
/** A migration may rewrite a large table. */
const migration_ms_max = 60_000;

export interface RemoteOptions {
  /** `libsql://` (which is HTTPS), `https://` or `http://`. */
  readonly url: string;
  readonly token: string | undefined;
  readonly clock: Clock;
}

export function openRemote(options: RemoteOptions): { client: Client; committer: Committer } {
  const connect = (ms: number): Client =>
    createClient({
      url: options.url,
      ...(options.token === undefined ? {} : { authToken: options.token }),
      // The client would queue what is above this, without a deadline.
      concurrency: calls_pending_max,
      fetch: fetchWithin(options.clock, ms),
    });
  const client = connect(call_ms_max);
  const committer = createRemoteCommitter(async (statements) => {
    try {
      return await client.batch(statements, "write");
    } catch (error) {
      throw remoteError(error, true);
    }
  });
  return { client: new RemoteClient({ client, patient: connect(migration_ms_max) }), committer };
}
