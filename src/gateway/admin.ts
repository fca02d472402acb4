/** The door of the tools: JSON over a socket file in the data folder, which only the server's own user may open. */

import type { Log } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";

export const adminSocket = "admin.sock";

/** What a running server can be asked; each gives what is sent back as JSON. */
export interface AdminOptions {
  readonly log: Log;
  readonly status: () => unknown;
  readonly backUp: (folder: string) => Promise<unknown>;
  readonly verify: () => Promise<unknown>;
  /** Does what is asked of people's accounts and of rooms. */
  readonly administer: (act: unknown) => Promise<unknown>;
}

export function createAdmin(options: AdminOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname } = new URL(request.url);
    try {
      const answer = await run(options, `${request.method} ${pathname}`, request);
      return answer === undefined ? Response.json({ error: "not found" }, { status: 404 }) : Response.json(answer);
    } catch (error) {
      if (error instanceof OperatorError) return Response.json({ error: error.message }, { status: 400 });
      options.log.error("admin_failed", { path: pathname, error });
      const message = error instanceof Error ? error.message : String(error);
      return Response.json({ error: `the server could not do it: ${message}` }, { status: 500 });
    }
  };
}

async function run(options: AdminOptions, asked: string, request: Request): Promise<unknown> {
  switch (asked) {
    case "GET /status":
      return options.status();
    case "POST /verify":
      return await options.verify();
    case "POST /act":
      return (await options.administer(await request.json())) ?? {};
    case "POST /backup": {
      const { folder } = (await request.json()) as { folder?: unknown };
      if (typeof folder !== "string" || folder === "") throw new OperatorError("Expected the folder for the backup.");
      return await options.backUp(folder);
    }
    default:
      return undefined;
  }
}
