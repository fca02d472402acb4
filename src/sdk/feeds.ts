/**
 * Where events come from: the subscriptions that the server made for this connection, and those that the client makes
 * itself (open rooms, and rooms past the server's limit). Whoever is attached to a channel hears of it by either way.
 */

import type { Centrifuge, Subscription } from "centrifuge";
import { errors } from "../protocol/errors.ts";
import { isOpenName } from "../protocol/topics.ts";
import type { Position } from "./positions.ts";
import { eventOf, type Publication, type RoomEvent } from "./room-event.ts";
import type { StreamStart } from "./room-stream.ts";

export interface Feed {
  /** Where a subscription of the client's should go on. */
  readonly position: () => Position | undefined;
  readonly subscribed: (start: StreamStart) => void;
  readonly disconnected: () => void;
  readonly publication: (publication: Publication) => void;
  readonly presence: (kind: "join" | "leave", user: string) => void;
  /** There will be nothing more; code and reason are the protocol's. */
  readonly ended: (why: { code: number; message: string }) => void;
}

/** Who hears of everything that the server's own subscriptions bring. */
export interface Audience {
  /** A publication on the person's own line. */
  readonly line: (data: unknown) => void;
  readonly event: (event: RoomEvent) => void;
  readonly coming: (coming: Coming) => void;
}

export interface Coming {
  readonly kind: "join" | "leave";
  readonly room: string;
  readonly user: string;
}

interface SubscribeContext {
  readonly streamPosition?: { readonly epoch: string; readonly offset: number };
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
}

const line_start = "user:";

function startOf({ streamPosition, wasRecovering, recovered }: SubscribeContext): StreamStart {
  return { epoch: streamPosition?.epoch ?? "", offset: streamPosition?.offset ?? 0, wasRecovering, recovered };
}

export class Feeds {
  readonly #centrifuge: Centrifuge;
  readonly #feeds = new Map<string, Feed>();
  readonly #own = new Map<string, Subscription>();
  /** The server's subscriptions, and the highest offset that each is known to have. */
  readonly #given = new Map<string, Position>();
  #connected = false;

  constructor(centrifuge: Centrifuge, audience: Audience) {
    this.#centrifuge = centrifuge;
    centrifuge.on("connected", () => {
      this.#connected = true;
      // The server's subscriptions are told in this same turn: what is missing after it is the client's to ask for.
      queueMicrotask(() => this.#subscribeMissing());
    });
    centrifuge.on("state", ({ newState }) => {
      if (newState !== "connected") this.#lost();
    });
    centrifuge.on("subscribed", (context) => this.#subscribed(context.channel, context));
    centrifuge.on("publication", (context) => {
      if (context.channel.startsWith(line_start)) return audience.line(context.data);
      const given = this.#given.get(context.channel);
      if (given !== undefined)
        this.#given.set(context.channel, { epoch: given.epoch, seq: context.offset ?? given.seq });
      this.#feeds.get(context.channel)?.publication(context);
      audience.event(eventOf(context.channel, context));
    });
    for (const kind of ["join", "leave"] as const)
      centrifuge.on(kind, ({ channel, info }) => {
        this.#feeds.get(channel)?.presence(kind, info.user);
        audience.coming({ kind, room: channel, user: info.user });
      });
    centrifuge.on("unsubscribed", ({ channel }) => {
      this.#given.delete(channel);
      this.#feeds.get(channel)?.disconnected();
      // Removed, or only no longer among the rooms that the server subscribes: the answer to a subscribe tells.
      queueMicrotask(() => this.#subscribeMissing());
    });
  }

  attach(channel: string, feed: Feed): void {
    this.#feeds.set(channel, feed);
    const given = this.#given.get(channel);
    if (given !== undefined && this.#connected) {
      feed.subscribed({ epoch: given.epoch, offset: given.seq, wasRecovering: false, recovered: false });
    } else if (given === undefined && (this.#connected || isOpenName(channel))) this.#subscribe(channel, feed);
  }

  detach(channel: string): void {
    this.#feeds.delete(channel);
    if (!this.#given.has(channel)) this.#drop(channel);
  }

  #subscribed(channel: string, context: SubscribeContext): void {
    if (context.streamPosition === undefined) return;
    const { epoch, offset } = context.streamPosition;
    this.#given.set(channel, { epoch, seq: offset });
    // The client's own attempt came too late, and is answered so. Ending it here would tell the server to end this one.
    this.#feeds.get(channel)?.subscribed(startOf(context));
  }

  #lost(): void {
    if (!this.#connected) return;
    this.#connected = false;
    for (const feed of this.#feeds.values()) feed.disconnected();
  }

  #subscribeMissing(): void {
    if (!this.#connected) return;
    for (const [channel, feed] of this.#feeds) {
      if (!this.#given.has(channel) && !this.#own.has(channel)) this.#subscribe(channel, feed);
    }
  }

  #subscribe(channel: string, feed: Feed): void {
    const position = feed.position();
    const since = position === undefined ? null : { offset: position.seq, epoch: position.epoch };
    const options = { since, joinLeave: true, recoverable: true, positioned: true };
    const subscription = this.#centrifuge.newSubscription(channel, options);
    this.#own.set(channel, subscription);
    const attached = (): Feed | undefined => this.#feeds.get(channel);
    subscription.on("subscribed", (context) => attached()?.subscribed(startOf(context)));
    subscription.on("subscribing", () => attached()?.disconnected());
    subscription.on("publication", (context) => attached()?.publication(context));
    subscription.on("join", ({ info }) => attached()?.presence("join", info.user));
    subscription.on("leave", ({ info }) => attached()?.presence("leave", info.user));
    subscription.on("unsubscribed", ({ code, reason }) => {
      if (this.#own.get(channel) !== subscription) return;
      this.#drop(channel);
      if (code !== errors.already_subscribed.wire || !this.#given.has(channel))
        attached()?.ended({ code, message: reason });
    });
    subscription.subscribe();
  }

  #drop(channel: string): void {
    const subscription = this.#own.get(channel);
    if (subscription === undefined) return;
    this.#own.delete(channel);
    subscription.unsubscribe();
    subscription.removeAllListeners();
    this.#centrifuge.removeSubscription(subscription);
  }
}
