import { Connection, type Socket } from "../../src/gateway/connection.ts";
import { backpressure_bytes_max } from "../../src/protocol/limits.ts";
import type { Node } from "./node.ts";
import type { World } from "./world.ts";

/** The client's end of a link. */
export interface Caller {
  opened(link: Link): void;
  /** `sent_ms`: when the server sent it. */
  received(link: Link, frame: string, sent_ms: number): void;
  closed(link: Link, code: number): void;
}

interface Line {
  readonly latency_ms: number;
  /** Bytes a millisecond towards the client. */
  readonly bandwidth: number;
  /** Each byte counts for so many on the server's books: small worlds must reach the limits too. */
  readonly weight: number;
}

/**
 * One socket with the wire between. Each direction keeps its order; a slow one fills up on the server's side. It can
 * break so that either end sees it first, or the server not at all, and what the client had sent may still arrive.
 */
export class Link {
  readonly address: string;
  readonly #world: World;
  readonly #caller: Caller;
  readonly #line: Line;
  readonly #topics = new Set<string>();
  #node: Node | undefined;
  #connection: Connection | undefined;
  /** The client's end is open. */
  #here = true;
  /** The server's end is open. */
  #there = false;
  #broken = false;
  #choked = false;
  /** When the last byte so far is on the wire, and when the last frame arrives in each direction. */
  #free_ms = 0;
  #arrived_ms = 0;
  #heard_ms = 0;
  #unsent = 0;

  constructor(options: { world: World; caller: Caller; line: Line; address: string }) {
    this.#world = options.world;
    this.#caller = options.caller;
    this.#line = options.line;
    this.address = options.address;
  }

  /** Whether the client may still use it. */
  get usable(): boolean {
    return this.#here && !this.#broken;
  }

  /** The run of the server at the other end, once it was reached. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Reaches the server after a while, or nobody. */
  dial(): void {
    this.#later(() => {
      const node = this.#world.nodeToCome();
      if (node === undefined || this.#broken) return this.lost(1006);
      this.#node = node;
      this.#there = true;
      const { flusher, sockets, clock } = node;
      const socket = this.#socket(node);
      const client = `c${this.#world.count()}`;
      const options = { client, address: this.address, socket, flusher, now_ms: clock.monotonic() };
      this.#connection = new Connection(options);
      node.links.add(this);
      sockets.opened(this.#connection);
      this.#later(() => {
        if (this.usable) this.#caller.opened(this);
      });
    });
  }

  /** From the client to the server. */
  write(frame: string): void {
    if (!this.#here) return;
    const node = this.#node;
    this.#heard_ms = Math.max(this.#heard_ms, this.#world.tick(this.#delay()));
    this.#world.timeline.after(this.#heard_ms - this.#world.timeline.now_ms, () => {
      if (!this.#there || node !== this.#node || this.#connection === undefined) return;
      node?.sockets.received(this.#connection, frame);
    });
  }

  /** The client hangs up, in order. */
  hangUp(): void {
    if (!this.#here) return;
    this.#here = false;
    this.#world.timeline.after(this.#heard_ms + this.#delay() - this.#world.timeline.now_ms, () => this.gone());
  }

  /** The wire is cut. Either end learns of it by itself; the server perhaps only when nobody answers its ping. */
  cut(after: { client_ms: number; server_ms: number | undefined }): void {
    if (this.#broken) return;
    this.#broken = true;
    const { timeline } = this.#world;
    timeline.after(after.client_ms, () => this.lost(1006));
    if (after.server_ms !== undefined) timeline.after(after.server_ms, () => this.gone());
  }

  /** The run of the server at the other end was killed. What is on the wire already arrives, or not. */
  killed(arrives: boolean): void {
    this.#there = false;
    if (!arrives) this.#broken = true;
    const { now_ms } = this.#world.timeline;
    this.#world.timeline.after(Math.max(this.#arrived_ms - now_ms, 0) + this.#delay(), () => this.lost(1006));
  }

  /** The client's end closes. */
  lost(code: number): void {
    if (!this.#here) return;
    this.#here = false;
    this.#caller.closed(this, code);
  }

  /** The server's end closes. */
  gone(): void {
    if (!this.#there) return;
    this.#there = false;
    const node = this.#node as Node;
    for (const topic of this.#topics) node.topics.get(topic)?.delete(this);
    node.links.delete(this);
    if (this.#connection !== undefined) node.sockets.closed(this.#connection);
  }

  /** A frame to this socket, by itself or by a topic. */
  send(frame: string): void {
    if (!this.#there || this.#choked) return;
    const { timeline } = this.#world;
    if (this.#unsent * this.#line.weight > backpressure_bytes_max) {
      // As the runtime does: what does not fit is dropped, and so is the connection, a moment later.
      this.#choked = true;
      timeline.after(this.#world.random.between(0, 3), () => this.#closing(1006));
      return;
    }
    const sent_ms = timeline.now_ms;
    const isSlow = this.#line.bandwidth < Number.POSITIVE_INFINITY;
    if (isSlow) this.#unsent += frame.length;
    this.#free_ms = Math.max(this.#free_ms, sent_ms) + frame.length / this.#line.bandwidth;
    this.#arrived_ms = Math.max(this.#arrived_ms, this.#world.tick(this.#free_ms - sent_ms + this.#delay()));
    if (isSlow) timeline.after(this.#free_ms - sent_ms, () => this.#drained(frame.length));
    timeline.after(this.#arrived_ms - sent_ms, () => {
      if (this.usable) this.#caller.received(this, frame, sent_ms);
    });
  }

  #drained(bytes: number): void {
    this.#unsent -= bytes;
    if (this.#there && this.#connection !== undefined) this.#node?.sockets.drained(this.#connection);
  }

  #socket(node: Node): Socket {
    return {
      send: (frame) => {
        node.sent(frame);
        this.send(frame);
      },
      subscribe: (topic) => {
        if (!this.#there) return;
        this.#topics.add(topic);
        const sockets = node.topics.get(topic);
        if (sockets === undefined) node.topics.set(topic, new Set([this]));
        else sockets.add(this);
      },
      unsubscribe: (topic) => {
        this.#topics.delete(topic);
        node.topics.get(topic)?.delete(this);
      },
      buffered: () => this.#unsent * this.#line.weight,
      close: (code) => {
        if (this.#choked) return;
        this.#choked = true;
        if (this.#world.weather.closesAtOnce) this.#closing(code);
        else this.#world.timeline.after(0, () => this.#closing(code));
      },
    };
  }

  #closing(code: number): void {
    this.gone();
    const { timeline } = this.#world;
    timeline.after(Math.max(this.#arrived_ms - timeline.now_ms, 0) + this.#delay(), () => {
      if (!this.#broken) this.lost(code);
    });
  }

  #delay(): number {
    return this.#world.random.between(0.2, 1) * this.#line.latency_ms;
  }

  #later(run: () => void): void {
    this.#world.timeline.after(this.#delay(), run);
  }
}
