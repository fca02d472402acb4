import type { Broker, Hearing } from "../../src/broker/contract.ts";
import type { SimulatedClock } from "./timeline.ts";
import type { World } from "./world.ts";

/**
 * What carries letters between simulated nodes, under the contract of any broker: those of one publisher on one channel
 * keep their order, and each arrives once or not at all.
 */
export class SimulatedBroker implements Broker {
  readonly #world: World;
  readonly #clock: SimulatedClock;
  /** How long a letter takes at most, each half of its way. */
  readonly #delay_ms: number;
  /** Share of letters that are lost. */
  readonly #lost: number;
  readonly #wanted = new Set<string>();
  /** Channels that the broker has confirmed. */
  readonly #confirmed = new Set<string>();
  /** When the last letter of a channel leaves here, and when the last one arrives. */
  readonly #left_ms = new Map<string, number>();
  readonly #arrived_ms = new Map<string, number>();
  /** Rises with each lost connection: what was on its way on it is lost, too. */
  #line = 0;
  #hearing: Hearing | undefined;
  connected = true;
  dropped = 0;

  constructor(options: { world: World; clock: SimulatedClock; delay_ms: number; lost: number }) {
    this.#world = options.world;
    this.#clock = options.clock;
    this.#delay_ms = options.delay_ms;
    this.#lost = options.lost;
  }

  listen(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  publish(channel: string, text: string): void {
    if (!this.connected || this.#world.random.chance(this.#lost)) {
      this.dropped++;
      return;
    }
    this.#inOrder(this.#left_ms, channel, () => {
      for (const { broker } of this.#world.nodes) broker?.arriving(channel, text);
    });
  }

  subscribe(channel: string): Promise<boolean> {
    this.#wanted.add(channel);
    if (!this.connected) return Promise.resolve(false);
    return this.#confirm(channel);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    this.#confirmed.delete(channel);
  }

  async close(): Promise<void> {}

  /** The connection breaks, and is there again after a while. */
  cut(away_ms: number): void {
    if (!this.connected) return;
    this.connected = false;
    this.#line++;
    this.#confirmed.clear();
    this.#clock.after(away_ms, () => {
      this.connected = true;
      for (const channel of this.#wanted) void this.#confirm(channel);
      this.#hearing?.restored();
    });
  }

  /** A letter is at the broker, on its way to whoever listens. */
  arriving(channel: string, text: string): void {
    if (!this.#confirmed.has(channel)) return;
    this.#inOrder(this.#arrived_ms, channel, () => {
      if (this.#confirmed.has(channel)) this.#hearing?.message(channel, text);
    });
  }

  #confirm(channel: string): Promise<boolean> {
    const line = this.#line;
    return new Promise((resolve) => {
      this.#clock.after(this.#delay(), () => {
        if (line === this.#line && this.#wanted.has(channel)) this.#confirmed.add(channel);
        this.#clock.after(this.#delay(), () => resolve(line === this.#line));
      });
    });
  }

  /** After a while, behind all that was sent before in the same map under the same channel, while the connection lasts. */
  #inOrder(last_ms: Map<string, number>, channel: string, run: () => void): void {
    const { now_ms } = this.#world.timeline;
    const at_ms = Math.max(last_ms.get(channel) ?? 0, now_ms + this.#delay());
    last_ms.set(channel, at_ms);
    const line = this.#line;
    this.#clock.after(at_ms - now_ms, () => {
      if (line === this.#line) run();
    });
  }

  #delay(): number {
    return this.#world.random.between(0, this.#delay_ms);
  }
}
