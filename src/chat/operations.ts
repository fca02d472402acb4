/**
 * The operations: for each, who may call it, what it costs and what it does. Every door (RPC, HTTP) calls them through
 * `run`, so that rights, limits and shapes are the same everywhere.
 */

import { problemText } from "../protocol/commands.ts";
import { ChatError } from "../protocol/errors.ts";
import { operationShapes, type CheckedInput, type OperationName } from "../protocol/operations.ts";
import { administers } from "../protocol/roles.ts";
import { accountOperations, type AccountOperationsOptions } from "./account-operations.ts";
import type { Invites } from "./invites.ts";
import type { Marks } from "./marks.ts";
import type { Members } from "./members.ts";
import { messageOperations } from "./message-operations.ts";
import type { Messages } from "./messages.ts";
import { moderationOperations, type ModerationOperationsOptions } from "./moderation-operations.ts";
import type { Operation, OperationTable } from "./operation.ts";
import { peopleOperations, type PeopleOperationsOptions } from "./people-operations.ts";
import type { Caller } from "./policy.ts";
import { RawJson } from "./raw-json.ts";
import { memberOperations, roomOperations } from "./room-operations.ts";
import type { RoomLists } from "./room-lists.ts";
import type { Rooms } from "./rooms.ts";

export interface OperationsOptions
  extends AccountOperationsOptions, ModerationOperationsOptions, PeopleOperationsOptions {
  readonly invites: Invites;
  readonly lists: RoomLists;
  readonly marks: Marks;
  readonly members: Members;
  readonly messages: Messages;
  readonly rooms: Rooms;
}

export function createOperations(options: OperationsOptions): OperationTable {
  return {
    ...roomOperations(options),
    ...memberOperations(options),
    ...messageOperations(options),
    ...peopleOperations(options),
    ...moderationOperations(options),
    ...accountOperations(options),
  };
}

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(operationShapes, name);
}

/** Checks an input. Throws `bad_request` with what was expected. */
export function checkInput<N extends OperationName>(name: N, input: unknown): CheckedInput<N> {
  const checked = operationShapes[name].input.safeParse(input ?? {});
  if (!checked.success) throw new ChatError("bad_request", problemText(checked.error));
  return checked.data as CheckedInput<N>;
}

/** Throws `permission_denied` where the caller, or the key that they came with, may not call an operation at all. */
export function requireAllowed(caller: Caller, { who, scope }: Pick<Operation<OperationName>, "who" | "scope">): void {
  const { role } = caller.person;
  if (who === "account" && role === "guest") throw new ChatError("permission_denied", "guests may not do this");
  if (who === "administrator" && !administers(role))
    throw new ChatError("permission_denied", "only administrators may do this");
  if (who === "owner" && role !== "owner")
    throw new ChatError("permission_denied", "only the owner of the server may do this");
  if (caller.scopes !== undefined && !caller.scopes.has(scope))
    throw new ChatError("permission_denied", `this key is not good for ${scope}`);
}

/** Runs an operation and gives its output as JSON text. */
export async function runOperation<N extends OperationName>(
  table: OperationTable,
  name: N,
  asked: { caller: Caller; input: unknown; text: string },
): Promise<string> {
  const { caller, text } = asked;
  requireAllowed(caller, table[name]);
  const output = await table[name].run({ caller, input: checkInput(name, asked.input), text });
  return output instanceof RawJson ? output.text : JSON.stringify(output);
}
