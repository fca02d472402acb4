/** One room, as an application holds it. */

import type { Call } from "./call.ts";
import { outcomeOf } from "./failures.ts";
import type { Feeds } from "./feeds.ts";
import { Pause } from "./pause.ts";
import type { PeopleNames, PersonName } from "./people.ts";
import type { Position, Positions } from "./positions.ts";
import type { Outbox, OutgoingMessage, SentMessage } from "./outbox.ts";
import { eventOf, pageOf, type RoomEvent, type RoomPage } from "./room-event.ts";
import { RoomStream, type Gap } from "./room-stream.ts";

export interface RoomListener {
  /** Every event once, in order, without a hole. The next one waits for what this returns. */
  readonly event: (event: RoomEvent) => void | Promise<void>;
  readonly gap?: (gap: Gap) => void;
  /** Somebody has come or gone, in a room that is small enough to say so. */
  readonly presence?: (kind: "join" | "leave", user: string) => void;
  /** The room is no longer there for this person; a ChatError says why. */
  readonly ended?: (error: Error) => void;
}

export interface EnterOptions {
  /** `kept` (the default): after the last event that was handled, also before a reload. `now`: with the next event. */
  readonly from?: "kept" | "now";
}

export interface RoomParts {
  readonly call: Call;
  readonly feeds: Feeds;
  readonly outbox: Outbox;
  readonly people: PeopleNames;
  readonly positions: Positions;
  readonly failed: (error: unknown) => void;
}

const catch_up = { floor_ms: 100, ceiling_ms: 5_000 };
const page_events = 500;

export class ChatRoom {
  readonly id: string;
  readonly #parts: RoomParts;
  #stream: RoomStream | undefined;
  #entered: PromiseWithResolvers<Position> | undefined;
  #loading: Promise<unknown> = Promise.resolve();
  /** Resolved while the server has subscribed the room, and while nobody wants it to. */
  #open = Promise.withResolvers<void>();

  constructor(id: string, parts: RoomParts) {
    this.id = id;
    this.#parts = parts;
    this.#open.resolve();
  }

  /** How far the application has come. */
  get position(): Position | undefined {
    return this.#stream?.position;
  }

  /** Whether the application has every event that is known of. */
  get caughtUp(): boolean {
    return this.#stream?.caughtUp === true;
  }

  /** Resolves once it is known where a stream that is being entered begins. */
  get loaded(): Promise<unknown> {
    return this.#loading;
  }

  /**
   * Resolves once the room can be written to: an open room comes into being by being entered, so that a message must
   * not overtake the subscription.
   */
  get writable(): Promise<void> {
    return this.#open.promise;
  }

  /** Where this store's last client was, in this run or before it. */
  async keptPosition(): Promise<Position | undefined> {
    return this.position ?? (await this.#parts.positions.load(this.id));
  }

  /**
   * Begins the stream of events, and resolves with where it begins once the server has subscribed. It then lives through
   * lost connections and restarts until `exit`. Rejects where the room is not this person's to read.
   */
  async enter(listener: RoomListener, options: EnterOptions = {}): Promise<Position> {
    if (this.#entered !== undefined) throw new Error(`Expected to enter ${this.id} once; exit it first.`);
    const entered = Promise.withResolvers<Position>();
    this.#entered = entered;
    this.#open = Promise.withResolvers();
    // Whoever does not wait for it hears of it by `ended`.
    entered.promise.catch(() => {});
    const kept = options.from === "now" ? Promise.resolve(undefined) : this.#load();
    this.#loading = kept.then((position) => {
      if (this.#entered === entered) this.#begin({ entered, listener, position });
    });
    await this.#loading;
    return await entered.promise;
  }

  /** Ends the stream; the person stays a member. */
  exit(): void {
    this.#parts.feeds.detach(this.id);
    this.#stream?.end();
    this.#stream = undefined;
    this.#entered?.reject(new Error(`${this.id} was exited before the server had subscribed it.`));
    this.#entered = undefined;
    this.#open.resolve();
  }

  /**
   * Writes a message: `{ text }`, or any other JSON. It is kept in the store until the server has it on disk, which is
   * when this resolves; a page that is closed before sends it when it is opened again. Rejects with a ChatError when
   * the server will not have it, whatever is tried. Give the `id` of a refused message to try that one again.
   */
  send(data: unknown, options: { readonly id?: string } = {}): Promise<SentMessage> {
    return this.#parts.outbox.add(this.id, data, options.id);
  }

  /** What was written here and is not acknowledged yet, in order. */
  waiting(): OutgoingMessage[] {
    return this.#parts.outbox.waiting(this.id);
  }

  /** A page of what was before a seq, or of the latest; ascending. */
  async history(asked: { readonly before?: number; readonly limit?: number } = {}): Promise<RoomPage> {
    const page = await this.#parts.call("message.list", { room: this.id, ...asked });
    this.#parts.people.learn(page.users);
    return pageOf(this.id, page);
  }

  /** Who is here now; in a big room nobody is listed and `count` tells how many. */
  async presence(): Promise<{ readonly users: readonly PersonName[]; readonly count: number }> {
    const { users, count } = await this.#parts.call("presence.list", { room: this.id });
    this.#parts.people.learn(users);
    return { users, count };
  }

  /** Without a store that answers the stream begins with the next event, as for somebody new. */
  async #load(): Promise<Position | undefined> {
    try {
      return await this.#parts.positions.load(this.id);
    } catch (error) {
      this.#parts.failed(error);
      return undefined;
    }
  }

  #begin(start: {
    entered: PromiseWithResolvers<Position>;
    listener: RoomListener;
    position: Position | undefined;
  }): void {
    const { entered, listener, position } = start;
    const { call, feeds, failed, people, positions } = this.#parts;
    const stream = new RoomStream({
      position,
      page: async (after) => {
        const page = await call("message.list", { room: this.id, after, limit: page_events });
        people.learn(page.users);
        return pageOf(this.id, page);
      },
      event: (event) => listener.event(event),
      gap: (gap) => listener.gap?.(gap),
      moved: (to) => positions.moved(this.id, to),
      failed,
      pause: new Pause(catch_up),
    });
    this.#stream = stream;
    feeds.attach(this.id, {
      position: () => stream.position,
      subscribed: (at) => {
        const first = stream.position ?? { epoch: at.epoch, seq: at.offset };
        stream.subscribed(at);
        this.#open.resolve();
        entered.resolve(first);
      },
      disconnected: () => {
        if (stream.online) this.#open = Promise.withResolvers();
        stream.disconnected();
      },
      publication: (publication) => stream.received(eventOf(this.id, publication)),
      presence: (kind, user) => listener.presence?.(kind, user),
      ended: (why) => {
        const error = outcomeOf(why);
        entered.reject(error);
        this.exit();
        listener.ended?.(error);
      },
    });
  }
}
