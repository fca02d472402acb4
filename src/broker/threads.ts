/**
 * A broker for gateways that are threads of one process: the main thread has the one connection, or is the broker itself
 * where there is no other, and passes on to each gateway what it is subscribed to.
 */

import type { Clock } from "../lib/clock.ts";
import { outgoing_bytes_max, type Broker, type Hearing } from "./contract.ts";

export type ToBroker =
  | { readonly op: "publish"; readonly channels: string[]; readonly texts: string[]; readonly bytes: number }
  | { readonly op: "subscribe"; readonly channel: string; readonly n: number }
  | { readonly op: "unsubscribe"; readonly channel: string };

export type FromBroker =
  | { readonly op: "message"; readonly channel: string; readonly text: string }
  | { readonly op: "taken"; readonly bytes: number; readonly connected: boolean }
  | { readonly op: "subscribed"; readonly n: number; readonly confirmed: boolean }
  | { readonly op: "restored" };

/** One gateway, as the main thread sees it. */
class Member {
  readonly post: (message: FromBroker) => void;

  constructor(post: (message: FromBroker) => void) {
    this.post = post;
  }
}

/** The main thread's end. */
export class BrokerHub {
  readonly #upstream: Broker;
  readonly #members = new Set<Member>();
  /** By channel, who hears it: the upstream is subscribed to it as long as anybody does. */
  readonly #listeners = new Map<string, Set<Member>>();

  constructor(upstream: Broker) {
    this.#upstream = upstream;
    upstream.listen({
      message: (channel, text) => {
        for (const member of this.#listeners.get(channel) ?? []) member.post({ op: "message", channel, text });
      },
      restored: () => {
        for (const member of this.#members) member.post({ op: "restored" });
      },
    });
  }

  /** Gives what takes the gateway's messages. */
  join(post: (message: FromBroker) => void): (message: ToBroker) => void {
    const member = new Member(post);
    this.#members.add(member);
    return (message) => {
      switch (message.op) {
        case "publish":
          message.channels.forEach((channel, at) => this.#upstream.publish(channel, message.texts[at] as string));
          return post({ op: "taken", bytes: message.bytes, connected: this.#upstream.connected });
        case "subscribe":
          return void this.#subscribe(member, message.channel).then((confirmed) =>
            post({ op: "subscribed", n: message.n, confirmed }),
          );
        case "unsubscribe":
          return this.#unsubscribe(member, message.channel);
      }
    };
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }

  #subscribe(member: Member, channel: string): Promise<boolean> {
    const listeners = this.#listeners.get(channel) ?? new Set<Member>();
    this.#listeners.set(channel, listeners.add(member));
    // A second one costs nothing there, and is confirmed on its own.
    return this.#upstream.subscribe(channel);
  }

  #unsubscribe(member: Member, channel: string): void {
    const listeners = this.#listeners.get(channel);
    if (listeners?.delete(member) !== true || listeners.size > 0) return;
    this.#listeners.delete(channel);
    this.#upstream.unsubscribe(channel);
  }
}

/** A gateway's end. */
export class ThreadBroker implements Broker {
  readonly #clock: Clock;
  readonly #post: (message: ToBroker) => void;
  readonly #waiting = new Map<number, (confirmed: boolean) => void>();
  #hearing: Hearing | undefined;
  #channels: string[] = [];
  #texts: string[] = [];
  /** Of this turn, and of what the main thread has not taken yet. */
  #bytes = 0;
  #next = 0;
  #closed = false;
  dropped = 0;
  connected = true;

  constructor(options: { clock: Clock; post: (message: ToBroker) => void }) {
    this.#clock = options.clock;
    this.#post = options.post;
  }

  listen(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  publish(channel: string, text: string): void {
    if (this.#closed || this.#bytes + text.length > outgoing_bytes_max) {
      this.dropped++;
      return;
    }
    this.#channels.push(channel);
    this.#texts.push(text);
    this.#bytes += text.length;
    if (this.#texts.length === 1) this.#clock.soon(() => this.#flush());
  }

  subscribe(channel: string): Promise<boolean> {
    const n = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(n, resolve);
      this.#post({ op: "subscribe", channel, n });
    });
  }

  unsubscribe(channel: string): void {
    this.#post({ op: "unsubscribe", channel });
  }

  async close(): Promise<void> {
    this.#flush();
    this.#closed = true;
    this.connected = false;
    this.#hearing = undefined;
  }

  receive(message: FromBroker): void {
    switch (message.op) {
      case "message":
        return this.#hearing?.message(message.channel, message.text);
      case "taken":
        this.#bytes -= message.bytes;
        this.connected = message.connected && !this.#closed;
        return;
      case "subscribed":
        this.#waiting.get(message.n)?.(message.confirmed);
        this.#waiting.delete(message.n);
        return;
      case "restored":
        return this.#hearing?.restored();
    }
  }

  #flush(): void {
    if (this.#texts.length === 0) return;
    const [channels, texts] = [this.#channels, this.#texts];
    this.#channels = [];
    this.#texts = [];
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    this.#post({ op: "publish", channels, texts, bytes });
  }
}
