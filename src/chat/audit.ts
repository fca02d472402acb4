/** Says who did what to whom: every administrative act, on whatever way it came. */

import type { Clock } from "../lib/clock.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import { addAudit, listAudit } from "../store/audit.ts";
import type { Database } from "../store/orm.ts";

/** The command line has no person. */
export const commandLine = "$cli";

export interface Act {
  /** `users.id` of who did it, or `$cli`. */
  readonly actor: string;
  /** The operation's name, or the command's. */
  readonly action: string;
  /** `user:<id>`, `room:<id>`, `rule:<id>` … */
  readonly target: string;
  /** What else matters: no secret, and no words of a message. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  readonly address?: string | undefined;
}

export class Audit {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(options: { db: Database; clock: Clock }) {
    this.#db = options.db;
    this.#clock = options.clock;
  }

  async note({ actor, action, target, detail, address }: Act): Promise<void> {
    const at = this.#clock.now();
    const row = { at, actor, action, target, detail: JSON.stringify(detail ?? {}), address: address ?? null };
    await addAudit(this.#db, row);
  }
  /** The newest first. */
  async list({ actor, before, limit, target }: CheckedInput<"audit.list">): Promise<OutputOf<"audit.list">> {
    const found = await listAudit(this.#db, { before, target, actor, limit: limit + 1 });
    const acts = found
      .slice(0, limit)
      .map(({ detail, ...row }) => ({ ...row, detail: JSON.parse(detail) as Record<string, unknown> }));
    return { acts, more: found.length > limit };
  }
}
