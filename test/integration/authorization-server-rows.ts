/** The rows of operations that are about no room: people, accounts, the server. */

import type { OperationName } from "../../src/protocol/operations.ts";
import type { CallerKind } from "./authorization-callers.ts";
import { always, says, type Told } from "./authorization-rights.ts";
import type { Row } from "./authorization-table.ts";

/** Who has an account of this server; the others are the application's, or nobody's. */
function isLocal(caller: CallerKind): boolean {
  return !["guest", "host", "bot", "grant"].includes(caller);
}

const local: Told = (caller) => (isLocal(caller) ? "ok" : "not_available");
const nothing = (): Record<string, unknown> => ({});
const unknown = (): Record<string, unknown> => ({ user: "0" });

export const serverRows = {
  "user.get": { input: () => ({ ids: ["x"] }), room: false, told: always },
  "user.find": { input: () => ({ query: "x" }), room: false, told: always },
  "user.block": { input: (_, { victim }) => ({ user: victim }), room: false, told: always },
  "user.unblock": { input: (_, { victim }) => ({ user: victim }), room: false, told: always },
  "block.list": { input: nothing, room: false, told: always },
  "status.set": { input: () => ({ status: "away" }), room: false, told: always },
  "status.get": { input: () => ({ ids: ["x"] }), room: false, told: always },
  "session.end": {
    input: nothing,
    room: false,
    ends: true,
    // A host signs its own users in and out, and a key is revoked.
    told: (caller) => ((isLocal(caller) && !caller.startsWith("key_")) || caller === "guest" ? "ok" : "not_available"),
  },
  "session.list": { input: nothing, room: false, told: always },
  "session.revoke": { input: () => ({ id: "0" }), room: false, told: says("bad_request") },
  "account.get": { input: nothing, room: false, told: always },
  "account.update": { input: () => ({ name: "New" }), room: false, told: local },
  "api_key.create": { input: () => ({ name: "k", scopes: ["administer"] }), room: false, told: always },
  "api_key.list": { input: nothing, room: false, told: always },
  "api_key.revoke": { input: () => ({ id: "0" }), room: false, told: says("bad_request") },
  "bot.create": { input: () => ({ name: "Bot" }), room: false, told: always },
  "bot.list": { input: nothing, room: false, told: always },
  "user.list": { input: nothing, room: false, told: always },
  "user.disable": { input: unknown, room: false, told: says("bad_request") },
  "user.enable": { input: unknown, room: false, told: says("bad_request") },
  "user.role": { input: () => ({ user: "0", role: "member" }), room: false, told: says("bad_request") },
  "user.reset_password": { input: unknown, room: false, told: says("bad_request") },
  "user.reset_second_factor": { input: unknown, room: false, told: says("bad_request") },
  "user.sign_out": { input: unknown, room: false, told: says("bad_request") },
  "rule.create": { input: () => ({ text: "a word", action: "trial" }), room: false, told: always },
  "rule.list": { input: nothing, room: false, told: always },
  "rule.update": { input: () => ({ rule: "0", action: "trial" }), room: false, told: says("not_found") },
  "rule.delete": { input: () => ({ rule: "0" }), room: false, told: says("not_found") },
  "rule.test": { input: () => ({ text: "words" }), room: false, told: always },
  "address_ban.create": { input: () => ({ network: "203.0.113.0/24", reason: "spam" }), room: false, told: always },
  "address_ban.list": { input: nothing, room: false, told: always },
  "address_ban.delete": { input: () => ({ id: "0" }), room: false, told: says("not_found") },
  "server.lockdown": { input: () => ({ on: false }), room: false, told: always },
  "server.settings.get": { input: nothing, room: false, told: always },
  "server.settings.set": { input: () => ({}), room: false, told: says("bad_request") },
  "audit.list": { input: nothing, room: false, told: always },
} as const satisfies Partial<Record<OperationName, Row>>;
