/** The parts of keeping order that every node has in memory, and that are read again when the news says so. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { SignUpMode } from "../protocol/moderation-operations.ts";
import type { Database } from "../store/orm.ts";
import { AddressBans } from "./address-bans.ts";
import type { Audit } from "./audit.ts";
import { Blocks } from "./blocks.ts";
import { Rules } from "./rules.ts";
import { ServerSettings } from "./server-settings.ts";

export interface ModerationOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  /** Other nodes should look into the database for what was changed. */
  readonly hint: () => void;
  readonly log: Log;
  readonly config: {
    readonly signUp: SignUpMode;
    readonly lockdownSlowSeconds: number;
    readonly trustedProxies: readonly string[];
  };
}

export function createModeration(options: ModerationOptions) {
  const { lockdownSlowSeconds: slowSeconds, signUp, trustedProxies } = options.config;
  const settings = new ServerSettings({ ...options, configured: { signUp, slowSeconds } });
  const rules = new Rules(options);
  const addressBans = new AddressBans({ ...options, trustedProxies });
  return {
    settings,
    rules,
    addressBans,
    blocks: new Blocks(options),
    /** Before the first connection comes in, and after each change on another node. */
    async load(): Promise<void> {
      await Promise.all([settings.load(), rules.load(), addressBans.load()]);
    },
  };
}

export type Moderation = ReturnType<typeof createModeration>;
