/** The only place that knows the runtime's server: listeners, upgrades, topics. */

import type { Server, ServerWebSocket } from "bun";
import type { Clock } from "../lib/clock.ts";
import { backpressure_bytes_max, connect_reply_bytes_max, frame_bytes_max } from "../protocol/limits.ts";
import { assert } from "../lib/assert.ts";
import { Connection, type Flusher, type Socket } from "./connection.ts";
import { originAllowed, type OriginRules } from "./origins.ts";
import type { Sockets } from "./socket.ts";

export interface ServerOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly ports: readonly number[];
  readonly origins: OriginRules;
  readonly connections_max: number;
  readonly connections_per_address_max: number;
  readonly flusher: Flusher;
  readonly sockets: Sockets;
  /** Answers what is no upgrade. */
  readonly fetch: (request: Request, path: string) => Response | Promise<Response>;
}

interface SocketData {
  connection: Connection | undefined;
  readonly address: string;
}

const websocketPath = "/connection/websocket";

export class Gateway {
  readonly #options: ServerOptions;
  readonly #servers: Server<SocketData>[] = [];
  readonly #addresses = new Map<string, number>();
  #draining = false;

  constructor(options: ServerOptions) {
    assert(
      backpressure_bytes_max >= 4 * connect_reply_bytes_max,
      "a socket may have several of our largest frames unsent",
    );
    this.#options = options;
  }

  listen(): void {
    for (const port of this.#options.ports) this.#servers.push(this.#serve(port));
  }

  /** Where the first listener is. */
  get url(): string {
    const server = this.#servers[0];
    assert(server !== undefined, "the gateway listens");
    const { host } = this.#options;
    return `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  }

  get ports(): number[] {
    return this.#servers.map((server) => server.port ?? 0);
  }

  /** A frame to everybody on a topic. Topics belong to a listener, so each publishes. */
  deliver(topic: string, frame: string): void {
    for (const server of this.#servers) server.publish(topic, frame);
  }

  /** Takes no more connections; those that are here stay. */
  drain(): void {
    this.#draining = true;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }

  #serve(port: number): Server<SocketData> {
    const { host, sockets } = this.#options;
    return Bun.serve<SocketData>({
      hostname: host,
      port,
      idleTimeout: 30,
      fetch: (request, server) => this.#fetch(request, server),
      error: () => new Response("internal server error", { status: 500 }),
      websocket: {
        maxPayloadLength: frame_bytes_max,
        backpressureLimit: backpressure_bytes_max,
        closeOnBackpressureLimit: true,
        // The heartbeat is our own; this one would close a client that only listens.
        idleTimeout: 0,
        sendPings: false,
        perMessageDeflate: false,
        open: (ws) => this.#opened(ws),
        message: (ws, frame) => {
          if (ws.data.connection !== undefined) sockets.received(ws.data.connection, frame);
        },
        drain: (ws) => {
          if (ws.data.connection !== undefined) sockets.drained(ws.data.connection);
        },
        close: (ws) => this.#closed(ws),
      },
    });
  }

  #fetch(request: Request, server: Server<SocketData>): Response | Promise<Response> | undefined {
    const path = new URL(request.url).pathname;
    if (path !== websocketPath) return this.#options.fetch(request, path);
    const { headers } = request;
    if ((headers.get("sec-websocket-protocol") ?? "").includes("centrifuge-protobuf")) {
      return new Response("This server speaks JSON: connect without the subprotocol centrifuge-protobuf.\n", {
        status: 400,
      });
    }
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Expected a WebSocket upgrade here.\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    if (!originAllowed(this.#options.origins, { origin: headers.get("origin"), host: headers.get("host") })) {
      return new Response("Pages of this origin may not connect: the operator lists it in allowed_origins.\n", {
        status: 403,
      });
    }
    const address = server.requestIP(request)?.address ?? "";
    const refusal = this.#refusal(address);
    if (refusal !== undefined) return refusal;
    if (server.upgrade(request, { data: { connection: undefined, address } })) return undefined;
    return new Response("The upgrade failed: expected a WebSocket handshake of version 13.\n", { status: 400 });
  }

  #refusal(address: string): Response | undefined {
    const { connections_max, connections_per_address_max, sockets } = this.#options;
    const headers = { "retry-after": "5" };
    if (this.#draining)
      return new Response("The server is going down: come back in a moment.\n", { status: 503, headers });
    if (sockets.size >= connections_max) return new Response("The server is full.\n", { status: 503, headers });
    if (connections_per_address_max > 0 && (this.#addresses.get(address) ?? 0) >= connections_per_address_max) {
      return new Response("Too many connections from your address.\n", { status: 429, headers });
    }
    return undefined;
  }

  #opened(ws: ServerWebSocket<SocketData>): void {
    const { clock, flusher, sockets } = this.#options;
    const { address } = ws.data;
    this.#addresses.set(address, (this.#addresses.get(address) ?? 0) + 1);
    const options = {
      client: crypto.randomUUID(),
      address,
      socket: new BunSocket(ws),
      flusher,
      now_ms: clock.monotonic(),
    };
    const connection = new Connection(options);
    ws.data.connection = connection;
    sockets.opened(connection);
  }

  #closed(ws: ServerWebSocket<SocketData>): void {
    const { address, connection } = ws.data;
    const left = (this.#addresses.get(address) ?? 1) - 1;
    if (left > 0) this.#addresses.set(address, left);
    else this.#addresses.delete(address);
    if (connection !== undefined) this.#options.sockets.closed(connection);
  }
}

/** A class and not an object of closures: there is one for every connection. */
class BunSocket implements Socket {
  readonly #ws: ServerWebSocket<SocketData>;

  constructor(ws: ServerWebSocket<SocketData>) {
    this.#ws = ws;
  }

  send(frame: string): void {
    this.#ws.send(frame);
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
