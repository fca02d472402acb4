/** The operations of those who keep order, and of who does not want to hear of somebody. */

import type { moderationShapes } from "../protocol/moderation-operations.ts";
import type { AddressBans } from "./address-bans.ts";
import type { Audit } from "./audit.ts";
import type { Blocks } from "./blocks.ts";
import type { Operations } from "./operation.ts";
import type { Reports } from "./reports.ts";
import type { Rules } from "./rules.ts";
import type { ServerSettings } from "./server-settings.ts";

export interface ModerationOperationsOptions {
  readonly addressBans: AddressBans;
  readonly audit: Audit;
  readonly blocks: Blocks;
  readonly reports: Reports;
  readonly rules: Rules;
  readonly settings: ServerSettings;
}

export function moderationOperations(options: ModerationOperationsOptions): Operations<typeof moderationShapes> {
  const { addressBans, audit, blocks, reports, rules, settings } = options;
  const [read, write] = [{ who: "person", scope: "read" } as const, { who: "person", scope: "write" } as const];
  const moderate = { who: "person", scope: "moderate" } as const;
  const administer = { who: "administrator", scope: "administer" } as const;
  return {
    "rule.create": { ...administer, cost: 5, run: ({ caller, input }) => rules.create(caller, input) },
    "rule.list": { ...administer, cost: 2, run: ({ input }) => rules.list(input) },
    "rule.update": { ...administer, cost: 5, run: ({ caller, input }) => rules.update(caller, input) },
    "rule.delete": { ...administer, cost: 5, run: ({ caller, input }) => rules.delete(caller, input) },
    "rule.test": { ...administer, cost: 2, run: async ({ input }) => rules.test(input) },
    "message.report": { ...write, cost: 5, run: ({ caller, input }) => reports.report(caller, input) },
    "report.list": { ...moderate, cost: 3, run: ({ caller, input }) => reports.list(caller, input) },
    "report.handle": { ...moderate, cost: 3, run: ({ caller, input }) => reports.handle(caller, input) },
    "address_ban.create": { ...administer, cost: 5, run: ({ caller, input }) => addressBans.create(caller, input) },
    "address_ban.list": { ...administer, cost: 2, run: ({ input }) => addressBans.list(input) },
    "address_ban.delete": { ...administer, cost: 5, run: ({ caller, input }) => addressBans.delete(caller, input) },
    "user.block": { ...write, cost: 3, run: ({ caller, input }) => blocks.block(caller, input.user) },
    "user.unblock": { ...write, cost: 3, run: ({ caller, input }) => blocks.unblock(caller, input.user) },
    "block.list": { ...read, cost: 2, run: ({ caller }) => blocks.list(caller) },
    "server.lockdown": { ...administer, cost: 5, run: ({ caller, input }) => settings.lockDown(caller, input) },
    "server.settings.get": { ...administer, cost: 1, run: async () => settings.shape() },
    "server.settings.set": { ...administer, cost: 5, run: ({ caller, input }) => settings.set(caller, input) },
    "audit.list": { ...administer, cost: 3, run: ({ input }) => audit.list(input) },
  };
}
