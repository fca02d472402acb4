/**
 * The operations: for each, what it costs and what it does. Every door (RPC, HTTP) calls them through `run`, so
 * that rights, limits and shapes are the same everywhere.
 */

import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { problemText } from "../protocol/commands.ts";
import { memberText } from "../protocol/json.ts";
import { operationShapes, type CheckedInput, type OperationName } from "../protocol/operations.ts";
import type { Outcome } from "../store/draft.ts";
import type { Accounts } from "./accounts.ts";
import type { Messages } from "./messages.ts";
import type { Names } from "./names.ts";
import type { People } from "./people.ts";
import { viewFor, type Caller } from "./policy.ts";
import { listed_people_max, type Presence } from "./presence.ts";
import { RawJson } from "./raw-json.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Rooms } from "./rooms.ts";

export interface OperationsOptions {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly messages: Messages;
  readonly names: Names;
  readonly people: People;
  readonly presence: Presence;
  readonly rooms: Rooms;
  /** Other nodes should look into the database for what was changed. */
  readonly hint: () => void;
}

interface Asked<N extends OperationName> {
  readonly caller: Caller;
  readonly input: CheckedInput<N>;
  /** The input as text, without insignificant whitespace: what is stored is cut out of it. */
  readonly text: string;
}

interface Operation<N extends OperationName> {
  /** Who may call it at all; rooms have their own rights beside. */
  readonly who: "person";
  /** What it takes from the caller's budget; a message costs 1. */
  readonly cost: number;
  readonly run: (asked: Asked<N>) => Promise<unknown>;
}

export type OperationTable = { readonly [N in OperationName]: Operation<N> };

/** What a send is answered, once its outcome is known; throws where it is an error. */
export function sentText(outcome: Outcome, id: string): string {
  const { code, seq, time } = outcome;
  if (code !== "committed" && code !== "repeated") throw new ChatError(code);
  return `{"seq":${seq},"id":"${id}","time":${time}}`;
}

export function createOperations(options: OperationsOptions): OperationTable {
  const { accounts, clock, directory, hint, messages, names, people, presence, rooms } = options;
  const who = "person";
  return {
    "room.create": { who, cost: 20, run: ({ caller, input }) => rooms.create(caller, input) },
    "room.join": { who, cost: 5, run: ({ caller, input }) => rooms.join(caller, input.room) },
    "room.leave": { who, cost: 5, run: ({ caller, input }) => rooms.leave(caller, input.room) },
    "room.list": { who, cost: 5, run: ({ caller, input }) => rooms.list(caller, input) },
    "room.get": { who, cost: 1, run: ({ caller, input }) => rooms.get(caller, input.room) },
    "message.send": {
      who,
      cost: 1,
      run: async ({ caller, input, text }) => {
        const sending = { room: input.room, id: input.id, data: memberText(text, "data") as string };
        const outcome = await new Promise<Outcome>((settle, reject) => {
          const sent = messages.send(caller, sending, { settle });
          if (sent !== undefined) sent.catch(reject);
        });
        return new RawJson(sentText(outcome, input.id));
      },
    },
    "message.list": { who, cost: 2, run: ({ caller, input }) => messages.list(caller, input) },
    "presence.list": {
      who,
      cost: 2,
      run: async ({ caller, input }) => {
        viewFor(caller, await directory.access(caller.person, input.room));
        const room = await directory.open(input.room);
        const { clients, users } = presence.counts(room);
        const listed = users > listed_people_max ? [] : [...room.people.keys()].map(({ id, name }) => ({ id, name }));
        const others = users > listed_people_max ? [] : presence.usersElsewhere(room);
        if (others.length > 0) listed.push(...(await names.of(others)));
        return { users: listed, count: users, connections: clients };
      },
    },
    "user.get": { who, cost: 2, run: async ({ input }) => ({ users: await names.of(new Set(input.ids)) }) },
    "session.end": {
      who,
      cost: 5,
      run: async ({ caller: { person, session } }) => {
        if (session === undefined) throw new ChatError("not_available", "your application signs you in and out");
        await accounts.endSession(session);
        // The caller's own connection is among them: it gets its answer first.
        clock.soon(() => people.endSession(person.id, session));
        hint();
        return {};
      },
    },
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

/** Runs an operation and gives its output as JSON text. */
export async function runOperation<N extends OperationName>(
  table: OperationTable,
  name: N,
  asked: { caller: Caller; input: unknown; text: string },
): Promise<string> {
  const output = await table[name].run({
    caller: asked.caller,
    input: checkInput(name, asked.input),
    text: asked.text,
  });
  return output instanceof RawJson ? output.text : JSON.stringify(output);
}
