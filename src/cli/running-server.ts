/** Talks to the server that uses a data folder, if one runs: through the socket file that it keeps there. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { adminSocket } from "../gateway/admin.ts";
import { OperatorError } from "../lib/operator-error.ts";

/** The server's answer as JSON; undefined where no server runs on this folder. */
export async function askServer(data: string, what: { path: string; body?: object }): Promise<unknown> {
  const unix = join(data, adminSocket);
  if (!existsSync(unix)) return undefined;
  let response: Response;
  try {
    const method = what.path === "/status" ? "GET" : "POST";
    const body = what.body === undefined ? {} : { body: JSON.stringify(what.body) };
    response = await fetch(`http://confab${what.path}`, { unix, method, timeout: false, ...body });
  } catch (cause) {
    // A server that was killed leaves its socket file behind.
    if (
      cause instanceof Error &&
      "code" in cause &&
      (cause.code === "ECONNREFUSED" || cause.code === "FailedToOpenSocket")
    )
      return undefined;
    throw new OperatorError(`The server on ${data} does not answer: ${(cause as Error).message}`, { cause });
  }
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { error } = answer as { error?: string };
  throw new OperatorError(error ?? `The server answered ${response.status}.`);
}
