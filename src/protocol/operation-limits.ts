/**
 * How often one person may call the operations that cost others more than the server: each makes something that stays,
 * or looks around among people. In an hour; administrators have no such limit. `operation_limits` changes them.
 */

import type { OperationName } from "./operations.ts";

export const operationLimits = {
  "room.create": 100,
  "room.direct": 200,
  "member.invite": 500,
  "invite.create": 100,
  "invite.accept": 100,
  "user.find": 1_200,
  "user.block": 200,
  "message.report": 100,
} as const satisfies Partial<Record<OperationName, number>>;

export type LimitedOperation = keyof typeof operationLimits;
export type OperationLimits = Readonly<Record<LimitedOperation, number>>;

const calls_per_hour_max = 1_000_000;

/** The operation and the number of `room.create=100`; undefined for anything else. */
export function readLimit(text: string): readonly [LimitedOperation, number] | undefined {
  const [, name = "", digits = ""] = /^([a-z_.]+)=(\d{1,7})$/.exec(text) ?? [];
  const isKnown = Object.hasOwn(operationLimits, name) && Number(digits) <= calls_per_hour_max;
  return isKnown ? [name as LimitedOperation, Number(digits)] : undefined;
}

/** The table with what was set instead; the last one counts. */
export function limitsWith(given: readonly string[]): OperationLimits {
  const changed = given.map(readLimit).filter((limit) => limit !== undefined);
  return { ...operationLimits, ...Object.fromEntries(changed) };
}
