/** A database on a libSQL server (sqld, Turso), shared by nodes. Every call has a deadline: a silent server must not hang us. */

import type { Client } from "@libsql/client";
import { LibsqlError } from "@libsql/core/api";
import type { Clock } from "../lib/clock.ts";
import { createRemoteCommitter } from "./commit-remote.ts";
import type { Committer } from "./draft.ts";
import { calls_underway_max, isRefused, remoteError, RemoteClient } from "./remote-client.ts";
import { fetchWithin } from "./remote-fetch.ts";

export const call_ms_max = 2_000;
/** A migration may rewrite a large table. */
export const migration_ms_max = 60_000;

/** sqld says now and then that it is busy when several nodes write at once: nothing is stored then, and the next try is taken. */
const busy_ms_max = 500;
const busy_pause_ms = 20;

function isBusy(error: unknown): boolean {
  return error instanceof LibsqlError && error.code.startsWith("SQLITE_BUSY");
}

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
    const start_ms = options.clock.monotonic();
    for (;;) {
      try {
        return await client.batch(statements, "write");
      } catch (error) {
        const isOver = options.clock.monotonic() - start_ms > busy_ms_max;
        if (isOver || !(isBusy(error) || isRefused(error))) throw remoteError(error, true);
        await new Promise<void>((resume) => void options.clock.after(busy_pause_ms, resume));
      }
    }
  });
  return { client: new RemoteClient({ client, patient: connect(migration_ms_max), clock: options.clock }), committer };
}
