/** Connections come to rooms and go: by their own wish, by the server's, by a change of membership. */

import { Batcher } from "../lib/batcher.ts";
import type { Clock } from "../lib/clock.ts";
import { ChatError } from "../protocol/errors.ts";
import { subscribePush, unsubscribePush } from "../protocol/frames.ts";
import { unsubscribes } from "../protocol/close.ts";
import { client_subscriptions_max, connect_reply_bytes_max, server_subscriptions_max } from "../protocol/limits.ts";
import { isOpenName, isRoomId, jsonTopic, userChannel } from "../protocol/topics.ts";
import type { StorageClient } from "../store/orm.ts";
import { activeRooms, type KnownRoom } from "../store/rooms.ts";
import type { LiveRoom } from "./live-room.ts";
import type { OpenRooms } from "./open-rooms.ts";
import type { Outbox } from "./outbox.ts";
import { subscriptionOf, type People, type Recipient } from "./people.ts";
import { viewFor, type Caller } from "./policy.ts";
import type { Presence } from "./presence.ts";
import type { Position, Resume, Start } from "./resume.ts";
import type { RoomDirectory } from "./room-directory.ts";

/** People whose rooms are read together. */
const people_at_once_max = 200;

export interface SubscriptionsOptions {
  readonly client: StorageClient;
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly openRooms: OpenRooms;
  readonly outbox: Outbox;
  readonly people: People;
  readonly presence: Presence;
  readonly resume: Resume;
  readonly epoch: string;
}

export interface Asked {
  readonly channel: string;
  readonly position: Position | undefined;
  readonly joinLeave: boolean;
}

function callerOf(recipient: Recipient): Caller {
  return {
    person: recipient.person,
    grants: recipient.grants,
    session: recipient.session,
    scopes: recipient.scopes,
    recipient,
  };
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #rooms: Batcher<number, KnownRoom[]>;
  /** Rooms that came to connections which are not answered yet: a push before the reply would be lost on an SDK. */
  readonly #arriving = new Map<Recipient, Set<LiveRoom>>();
  /** Channels whose `subscribe` is being worked on, with the one that counts: after an `unsubscribe` there may be several. */
  readonly #subscribing = new Map<Recipient, Map<string, Asked>>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { client, clock } = options;
    this.#rooms = new Batcher({
      clock,
      inputs_max: people_at_once_max,
      run: (users) => activeRooms(client, { users, limit: server_subscriptions_max }),
    });
  }

  /** A `subscribe` of the client. `answer` gets the result's text and sends the reply at once. */
  async subscribe(recipient: Recipient, asked: Asked, answer: (result: string) => void): Promise<void> {
    const { channel } = asked;
    if (channel === userChannel(recipient.person.id)) return this.#ownLine(recipient, answer);
    const subscribing = this.#subscribing.get(recipient) ?? new Map<string, Asked>();
    if (subscribing.has(channel) || this.#subscribed(recipient, channel)) throw new ChatError("already_subscribed");
    if (recipient.subscriptions.size + subscribing.size >= client_subscriptions_max) {
      throw new ChatError("limit_exceeded", `at most ${client_subscriptions_max} subscriptions a connection`);
    }
    this.#subscribing.set(recipient, subscribing.set(channel, asked));
    try {
      const prepared = await this.#prepare(recipient, { ...asked, server: false });
      try {
        if (!recipient.connected) return;
        // A temporary error: one that is final would end, in an SDK, the subscription that may have come after.
        if (subscribing.get(channel) !== asked) throw new ChatError("too_many_requests", "unsubscribed meanwhile");
        if (recipient.subscriptions.has(prepared.room)) throw new ChatError("already_subscribed");
        const start = this.#current(prepared);
        if (start === undefined) throw new ChatError("room_not_found");
        answer(this.#begin(start, { bytes: connect_reply_bytes_max }));
        this.#options.resume.follow(recipient, [start.room]);
      } finally {
        this.#options.directory.release(prepared.room);
      }
    } finally {
      if (subscribing.get(channel) === asked) subscribing.delete(channel);
      if (subscribing.size === 0) this.#subscribing.delete(recipient);
    }
  }

  /**
   * The server-side subscriptions of a connect: the person's rooms if it wants them, and what its token grants. `answer`
   * gets `subs` of the connect reply as text and sends the reply at once.
   */
  async connect(
    recipient: Recipient,
    positions: ReadonlyMap<string, Position>,
    answer: (subs: string) => void,
  ): Promise<void> {
    const come = new Set<LiveRoom>();
    this.#arriving.set(recipient, come);
    try {
      await this.#connect(recipient, positions, answer);
    } finally {
      this.#arriving.delete(recipient);
    }
    for (const room of come) if (recipient.connected) this.add(recipient, room);
  }

  async #connect(
    recipient: Recipient,
    positions: ReadonlyMap<string, Position>,
    answer: (subs: string) => void,
  ): Promise<void> {
    const channels = new Set<string>();
    if (recipient.wantsRooms) {
      const { n, placesVersion } = recipient.person;
      const known = await this.#rooms.ask(n);
      this.#options.directory.remember(recipient.person, known, placesVersion);
      for (const { room } of known) channels.add(room.id);
    }
    for (const channel of recipient.grants) if (channels.size < server_subscriptions_max) channels.add(channel);
    const asked = [...channels].map((channel) => ({
      channel,
      position: positions.get(channel),
      joinLeave: true,
      server: true,
    }));
    const known = asked.map((one) => this.#prepareNow(recipient, one));
    // With nothing to wait for, all of them begin in this turn; otherwise what is known when they begin counts.
    if (known.every((start) => start !== undefined)) return this.#beginAll(recipient, known, answer);
    const prepared = await this.#prepareAll(recipient, asked, known);
    try {
      const starts = prepared.flatMap((start) => this.#current(start) ?? []);
      this.#beginAll(recipient, starts, answer);
    } finally {
      for (const { room } of prepared) this.#options.directory.release(room);
    }
  }

  #beginAll(recipient: Recipient, starts: readonly Start[], answer: (subs: string) => void): void {
    if (!recipient.connected) return;
    const budget = { bytes: connect_reply_bytes_max };
    const subs = starts.map((start) => `"${start.room.id}":${this.#begin(start, budget)}`);
    if (recipient.wantsRooms) subs.push(`"${userChannel(recipient.person.id)}":{}`);
    answer(`{${subs.join(",")}}`);
    if (recipient.wantsRooms) this.#joinOwnLine(recipient);
    const rooms = starts.map((start) => start.room);
    this.#options.resume.follow(recipient, rooms);
  }

  /** An `unsubscribe` of the client. What it has not is no error: it may have been removed a moment ago. */
  unsubscribe(recipient: Recipient, channel: string): void {
    this.#subscribing.get(recipient)?.delete(channel);
    if (channel === userChannel(recipient.person.id)) {
      recipient.ownLine = false;
      recipient.leave(jsonTopic(channel));
      return;
    }
    const room = this.#options.directory.get(channel);
    if (room !== undefined && recipient.subscriptions.has(room)) this.#end(recipient, room, false);
  }

  /** The connection is gone. */
  disconnected(recipient: Recipient): void {
    this.#options.resume.forget(recipient);
    for (const room of recipient.subscriptions.keys()) this.#end(recipient, room, true);
  }

  #subscribed(recipient: Recipient, channel: string): boolean {
    const room = this.#options.directory.get(channel);
    return room !== undefined && recipient.subscriptions.has(room);
  }

  #ownLine(recipient: Recipient, answer: (result: string) => void): void {
    if (recipient.ownLine) throw new ChatError("already_subscribed");
    answer("{}");
    this.#joinOwnLine(recipient);
  }

  #joinOwnLine(recipient: Recipient): void {
    recipient.ownLine = true;
    recipient.join(jsonTopic(userChannel(recipient.person.id)));
  }

  /**
   * Everything about a subscription that needs the database: rights, the open room, recent events. The room is held until
   * the caller releases it: it must not be let go while others are prepared.
   */
  async #prepare(recipient: Recipient, asked: Asked & { server: boolean }): Promise<Start> {
    const { channel, position } = asked;
    const { directory, openRooms, outbox, resume } = this.#options;
    if (!isRoomId(channel) && !isOpenName(channel)) throw new ChatError("room_not_found");
    if (isOpenName(channel)) await openRooms.ensure(channel, recipient);
    const caller = callerOf(recipient);
    let entered = await directory.enter(recipient.person, channel);
    // One that was let go while the person's place in it was read is opened anew.
    while (directory.get(channel) !== entered.room) entered = await directory.enter(recipient.person, channel);
    const { access, room } = entered;
    directory.hold(room);
    try {
      const visible = viewFor(caller, access);
      // A client, or a membership, may know of events that are stored and have not gone out here.
      const known = Math.max(position?.offset ?? 0, visible.from - 1);
      if (known > room.published) await outbox.catchUp(room.n);
      await resume.prime(room, position);
      // The database was asked meanwhile: membership may have changed.
      const { access: now } = await directory.enter(recipient.person, channel);
      const view = viewFor(caller, now);
      const subscription = subscriptionOf({ live: false, server: asked.server, joinLeave: asked.joinLeave });
      return { recipient, room, view, position, subscription };
    } catch (error) {
      directory.release(room);
      throw error;
    }
  }

  /** What is known and what has to be asked for, without what the person cannot have; all of their rooms are held. */
  async #prepareAll(
    recipient: Recipient,
    asked: readonly (Asked & { server: boolean })[],
    known: readonly (Start | undefined)[],
  ): Promise<Start[]> {
    const { directory } = this.#options;
    for (const start of known) if (start !== undefined) directory.hold(start.room);
    const work = asked.map(async (one, at) => known[at] ?? (await this.#prepareOrNot(recipient, one)));
    const settled = await Promise.allSettled(work);
    const prepared = settled.flatMap((one) => (one.status === "fulfilled" && one.value) || []);
    const failed = settled.find((one) => one.status === "rejected");
    if (failed === undefined) return prepared;
    for (const { room } of prepared) directory.release(room);
    throw failed.reason;
  }

  /** Undefined for what the person may not or cannot have any more. */
  async #prepareOrNot(recipient: Recipient, asked: Asked & { server: boolean }): Promise<Start | undefined> {
    try {
      return await this.#prepare(recipient, asked);
    } catch (error) {
      if (error instanceof ChatError) return undefined;
      throw error;
    }
  }

  /** The same where nothing is asked of the database: nearly always, for rooms in which somebody is. */
  #prepareNow(recipient: Recipient, asked: Asked & { server: boolean }): Start | undefined {
    const { channel, position, joinLeave, server } = asked;
    const { directory, resume } = this.#options;
    const entered = directory.enterNow(recipient.person, channel);
    if (entered === undefined || recipient.subscriptions.has(entered.room)) return undefined;
    const { room, membership } = entered;
    // An open room is for the door of open rooms, and what may not be read for whoever says so.
    if (room.kind === "open" || (membership.state !== "joined" && !recipient.grants.has(channel))) return undefined;
    const view = viewFor(callerOf(recipient), entered);
    if (Math.max(position?.offset ?? 0, view.from - 1) > room.published) return undefined;
    if (resume.mustPrime(room, position)) return undefined;
    return { recipient, room, view, position, subscription: subscriptionOf({ live: false, server, joinLeave }) };
  }

  /**
   * What was prepared may have changed in the meantime: what is known in this turn counts. Who left and came back may
   * read less than before.
   */
  #current(start: Start): Start | undefined {
    const { recipient, room } = start;
    if (this.#options.directory.get(room.id) !== room || recipient.subscriptions.has(room)) return undefined;
    const isFree = room.kind === "open" || recipient.grants.has(room.id);
    const membership = recipient.person.memberships.get(room.n);
    if (!isFree && membership?.state !== "joined") return undefined;
    const view = viewFor(callerOf(recipient), { room, membership });
    // On the topic it would get what comes before the first event that it may read.
    return view.from > room.published + 1 ? undefined : { ...start, view };
  }

  #begin(start: Start, budget: { bytes: number }): string {
    const { directory, presence, resume } = this.#options;
    directory.hold(start.room);
    const result = resume.start(start, budget);
    presence.enter(start.room, start.recipient);
    return result;
  }

  #end(recipient: Recipient, room: LiveRoom, lost: boolean): void {
    const subscription = recipient.subscriptions.get(room);
    if (subscription === undefined) return;
    const { directory, presence, resume } = this.#options;
    recipient.subscriptions.delete(room);
    resume.stop(recipient, room);
    if (subscription.live) {
      if (!subscription.joinLeave) room.quiet--;
      if (!lost) recipient.leave(subscription.joinLeave ? room.topic : room.quietTopic);
    }
    presence.exit(room, recipient, lost);
    directory.release(room);
  }

  /** The person is no longer a member: nothing above the removal reaches this connection. */
  remove(recipient: Recipient, room: LiveRoom, why: keyof typeof unsubscribes): void {
    if (!recipient.grants.has(room.id)) this.#takeAway(recipient, room, why);
  }

  /** The room is gone for everybody. */
  gone(recipient: Recipient, room: LiveRoom): void {
    this.#takeAway(recipient, room, "revoked");
  }

  #takeAway(recipient: Recipient, room: LiveRoom, why: keyof typeof unsubscribes): void {
    this.#arriving.get(recipient)?.delete(room);
    if (!recipient.subscriptions.has(room)) return;
    // In this order: what was published in this turn, the removal itself included, leaves the socket before the push, while
    // a socket that is off its last topic loses what still waits for it there.
    recipient.send([unsubscribePush(room.id, unsubscribes[why])]);
    this.#end(recipient, room, false);
  }

  /** The person has become a member: the connection has the room from the next event on. */
  add(recipient: Recipient, room: LiveRoom): void {
    if (recipient.subscriptions.has(room) || recipient.subscriptions.size >= server_subscriptions_max) return;
    // It may have gone for good while the connection was signing in.
    if (this.#options.directory.get(room.id) !== room) return;
    const arriving = this.#arriving.get(recipient);
    if (arriving !== undefined) {
      arriving.add(room);
      return;
    }
    recipient.subscriptions.set(room, subscriptionOf({ live: true, server: true, joinLeave: true }));
    this.#options.directory.hold(room);
    recipient.send([subscribePush(room.id, { epoch: this.#options.epoch, offset: room.published })]);
    recipient.join(room.topic);
    this.#options.presence.enter(room, recipient);
  }
}
