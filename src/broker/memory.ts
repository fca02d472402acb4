/** A broker inside of the process: for a node that is alone on its database, and for tests. */

import type { Clock } from "../lib/clock.ts";
import { outgoing_bytes_max, type Broker, type Hearing } from "./contract.ts";

/** What brokers of one process share: who is subscribed to a channel. */
export class MemoryHub {
  readonly #channels = new Map<string, Set<MemoryBroker>>();

  listeners(channel: string): Iterable<MemoryBroker> {
    return this.#channels.get(channel) ?? [];
  }

  add(channel: string, broker: MemoryBroker): void {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined) this.#channels.set(channel, new Set([broker]));
    else listeners.add(broker);
  }

  remove(channel: string, broker: MemoryBroker): void {
    const listeners = this.#channels.get(channel);
    listeners?.delete(broker);
    if (listeners?.size === 0) this.#channels.delete(channel);
  }
}

interface Letter {
  readonly channel: string;
  readonly text: string;
}

export class MemoryBroker implements Broker {
  readonly #hub: MemoryHub;
  readonly #clock: Clock;
  readonly #channels = new Set<string>();
  #hearing: Hearing | undefined;
  #outgoing: Letter[] = [];
  #bytes = 0;
  dropped = 0;
  connected = true;

  constructor(options: { hub: MemoryHub; clock: Clock }) {
    this.#hub = options.hub;
    this.#clock = options.clock;
  }

  listen(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  publish(channel: string, text: string): void {
    if (!this.connected || this.#bytes + text.length > outgoing_bytes_max) {
      this.dropped++;
      return;
    }
    this.#outgoing.push({ channel, text });
    this.#bytes += text.length;
    // A turn later, as from a socket: who publishes is not interrupted by who hears.
    if (this.#outgoing.length === 1) this.#clock.soon(() => this.#flush());
  }

  async subscribe(channel: string): Promise<boolean> {
    this.#channels.add(channel);
    this.#hub.add(channel, this);
    return this.connected;
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel);
    this.#hub.remove(channel, this);
  }

  async close(): Promise<void> {
    this.#flush();
    this.connected = false;
    for (const channel of this.#channels) this.#hub.remove(channel, this);
    this.#hearing = undefined;
  }

  #flush(): void {
    const letters = this.#outgoing;
    this.#outgoing = [];
    this.#bytes = 0;
    for (const { channel, text } of letters) {
      for (const broker of this.#hub.listeners(channel)) broker.#hearing?.message(channel, text);
    }
  }
}
