/** The chat on a storage, without sockets: for tests of what happens in one moment, which they hold still. */

import { createChat } from "../src/app-chat.ts";
import { runOperation } from "../src/chat/operations.ts";
import type { Person, Recipient, Subscription } from "../src/chat/people.ts";
import type { LiveRoom } from "../src/chat/live-room.ts";
import { readConfig } from "../src/config.ts";
import { systemClock } from "../src/lib/clock.ts";
import { SmallMap } from "../src/lib/small-map.ts";
import type { OperationName } from "../src/protocol/operations.ts";
import type { Storage } from "../src/store/database.ts";
import { keptLog } from "./storage.ts";

export type Chat = ReturnType<typeof createChat>;

const nothing = { grants: new Set<string>(), session: undefined, scopes: undefined };

/** A server on the storage, which remembers nothing yet. */
export function startChat(storage: Storage): Chat {
  const options = { ...readConfig({ flags: { open: ["true"] }, env: {}, readFile: () => "" }), version: "1" };
  return createChat({ ...options, clock: systemClock, log: keptLog().log }, storage, () => {});
}

/** Somebody who asks without a connection. */
export function visitor(chat: Chat, user: { readonly n: number; readonly id: string }): Person {
  return chat.people.visit({ ...user, name: "somebody", role: "guest", status: "", status_text: "" });
}

/** An operation's output; rejects with what refused it. */
export async function ask<T>(chat: Chat, person: Person, asked: readonly [OperationName, object]): Promise<T> {
  const [name, input] = asked;
  const caller = { ...nothing, person, recipient: undefined };
  return JSON.parse(await runOperation(chat.operations, name, { caller, input, text: JSON.stringify(input) })) as T;
}

/** A connection that hears everything and keeps nothing. */
export function recipientOf(person: Person): { -readonly [K in keyof Recipient]: Recipient[K] } {
  const ignore = (): void => {};
  return {
    ...nothing,
    client: "client",
    person,
    connInfo: undefined,
    address: "127.0.0.1",
    connected: true,
    ownLine: false,
    wantsRooms: true,
    subscriptions: new SmallMap<LiveRoom, Subscription>(),
    send: ignore,
    sendPage: ignore,
    push: ignore,
    buffered: () => 0,
    underway: () => 0,
    join: ignore,
    leave: ignore,
    close: ignore,
  };
}
