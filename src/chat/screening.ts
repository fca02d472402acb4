/** What happens to a message before it goes to the journal, beside policy: rules on words, and the pace of a lockdown. */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { ChatError, type ErrorCode } from "../protocol/errors.ts";
import { administers, isAtLeast } from "../protocol/roles.ts";
import type { Waiter } from "../store/appender.ts";
import { judgeWriter } from "../store/commit-rules.ts";
import { refusal, StorageError } from "../store/draft.ts";
import type { Database } from "../store/orm.ts";
import { findSent } from "../store/sent.ts";
import type { Access, Caller } from "./policy.ts";
import type { Rules } from "./rules.ts";
import type { ServerSettings } from "./server-settings.ts";

const senders_remembered_max = 50_000;

export interface ScreeningOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly rules: Rules;
  readonly settings: ServerSettings;
  /** A message that rules want to be seen by somebody is stored now. */
  readonly report: (message: { room: number; seq: number }, rules: readonly string[]) => void;
}

export interface Screened {
  readonly access: Access;
  /** The sender's own id for it, if there is one. */
  readonly id: string | undefined;
  readonly data: string;
}

export class Screening {
  readonly #options: ScreeningOptions;
  /** When each person last wrote in each room, and with which id; kept in a lockdown only, by each gateway for itself. */
  readonly #last = new Lru<string, { readonly at_ms: number; readonly id: string | undefined }>(senders_remembered_max);

  constructor(options: ScreeningOptions) {
    this.#options = options;
  }

  /**
   * Gives who is to be told what becomes of the message; undefined where the message goes no further and the waiter is
   * told so later. Throws `message_refused` and `slow_mode`.
   */
  screen(caller: Caller, message: Screened, waiter: Waiter): Waiter | undefined {
    const { rules, settings } = this.#options;
    const judged = rules.judge(message.data);
    if (judged?.refused === true) {
      if (message.id === undefined) throw new ChatError("message_refused");
      void this.#refuse(caller, { ...message, id: message.id }, waiter);
      return undefined;
    }
    if (settings.slow_ms > 0) this.#pace(caller, message, settings.slow_ms);
    return judged === undefined || judged.reporting.length === 0 ? waiter : this.#reporting(judged.reporting, waiter);
  }

  /** A retry must learn that the first try was stored, whatever rules have come meanwhile. */
  async #refuse(caller: Caller, message: Screened & { id: string }, waiter: Waiter): Promise<void> {
    const { n: room } = message.access.room;
    const { data, id } = message;
    try {
      const earlier = await findSent(this.#options.db, { room, actor: caller.person.n, id, data });
      waiter.settle(earlier ?? refusal(room, this.#why(message.access)));
    } catch (error) {
      waiter.settle(refusal(room, error instanceof StorageError ? error.code : "storage_unavailable"));
    }
  }

  /** Who may not write here at all is told no more than that: rules do not show that there is a room. */
  #why({ membership, room }: Access): ErrorCode {
    return judgeWriter(room, membership, this.#options.clock.now()) ?? "message_refused";
  }

  #pace(caller: Caller, { access, id }: Screened, slow_ms: number): void {
    const { membership, room } = access;
    const { person } = caller;
    if (administers(person.role)) return;
    if (room.kind !== "open") {
      // Who is no member is told so by the commit.
      if (membership?.state !== "joined" || isAtLeast(membership.role, "moderator")) return;
    }
    const key = `${person.n} ${room.n}`;
    const now_ms = this.#options.clock.monotonic();
    const last = this.#last.get(key);
    if (last !== undefined && id !== undefined && last.id === id) return;
    if (last !== undefined && last.at_ms + slow_ms > now_ms) throw new ChatError("slow_mode");
    this.#last.set(key, { at_ms: now_ms, id });
  }

  #reporting(rules: readonly string[], waiter: Waiter): Waiter {
    const { report } = this.#options;
    return {
      settle(outcome) {
        if (outcome.code === "committed") report({ room: outcome.room, seq: outcome.seq }, rules);
        waiter.settle(outcome);
      },
    };
  }
}
