/**
 * A room of our own, into which the server writes every few seconds as anybody would: its message goes through the
 * journal, the database, the outbox and a socket. No client can name the room.
 */

import { uuidv7 } from "../lib/ids.ts";
import type { Appender } from "../store/appender.ts";
import type { Outcome } from "../store/draft.ts";
import type { Accounts } from "./accounts.ts";
import { committed, settled } from "./committed.ts";
import type { LiveRoom } from "./live-room.ts";
import type { RoomDirectory } from "./room-directory.ts";

const channel = "$canary";
/** Its events that are kept; it is trimmed once in so many beats. */
const events_kept = 100;

export interface CanaryRoomOptions {
  readonly accounts: Accounts;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  /** Takes the events of a room before `first` away. */
  readonly trim: (asked: { readonly room: number; readonly first: number }) => Promise<void>;
}

export class CanaryRoom {
  readonly #options: CanaryRoomOptions;
  readonly #room: LiveRoom;
  readonly #user: { readonly n: number; readonly id: string };
  #beats = 0;

  private constructor(options: CanaryRoomOptions, room: LiveRoom, user: { n: number; id: string }) {
    this.#options = options;
    this.#room = room;
    this.#user = user;
  }

  static async open(options: CanaryRoomOptions): Promise<CanaryRoom> {
    const { accounts, directory, journal } = options;
    const user = await accounts.ofHost({ issuer: "confab", subject: "canary", name: "canary" });
    const room = { id: channel, kind: "private", name: "canary", history: "all" } as const;
    const data = JSON.stringify({ user: user.id, role: "owner" });
    await committed(journal, { kind: "created", actor: user.n, by: user.id, room, data });
    const live = await directory.open(channel);
    // A room with a subscriber is published; the one who reads it has no connection of the chat.
    directory.hold(live);
    return new CanaryRoom(options, live, user);
  }

  /** Where its events go out. */
  get topic(): string {
    return this.#room.topic;
  }

  /** Writes a message; the outcome is what a sender would be told. */
  async beat(): Promise<Outcome> {
    const { n: actor, id: by } = this.#user;
    const { journal } = this.#options;
    const data = '{"text":"beat"}';
    const outcome = await settled(journal, { kind: "message", room: this.#room.n, actor, by, id: uuidv7(), data });
    this.#beats++;
    if (outcome.code === "committed" && this.#beats % events_kept === 0) await this.#trim(outcome.seq);
    return outcome;
  }

  async #trim(seq: number): Promise<void> {
    const first = seq - events_kept + 1;
    if (first > 1) await this.#options.trim({ room: this.#room.n, first });
  }
}
