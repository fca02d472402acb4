/** What clients say by `send`: nobody waits for an answer, and whatever is not understood or not allowed is passed over. */

import type { Marks } from "../chat/marks.ts";
import { requireAllowed } from "../chat/operations.ts";
import type { Passing } from "../chat/passing.ts";
import { requireWriter, type Caller } from "../chat/policy.ts";
import type { RoomDirectory } from "../chat/room-directory.ts";
import type { Clock } from "../lib/clock.ts";
import { sentNews } from "../protocol/passing.ts";
import type { Connection } from "./connection.ts";

export interface SentNewsOptions {
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly marks: Marks;
  readonly passing: Passing;
}

export class SentNewsDoor {
  readonly #options: SentNewsOptions;

  constructor(options: SentNewsOptions) {
    this.#options = options;
  }

  /** Throws where the caller may not say it. Only rooms that the connection has are spoken of: those are known by now. */
  hear(connection: Connection, caller: Caller, data: unknown): void {
    const { clock, directory, marks, passing } = this.#options;
    const { success, data: news } = sentNews.safeParse(data);
    const room = success ? directory.get(news.room) : undefined;
    if (!success || room === undefined || !connection.subscriptions.has(room)) return;
    const access = directory.access(caller.person, room.id);
    if (access instanceof Promise) return void access.catch(() => {});
    switch (news.type) {
      case "typing":
        requireAllowed(caller, { who: "person", scope: "write" });
        requireWriter(access, clock.now());
        return passing.typing(room, caller.person);
      case "received":
        requireAllowed(caller, { who: "person", scope: "read" });
        return marks.received(caller.person, access, news.seq);
    }
  }
}
