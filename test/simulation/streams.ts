import { publicationSeq } from "../../src/protocol/events.ts";
import { recovery_events_max } from "../../src/protocol/limits.ts";
import type { Run } from "./room-log.ts";
import type { World } from "./world.ts";

/** What a reply or a push says of a subscription. */
export interface Subscribed {
  readonly epoch?: string;
  readonly offset?: number;
  readonly recovered?: boolean;
  readonly was_recovering?: boolean;
  readonly publications?: readonly unknown[];
}

/**
 * What a device reads of rooms, checked event by event: from its position each next one by exactly one, in the words of
 * the log, and nothing that its person may not read. Positions outlive connections, subscriptions do not.
 */
export class Streams {
  /** By channel, the last seq that the device keeps. */
  readonly positions = new Map<string, number>();
  /** Subscriptions of the present connection, with the last seq of each. */
  readonly live = new Map<string, number>();
  /** The run of the server that the present connection leads to. */
  from: Run | undefined;
  /** Ended by the device, and the server may not know yet. */
  readonly leaving = new Set<string>();
  readonly #world: World;
  readonly #user: string;
  readonly #name: string;

  constructor(options: { world: World; user: string; name: string }) {
    this.#world = options.world;
    this.#user = options.user;
    this.#name = options.name;
  }

  /** The connection is gone. */
  reset(): void {
    this.live.clear();
    this.leaving.clear();
  }

  begin(
    channel: string,
    said: Subscribed,
    asked: { position: number | undefined; epoch: string; sent_ms: number },
  ): void {
    const room = this.#world.database.byId.get(channel);
    if (room === undefined) return this.#fail(`${channel} is no room`);
    if (this.live.has(channel)) return this.#fail(`subscribed to ${channel} twice`);
    const { offset = 0, publications = [] } = said;
    const { position, epoch, sent_ms } = asked;
    if (!room.mayStandAt(this.#user, offset, sent_ms))
      this.#fail(`subscribed to ${channel} at ${offset} and may not be`);
    if (said.epoch !== this.#world.database.epoch) this.#fail(`${channel} has the epoch ${said.epoch}`);
    if (offset > room.top && said.recovered !== true) this.#fail(`${channel} starts at ${offset} above ${room.top}`);
    if (position === undefined || said.recovered !== true) {
      if (position !== undefined) this.#lost(channel, { position, epoch });
      if (publications.length > 0) this.#fail(`${channel} has publications without recovery`);
      this.#move(channel, offset);
      return;
    }
    this.#move(channel, position);
    for (const publication of publications) this.#advance(channel, JSON.stringify(publication), sent_ms);
    const at = this.live.get(channel);
    if (at !== undefined && at !== offset) this.#fail(`${channel} says ${offset} and has brought ${at}`);
  }

  publication(channel: string, text: string, sent_ms: number): void {
    if (this.leaving.has(channel)) return;
    if (!this.live.has(channel)) return this.#fail(`a publication of ${channel}, which is not subscribed to`);
    this.#advance(channel, text, sent_ms);
  }

  /** The device ends it. */
  end(channel: string): void {
    this.live.delete(channel);
  }

  /** The server ends it, which is for those who are no members any more: at that place of the log, or before. */
  putOut(channel: string, sent_ms: number): void {
    const room = this.#world.database.byId.get(channel);
    const at = this.live.get(channel);
    if (at === undefined && !this.leaving.has(channel)) this.#fail(`put out of ${channel}, which it has not`);
    if (at !== undefined && room?.mayBePutOut(this.#user, at, sent_ms) !== true)
      this.#fail(`put out of ${channel} behind ${at}, where the log lets them stay`);
    this.live.delete(channel);
  }

  #advance(channel: string, text: string, sent_ms: number): void {
    const room = this.#world.database.byId.get(channel);
    const at = this.live.get(channel);
    if (room === undefined || at === undefined) return;
    const seq = publicationSeq(text);
    if (seq !== at + 1 && !(seq > at && room.maySkipTo(this.#user, seq))) {
      return this.#fail(`${channel} went from ${at} to ${seq}`);
    }
    if (!room.isText(seq, text, { by: this.from, sent_ms, read_ms: this.#world.weather.read_ms }))
      return this.#fail(`${channel} ${seq} is not what the log has: ${text}`);
    if (!room.mayRead(this.#user, seq, sent_ms))
      return this.#fail(`${channel} ${seq} may not be read by ${this.#user}`);
    this.#world.deliveries++;
    this.#move(channel, seq);
  }

  #move(channel: string, seq: number): void {
    this.live.set(channel, seq);
    this.positions.set(channel, seq);
  }

  /** `recovered: false` needs a reason. */
  #lost(channel: string, asked: { position: number; epoch: string }): void {
    const top = this.#world.database.byId.get(channel)?.top ?? 0;
    const { position, epoch } = asked;
    if (epoch !== this.#world.database.epoch || position > top || top - position > recovery_events_max) return;
    this.#fail(`${channel} was not recovered from ${position} of ${top}`);
  }

  #fail(what: string): void {
    this.#world.fail(`${this.#name} (${this.#user}): ${what}`, undefined);
  }
}
