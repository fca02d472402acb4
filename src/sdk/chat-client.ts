/**
 * Confab's client: one connection, the rooms, an outbox, positions that are kept. It runs in browsers, Bun and Node.
 *
 *     const client = new ChatClient({ url: "https://chat.example.com", name: "Ada" });
 *     client.connect();
 *     const lobby = client.room("open:lobby");
 *     await lobby.enter({ event: (event) => console.log(event.seq, event.data) });
 *     await lobby.send({ text: "Hello" });
 */

import { Centrifuge } from "centrifuge";
import type { ConnectData } from "../protocol/operations.ts";
import type { LineNews, PassingNews, SentNews } from "../protocol/passing.ts";
import type { Room } from "../protocol/room-operations.ts";
import { callOver, type Call } from "./call.ts";
import { ChatRoom, type RoomParts } from "./chat-room.ts";
import { failureOf } from "./failures.ts";
import { Feeds, type Coming } from "./feeds.ts";
import { GuestToken } from "./guest-token.ts";
import { Listeners, type Stop } from "./listeners.ts";
import { Outbox } from "./outbox.ts";
import { PeopleNames, type PersonName } from "./people.ts";
import { Positions } from "./positions.ts";
import type { RoomEvent } from "./room-event.ts";
import { memoryStore, type ClientStore } from "./store.ts";
import { NetworkTarget, onHidden } from "./surroundings.ts";

export interface ChatClientOptions {
  /** The server's address: `https://chat.example.com`. */
  readonly url: string;
  /** Gives the host application's token of the person. Without it the client is a guest, on a server that lets guests in. */
  readonly getToken?: () => Promise<string>;
  /** In a page of the server itself: the browser's cookie says who this is, and no guest's token is sent or kept. */
  readonly cookie?: boolean;
  /** The name that a guest wants to go by; a function is asked at each connect. */
  readonly name?: string | (() => string | undefined);
  /** What must outlive the client; memory by default, `browserStore()` in a page. */
  readonly store?: ClientStore;
  /** A WebSocket class, where the runtime has none. */
  readonly webSocket?: unknown;
  /** The first wait of a reconnect; the following ones double, up to 20 s, and are random. */
  readonly reconnect_ms?: number;
}

export interface ConnectionState {
  readonly status: "connecting" | "connected" | "disconnected";
  /** Why, in the protocol's codes: those from 3500 to 3999 and from 4500 to 4999 are final. */
  readonly code: number;
  readonly reason: string;
}

interface ConnectReplyData {
  readonly user: PersonName;
  readonly epoch: string;
  /** Only for guests. */
  readonly token?: string;
}

export class ChatClient {
  /** Every change of the connection. */
  readonly states = new Listeners<ConnectionState>();
  /** What went wrong without anybody waiting for it. */
  readonly failures = new Listeners<unknown>();
  /** What comes on the person's own line: their rooms and places have changed, another device of theirs has read. */
  readonly lines = new Listeners<LineNews>();
  /** Somebody came to one of the rooms or went, where the room is small enough to say so. */
  readonly comings = new Listeners<Coming>();
  /** What goes by without being stored: somebody is typing, somebody is shown in another way. */
  readonly passing = new Listeners<PassingNews>();
  /** Every event of the person's rooms as it comes, entered or not: for lists. It may come twice, or not at all. */
  readonly events = new Listeners<RoomEvent>();
  readonly outbox: Outbox;
  readonly people: PeopleNames;
  /** Any operation of the protocol, by its name. */
  readonly call: Call;
  readonly #options: ChatClientOptions;
  readonly #centrifuge: Centrifuge;
  readonly #guest: GuestToken | undefined;
  readonly #network = new NetworkTarget();
  readonly #parts: RoomParts;
  readonly #rooms = new Map<string, ChatRoom>();
  readonly #stopHidden: Stop;
  #state: ConnectionState = { status: "disconnected", code: 0, reason: "not connected yet" };
  #me: PersonName | undefined;
  #wanted = false;

  constructor(options: ChatClientOptions) {
    this.#options = options;
    const store = options.store ?? memoryStore();
    const failed = (error: unknown): void => this.failures.tell(error);
    this.#centrifuge = this.#createCentrifuge();
    const isGuest = options.getToken === undefined && options.cookie !== true;
    this.#guest = isGuest ? new GuestToken({ centrifuge: this.#centrifuge, store, failed }) : undefined;
    this.call = callOver(this.#centrifuge);
    const { call } = this;
    this.people = new PeopleNames({ call, failed });
    this.outbox = new Outbox({
      store,
      failed,
      send: async ({ room, id, data }) => {
        await this.room(room).writable;
        return await call("message.send", { room, id, data });
      },
    });
    const positions = new Positions({ store, failed });
    this.#listen();
    const feeds = new Feeds(this.#centrifuge, {
      line: (news) => this.lines.tell(news as LineNews),
      event: (event) => this.events.tell(event),
      coming: (coming) => this.comings.tell(coming),
    });
    this.#parts = { call, feeds, outbox: this.outbox, people: this.people, positions, failed };
    this.#stopHidden = onHidden(() => void positions.flush());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Who the server says that this is; undefined before the first connect. */
  get me(): PersonName | undefined {
    return this.#me;
  }

  /** Connects, and comes back after every loss until `disconnect` or a final answer of the server. */
  connect(): void {
    this.#wanted = true;
    void this.#connect();
  }

  disconnect(): void {
    this.#wanted = false;
    this.#centrifuge.disconnect();
  }

  /** Ends everything. What is not acknowledged stays in the store for the next client. */
  async close(): Promise<void> {
    this.#wanted = false;
    this.#stopHidden();
    this.#network.close();
    this.outbox.close();
    this.people.close();
    for (const room of this.#rooms.values()) room.exit();
    this.#centrifuge.disconnect();
    await this.#parts.positions.flush();
  }

  /** A room by its id, or `open:<name>`. Always the same object for the same id. */
  room(id: string): ChatRoom {
    let room = this.#rooms.get(id);
    if (room === undefined) this.#rooms.set(id, (room = new ChatRoom(id, this.#parts)));
    return room;
  }

  /** A new room, of which the person is the owner. */
  createRoom(name: string, options: { readonly kind?: "public" | "private" } = {}): Promise<Room> {
    return this.call("room.create", { name, ...options });
  }

  joinRoom(id: string): Promise<Room> {
    return this.call("room.join", { room: id });
  }

  async leaveRoom(id: string): Promise<void> {
    await this.call("room.leave", { room: id });
  }

  /** Tells what need not be stored. It may be lost. */
  say(news: SentNews): void {
    if (this.#state.status === "connected")
      this.#centrifuge.send(news).catch((error: unknown) => this.failures.tell(error));
  }

  async #connect(): Promise<void> {
    await this.#guest?.load();
    if (this.#wanted) this.#centrifuge.connect();
  }

  #createCentrifuge(): Centrifuge {
    const { url, getToken, webSocket, reconnect_ms } = this.#options;
    const endpoint = new URL("/connection/websocket", url);
    endpoint.protocol = endpoint.protocol === "https:" || endpoint.protocol === "wss:" ? "wss:" : "ws:";
    return new Centrifuge(endpoint.href, {
      name: "confab",
      networkEventTarget: this.#network,
      getData: () => this.#connectData(),
      ...(getToken === undefined ? {} : { getToken: () => getToken() }),
      ...(webSocket === undefined ? {} : { websocket: webSocket }),
      ...(reconnect_ms === undefined ? {} : { minReconnectDelay: reconnect_ms }),
    });
  }

  #listen(): void {
    const centrifuge = this.#centrifuge;
    centrifuge.on("connecting", ({ code, reason }) => this.#offline({ status: "connecting", code, reason }));
    centrifuge.on("disconnected", ({ code, reason }) => {
      if (this.#guest?.refused(code) === true && this.#wanted) centrifuge.connect();
      else this.#offline({ status: "disconnected", code, reason });
    });
    centrifuge.on("connected", ({ data }) => {
      const { user, token } = data as ConnectReplyData;
      this.#me = user;
      if (token !== undefined) this.#guest?.keep(token);
      this.people.learn([user]);
      // All guests of a store are one person, whatever became of their token.
      void this.outbox.connected(this.#guest === undefined ? user.id : "guest");
      this.#tell({ status: "connected", code: 0, reason: "" });
    });
    centrifuge.on("message", ({ data }) => this.passing.tell(data as PassingNews));
    centrifuge.on("error", ({ error }) => this.failures.tell(failureOf(error)));
  }

  #offline(state: ConnectionState): void {
    this.outbox.disconnected();
    this.#tell(state);
  }

  #tell(state: ConnectionState): void {
    this.#state = state;
    this.states.tell(state);
  }

  /** What a connect tells the server: the name, and how far the application has come in the rooms that it has entered. */
  async #connectData(): Promise<ConnectData> {
    const rooms = [...this.#rooms.values()];
    await Promise.all(rooms.map((room) => room.loaded));
    const { name } = this.#options;
    const wanted = typeof name === "function" ? name() : name;
    const kept = rooms.flatMap(({ id, position }) => (position === undefined ? [] : [{ id, ...position }]));
    const epoch = kept[0]?.epoch;
    // One epoch for all: a room of another one is told so by its subscription.
    const positions = Object.fromEntries(kept.filter((room) => room.epoch === epoch).map(({ id, seq }) => [id, seq]));
    return {
      rooms: true,
      ...(wanted === undefined ? {} : { name: wanted }),
      ...(epoch === undefined ? {} : { epoch, positions }),
    };
  }
}
