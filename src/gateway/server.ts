/** The only place that knows the runtime's server: listeners, upgrades, topics. */

import { rmSync } from "node:fs";
import type { Server, ServerWebSocket } from "bun";
import type { Clock } from "../lib/clock.ts";
import { backpressure_bytes_max, connect_reply_bytes_max, frame_bytes_max } from "../protocol/limits.ts";
import { assert } from "../lib/assert.ts";
import { ChatError, errors } from "../protocol/errors.ts";
import { clientAddress, limitKey } from "./address.ts";
import { bannedAnswer } from "./banned.ts";
import { BunSocket, PlainBunSocket } from "./bun-socket.ts";
import { Connection, type Flusher } from "./connection.ts";
import type { Ends } from "./ends.ts";
import { originAllowed, plainOriginAllowed, type OriginRules } from "./origins.ts";
import type { PlainDoor } from "./plain.ts";
import type { PlainConnection, Visit } from "./plain-connection.ts";
import { sessionOf, type CookieRules } from "./session-cookie.ts";
import type { Sockets } from "./socket.ts";

export interface ServerOptions {
  readonly clock: Clock;
  readonly host: string;
  readonly ports: readonly number[];
  /** The ports may have several listeners of this process: those of other threads, and one that takes another's place. */
  readonly shared: boolean;
  readonly origins: OriginRules;
  /** Where a cookie signs somebody in. */
  readonly cookies: CookieRules;
  /** Whether an address is a proxy's, whose `X-Forwarded-For` is believed. */
  readonly trustedProxy: (address: string) => boolean;
  /** Whether nobody may come from an address. */
  readonly banned: (address: string) => boolean;
  readonly connections_max: number;
  readonly connections_per_address_max: number;
  readonly flusher: Flusher;
  readonly sockets: Sockets;
  readonly ends: Ends;
  /** The naive door; undefined where strangers are not let in. */
  readonly plain: PlainDoor | undefined;
  /** Undefined for plain HTTP. */
  readonly tls: Tls | undefined;
  /** The one socket of our own that is no connection of the chat: what it must show, and what it hears. */
  readonly canary: { readonly key: string; readonly topic: string };
  /** Answers what is no upgrade. */
  readonly fetch: (request: Request, from: From) => Response | Promise<Response>;
}

/** Certificate and key as PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

export interface From {
  readonly path: string;
  /** The client's address, behind trusted proxies too. */
  readonly address: string;
}

interface SocketData {
  /** It is the server's own. */
  readonly canary?: true;
  readonly address: string;
  /** The token of the sign-in that a cookie brought. */
  readonly cookie?: string | undefined;
  /** Of who came by the naive door; they have a `plain` then, and everybody else a `connection`. */
  readonly naive: { readonly visit: Visit; readonly server: Server<SocketData> } | undefined;
  connection: Connection | undefined;
  plain: PlainConnection | undefined;
}

const websocketPath = "/connection/websocket";
const canaryPath = "/connection/canary";

export class Gateway {
  readonly #options: ServerOptions;
  /** One for each port, and those whose place was taken, as long as somebody is there. */
  readonly #servers: Server<SocketData>[] = [];
  /** The server of each port that takes connections. */
  readonly #listening: Server<SocketData>[] = [];
  readonly #addresses = new Map<string, number>();
  #open = 0;
  #draining = false;

  constructor(options: ServerOptions) {
    assert(
      backpressure_bytes_max >= 4 * connect_reply_bytes_max,
      "a socket may have several of our largest frames unsent",
    );
    this.#options = options;
  }

  listen(): void {
    const { ports, tls } = this.#options;
    for (const port of ports) this.#listening.push(this.#serve(port, tls));
  }

  /**
   * Who connects from now on gets this certificate; those who are here stay as they are. A listener with it takes the
   * place of each, for the runtime's `reload` keeps the certificate that there was.
   */
  renew(tls: Tls): void {
    assert(this.#options.shared && this.#options.tls !== undefined, "another listener may share the port");
    if (this.#draining) return;
    for (const [at, old] of this.#listening.entries()) {
      this.#listening[at] = this.#serve(old.port ?? 0, tls);
      void old.stop(false).then(() => this.#servers.splice(this.#servers.indexOf(old), 1));
    }
  }

  /** Where the first listener is. */
  get url(): string {
    const [server] = this.#listening;
    assert(server !== undefined, "the gateway listens");
    return `${this.#options.tls === undefined ? "http" : "https"}://${inAddress(this.#options.host)}:${server.port}`;
  }

  /** Where the canary's socket goes: to the first listener, from inside. */
  get canaryUrl(): string {
    const { protocol, port } = new URL(this.url);
    const { host } = this.#options;
    const near = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
    return `${protocol.replace("http", "ws")}//${inAddress(near)}:${port}${canaryPath}`;
  }

  /** Sockets that are open at all doors, the canary's not among them. */
  get open(): number {
    return this.#open;
  }

  get ports(): number[] {
    return this.#listening.map((server) => server.port ?? 0);
  }

  /** A frame to everybody on a topic. Topics belong to a listener, so each publishes; below 0 somebody has to catch up. */
  deliver(topic: string, frame: string): void {
    for (const server of this.#servers) if (server.publish(topic, frame) < 0) this.#options.sockets.someoneIsBehind();
  }

  /** Takes no more connections; those that are here stay. */
  drain(): void {
    this.#draining = true;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }

  #serve(port: number, tls: Tls | undefined): Server<SocketData> {
    const { host, shared, sockets } = this.#options;
    const server = Bun.serve<SocketData>({
      hostname: host,
      port,
      ...(shared ? { reusePort: true } : {}),
      ...(tls === undefined ? {} : { tls }),
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
          const { connection, plain } = ws.data;
          if (connection !== undefined) sockets.received(connection, frame);
          else if (plain !== undefined) this.#options.plain?.received(plain, frame);
        },
        pong: (ws) => {
          if (ws.data.plain !== undefined) this.#options.plain?.heard(ws.data.plain);
        },
        drain: (ws) => {
          if (ws.data.connection !== undefined) sockets.drained(ws.data.connection);
        },
        close: (ws, code, reason) => this.#closed(ws, { code, reason }),
      },
    });
    this.#servers.push(server);
    return server;
  }

  #fetch(request: Request, server: Server<SocketData>): Response | Promise<Response | undefined> | undefined {
    const path = pathOf(request.url);
    const { headers } = request;
    const peer = server.requestIP(request)?.address ?? "";
    const forwardedFor = headers.get("x-forwarded-for");
    const address = clientAddress({ peer, forwardedFor }, this.#options.trustedProxy);
    // The canary comes from this machine, by whatever address, and has a key.
    if (path !== canaryPath && this.#options.banned(address)) return bannedAnswer(path);
    const upgrades = headers.get("upgrade")?.toLowerCase() === "websocket";
    if (path === "/" && upgrades)
      return this.#enterPlain(request, server, { query: new URL(request.url).searchParams, address });
    if (path === canaryPath) return this.#enterCanary(request, server);
    if (path !== websocketPath) return this.#options.fetch(request, { path, address });
    if ((headers.get("sec-websocket-protocol") ?? "").includes("centrifuge-protobuf")) {
      return new Response("This server speaks JSON: connect without the subprotocol centrifuge-protobuf.\n", {
        status: 400,
      });
    }
    if (!upgrades) {
      return new Response("Expected a WebSocket upgrade here.\n", { status: 426, headers: { upgrade: "websocket" } });
    }
    const refusal = this.#originRefusal(request, originAllowed) ?? this.#refusal(address);
    if (refusal !== undefined) return refusal;
    const cookie = sessionOf(request, this.#options.cookies);
    const data = { address, cookie, naive: undefined, connection: undefined, plain: undefined };
    return server.upgrade(request, { data }) ? undefined : badHandshake();
  }

  /** It comes in when the server is full as well: that is no reason to call it unready. */
  #enterCanary(request: Request, server: Server<SocketData>): Response | undefined {
    if (request.headers.get("authorization") !== `Bearer ${this.#options.canary.key}`) {
      return new Response("not found\n", { status: 404 });
    }
    const data = { canary: true, address: "", naive: undefined, connection: undefined, plain: undefined } as const;
    return server.upgrade(request, { data }) ? undefined : badHandshake();
  }

  async #enterPlain(
    request: Request,
    server: Server<SocketData>,
    asked: { query: URLSearchParams; address: string },
  ): Promise<Response | undefined> {
    const { plain } = this.#options;
    const { address, query } = asked;
    if (plain === undefined) {
      const text = "This server lets no strangers in (--open does). Clients of the Centrifuge protocol: ";
      return new Response(`${text}${websocketPath}\n`, { status: 403 });
    }
    const refusal = this.#originRefusal(request, plainOriginAllowed) ?? this.#refusal(address);
    if (refusal !== undefined) return refusal;
    let visit;
    try {
      visit = await plain.enter(query, address);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      const { status, temporary } = errors[error.code];
      return new Response(`${error.message}\n`, { status, headers: temporary ? { "retry-after": "1" } : {} });
    }
    const data = { address, naive: { visit, server }, connection: undefined, plain: undefined };
    // Others from there have come in meanwhile.
    const late = this.#refusal(address);
    if (late === undefined && server.upgrade(request, { data })) return undefined;
    plain.abandon(visit);
    return late ?? badHandshake();
  }

  #originRefusal({ headers }: Request, allowed: typeof originAllowed): Response | undefined {
    if (allowed(this.#options.origins, { origin: headers.get("origin"), host: headers.get("host") })) return undefined;
    const text = "Pages of this origin may not connect: the operator lists it in allowed_origins.\n";
    return new Response(text, { status: 403 });
  }

  #refusal(address: string): Response | undefined {
    const { connections_max, connections_per_address_max } = this.#options;
    const headers = { "retry-after": "5" };
    if (this.#draining)
      return new Response("The server is going down: come back in a moment.\n", { status: 503, headers });
    if (this.#open >= connections_max) return new Response("The server is full.\n", { status: 503, headers });
    if (connections_per_address_max > 0 && (this.#addresses.get(limitKey(address)) ?? 0) >= connections_per_address_max)
      return new Response("Too many connections from your address.\n", { status: 429, headers });
    return undefined;
  }

  #opened(ws: ServerWebSocket<SocketData>): void {
    const { banned, clock, flusher, plain, sockets } = this.#options;
    const { address, cookie, naive } = ws.data;
    if (ws.data.canary === true) {
      ws.subscribe(this.#options.canary.topic);
      return;
    }
    this.#open++;
    const key = limitKey(address);
    this.#addresses.set(key, (this.#addresses.get(key) ?? 0) + 1);
    if (naive !== undefined) {
      const servers = { own: naive.server, all: this.#servers };
      ws.data.plain = plain?.opened(naive.visit, new PlainBunSocket(ws, servers));
      if (banned(address)) ws.data.plain?.close("address_banned");
      return;
    }
    const options = {
      client: crypto.randomUUID(),
      address,
      cookie,
      socket: new BunSocket(ws),
      flusher,
      now_ms: clock.monotonic(),
    };
    const connection = new Connection(options);
    ws.data.connection = connection;
    sockets.opened(connection);
    // Its upgrade was answered before the ban was known.
    if (banned(address)) connection.close("address_banned");
  }

  #closed(ws: ServerWebSocket<SocketData>, end: { code: number; reason: string }): void {
    const { ends, plain: door, sockets } = this.#options;
    const { address, connection, plain } = ws.data;
    if (ws.data.canary === true) return;
    this.#open--;
    const key = limitKey(address);
    const left = (this.#addresses.get(key) ?? 1) - 1;
    if (left > 0) this.#addresses.set(key, left);
    else this.#addresses.delete(key);
    if (plain !== undefined) door?.closed(plain, end);
    if (connection === undefined) return;
    const { ending, opened_ms, unread_bytes } = connection;
    ends.ended({ door: "centrifuge", ...end, ending, opened_ms, unread_bytes, address });
    sockets.closed(connection);
  }
}

/**
 * The ports that gateways of this process may share: each is free, and 0 has become the number of a free one. Whoever
 * shares a port would not notice that another program has it as well.
 */
export async function claimPorts(host: string, ports: readonly number[]): Promise<number[]> {
  const probes: Server<undefined>[] = [];
  try {
    for (const port of ports) probes.push(Bun.serve({ hostname: host, port, fetch: () => new Response(null) }));
    return probes.map((probe) => probe.port ?? 0);
  } finally {
    await Promise.all(probes.map((probe) => probe.stop(true)));
  }
}

/** Answers HTTP on a socket file that only this user may open: for the tools of the one who runs the server. */
export function listenForTools(
  path: string,
  fetch: (request: Request) => Promise<Response>,
): { stop(): Promise<void> } {
  rmSync(path, { force: true });
  const before = process.umask(0o177);
  try {
    return Bun.serve({ unix: path, fetch });
  } finally {
    process.umask(before);
  }
}

/** The path of an absolute URL, as `new URL` gives it and at a tenth of its cost. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return url.slice(start, end < 0 ? undefined : end);
}

function inAddress(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function badHandshake(): Response {
  return new Response("The upgrade failed: expected a WebSocket handshake of version 13.\n", { status: 400 });
}
