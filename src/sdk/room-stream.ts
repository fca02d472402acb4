/**
 * One room's events for the application: each once, in the order of their seq, without a hole. What comes twice is
 * dropped; what is missing is read in pages, while what comes live waits. Nothing but seqs decides, so it does not
 * matter by which way an event came.
 */

import { ChatError } from "../protocol/errors.ts";
import { isTemporary } from "./failures.ts";
import type { Pause } from "./pause.ts";
import type { Position } from "./positions.ts";
import type { RoomEvent, RoomPage } from "./room-event.ts";

/** Why the stream does not simply go on. */
export type Gap =
  /** The log is another one (the server was restored from a copy): forget the room's events. Those after `position` follow. */
  | { readonly reason: "another_log"; readonly position: Position }
  /** So many events were missed that they come in pages now; nothing is left out. */
  | { readonly reason: "far_behind"; readonly missed: number }
  /** The server has not kept these events. */
  | { readonly reason: "trimmed"; readonly missed: number };

/** What a subscription's reply says. */
export interface StreamStart {
  readonly epoch: string;
  readonly offset: number;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
}

export interface RoomStreamOptions {
  /** Where the application was; without it the stream begins with the first new event. */
  readonly position: Position | undefined;
  /** Events after a seq. */
  readonly page: (after: number) => Promise<RoomPage>;
  /** The stream goes on when it is done: a slow application makes the stream read pages instead of piling up events. */
  readonly event: (event: RoomEvent) => void | Promise<void>;
  readonly gap: (gap: Gap) => void;
  /** The application has handled all up to here. */
  readonly moved: (position: Position) => void;
  readonly failed: (error: unknown) => void;
  readonly pause: Pause;
}

/** Live events that wait for their turn; above it they are left to the pages. */
const waiting_max = 1_000;

export class RoomStream {
  readonly #options: RoomStreamOptions;
  #position: Position | undefined;
  /** The highest seq that is known of. */
  #top = 0;
  #waiting: RoomEvent[] = [];
  #running = false;
  #online = false;
  /** A page was refused for good: the next subscription may change that. */
  #stuck = false;
  /** Rises when the log is another one or the stream ends: what was asked for before is void. */
  #era = 0;

  constructor(options: RoomStreamOptions) {
    this.#options = options;
    this.#position = options.position;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Whether it is subscribed. */
  get online(): boolean {
    return this.#online;
  }

  /** Whether the application has all that is known of. */
  get caughtUp(): boolean {
    return this.#online && this.#position !== undefined && this.#position.seq >= this.#top;
  }

  subscribed(start: StreamStart): void {
    const { epoch, offset, recovered, wasRecovering } = start;
    const before = this.#position;
    this.#online = true;
    this.#stuck = false;
    if (before === undefined) this.#restart({ epoch, seq: offset });
    else if (before.epoch !== epoch || (!recovered && offset < before.seq)) this.#anotherLog({ epoch, seq: offset });
    else if (!recovered) {
      this.#top = Math.max(this.#top, offset);
      if (wasRecovering && offset > before.seq)
        this.#options.gap({ reason: "far_behind", missed: offset - before.seq });
    }
    this.#options.pause.reset();
    this.#run();
  }

  received(event: RoomEvent): void {
    const behind = this.#waiting.at(-1)?.seq ?? this.#position?.seq;
    if (behind === undefined || event.seq <= behind) return;
    this.#top = Math.max(this.#top, event.seq);
    if (this.#waiting.length < waiting_max) this.#waiting.push(event);
    this.#run();
  }

  disconnected(): void {
    this.#online = false;
  }

  end(): void {
    this.#online = false;
    this.#era++;
    this.#waiting = [];
    this.#options.pause.reset();
  }

  #restart(position: Position): void {
    this.#era++;
    this.#position = position;
    this.#top = position.seq;
    this.#waiting = [];
    this.#options.moved(position);
  }

  #anotherLog(position: Position): void {
    this.#restart(position);
    this.#options.gap({ reason: "another_log", position });
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#catchUp().catch((error: unknown) => this.#options.failed(error));
  }

  /** Hands over what is next until there is nothing. Runs to its first wait at once: a live event is no later for it. */
  async #catchUp(): Promise<void> {
    try {
      for (;;) {
        const position = this.#position;
        const next = this.#waiting[0];
        if (position !== undefined && next !== undefined && next.seq <= position.seq + 1) {
          this.#waiting.shift();
          const handed = this.#hand(next);
          if (handed !== undefined) await handed;
        } else if (position !== undefined && this.#online && !this.#stuck && this.#top > position.seq)
          await this.#readPage(position);
        else return;
      }
    } finally {
      this.#running = false;
    }
  }

  /** Gives one event to the application, if it is its turn. */
  #hand(event: RoomEvent): Promise<void> | undefined {
    const position = this.#position;
    if (position === undefined || event.seq !== position.seq + 1) return undefined;
    const { failed } = this.#options;
    const era = this.#era;
    const done = (): void => {
      if (era !== this.#era) return;
      this.#position = { epoch: position.epoch, seq: event.seq };
      this.#options.moved(this.#position);
    };
    let handled: void | Promise<void> = undefined;
    try {
      handled = this.#options.event(event);
    } catch (error) {
      // It was handed over: giving it again would make most errors endless.
      failed(error);
    }
    if (handled !== undefined) return this.#settle(handled, done);
    done();
    return undefined;
  }

  async #settle(handled: Promise<void>, done: () => void): Promise<void> {
    try {
      await handled;
    } catch (error) {
      this.#options.failed(error);
    }
    done();
  }

  async #readPage(position: Position): Promise<void> {
    const era = this.#era;
    let page: RoomPage;
    try {
      page = await this.#options.page(position.seq);
    } catch (error) {
      if (era !== this.#era) return;
      await this.#pageFailed(error);
      return;
    }
    if (era !== this.#era) return;
    if (page.epoch !== position.epoch) return this.#anotherLog({ epoch: page.epoch, seq: page.last_seq });
    const trimmed = page.first_seq - 1 - position.seq;
    if (trimmed > 0) {
      this.#position = { epoch: position.epoch, seq: page.first_seq - 1 };
      this.#options.gap({ reason: "trimmed", missed: trimmed });
    }
    this.#top = Math.max(this.#top, page.last_seq);
    for (const event of page.events) {
      await this.#hand(event);
      if (era !== this.#era) return;
    }
    // A node that has not heard of the newest events yet: ask again, a little later.
    if (page.events.length === 0 && trimmed <= 0) await this.#options.pause.next();
    else this.#options.pause.reset();
  }

  async #pageFailed(error: unknown): Promise<void> {
    if (isTemporary(error)) return await this.#options.pause.next();
    // Removed meanwhile: the end of the subscription says so too.
    if (!(error instanceof ChatError && error.code === "room_not_found")) this.#options.failed(error);
    this.#stuck = true;
  }
}
