/** The settings of limits and of moderation: a part of the table in `config.ts`. */

import type { Setting } from "./lib/setting-kinds.ts";
import { slow_mode_s_max } from "./protocol/limits.ts";
import { operationLimits, readLimit } from "./protocol/operation-limits.ts";

export const limitSettings = {
  messages_per_second_per_connection: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "0",
    sentence: "Messages a second that one connection may send, within what its user may; 0 for no limit of its own.",
  },
  reads_per_second: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "100",
    sentence:
      "What one user may read in a second for long, apart from what they send: connects, subscriptions, pages and lists.",
  },
  reads_burst: {
    kind: "integer",
    // Somebody who comes back subscribes to all of their rooms at once.
    min: 100,
    max: 1_000_000,
    default: "2000",
    sentence: "What one user may read at once after a pause.",
  },
  reads_per_second_per_address: {
    kind: "integer",
    min: 0,
    max: 10_000_000,
    default: "1000",
    sentence: "The same for one address, all of its users together; 0 for no limit. The server's own machine has none.",
  },
  operation_limits: {
    kind: "list",
    valid: {
      expected: `an operation and how often a user may call it in an hour, such as room.create=100: ${Object.keys(operationLimits).join(", ")}`,
      test: (text) => readLimit(text) !== undefined,
    },
    default: "",
    sentence: "Other limits than the server's own on dear operations, as room.create=100; 0 for no limit.",
  },
  lockdown_slow_seconds: {
    kind: "integer",
    min: 1,
    max: slow_mode_s_max,
    default: "30",
    sentence: "What a lockdown lets everybody but moderators wait between two messages.",
  },
} as const satisfies Record<string, Setting>;
