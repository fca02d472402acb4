/** The runtime's sockets, as the doors use them. */

import type { Server, ServerWebSocket } from "bun";
import type { Socket } from "./connection.ts";
import type { PlainSocket } from "./plain-connection.ts";

/** A class and not an object of closures: there is one for every connection. */
export class BunSocket<T> implements Socket {
  readonly #ws: ServerWebSocket<T>;

  constructor(ws: ServerWebSocket<T>) {
    this.#ws = ws;
  }

  /** What was published to the socket before goes first, and both leave in one write. */
  send(frame: string): void {
    this.#ws.cork(() => void this.#ws.send(frame));
  }

  subscribe(topic: string): void {
    this.#ws.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#ws.unsubscribe(topic);
  }

  buffered(): number {
    return this.#ws.getBufferedAmount();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }
}

/** All servers, as they are at any time, and the one that a socket came by. */
interface Servers<T> {
  readonly all: readonly Server<T>[];
  readonly own: Server<T>;
}

export class PlainBunSocket<T> extends BunSocket<T> implements PlainSocket {
  readonly #ws: ServerWebSocket<T>;
  readonly #servers: Servers<T>;

  constructor(ws: ServerWebSocket<T>, servers: Servers<T>) {
    super(ws);
    this.#ws = ws;
    this.#servers = servers;
  }

  /** A socket's own publish leaves it out, and reaches those of its own listener only. */
  publish(topic: string, frame: string): void {
    const { all, own } = this.#servers;
    this.#ws.publish(topic, frame);
    for (const server of all) if (server !== own) server.publish(topic, frame);
  }

  ping(): void {
    this.#ws.ping();
  }
}
