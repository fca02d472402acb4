/**
 * The naive door, for the oldest clients: a WebSocket on `/` that speaks bare text. Each text frame is stored as
 * `{"text": …}` in an open room and comes to everybody there. It has no commands and no errors: what cannot be done is
 * told by a close code. Nobody is signed in: all who give the same name (or none) are one user, so that strangers who
 * come and go do not fill the table of users.
 */

import type { Accounts } from "../chat/accounts.ts";
import type { Messages, SendOutcome, SendWaiter } from "../chat/messages.ts";
import { outcomeOf } from "../chat/outcomes.ts";
import type { Moderation } from "../chat/moderation.ts";
import type { OpenRooms } from "../chat/open-rooms.ts";
import type { People, Person } from "../chat/people.ts";
import type { RoomDirectory } from "../chat/room-directory.ts";
import type { Clock } from "../lib/clock.ts";
import { uuidv7 } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { Lru } from "../lib/lru.ts";
import type { Metrics } from "../lib/metrics.ts";
import { ChatError, errors } from "../protocol/errors.ts";
import { longerThan } from "../protocol/json.ts";
import { commands_pending_max, ping_s, text_bytes_max } from "../protocol/limits.ts";
import { userName } from "../protocol/operation-fields.ts";
import { isOpenName } from "../protocol/topics.ts";
import type { Ends } from "./ends.ts";
import { PlainConnection, type PlainSocket, type Visit } from "./plain-connection.ts";
import { PlainRoom } from "./plain-room.ts";
import { spendQuietly, TooMany, type Rates } from "./rates.ts";

export interface PlainDoorOptions {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly deliver: (topic: string, frame: string) => void;
  readonly directory: RoomDirectory;
  readonly ends: Ends;
  readonly log: Log;
  readonly messages: Messages;
  readonly metrics: Metrics;
  readonly moderation: Pick<Moderation, "settings">;
  readonly openRooms: OpenRooms;
  readonly people: People;
  readonly rates: Rates;
  /** Sent to each new connection; empty for nothing. */
  readonly welcome: string;
  /** Every second everybody is sent the Unix time in seconds. */
  readonly clockTicks: boolean;
}

const second_ms = 1_000;
const default_room = "lobby";
const default_name = "guest";
const names_remembered_max = 10_000;
const tickTopic = "plain/clock";
/** The issuer of users who are but a name. */
const issuer = "plain";
const nobody: ReadonlySet<string> = new Set();
/** How often a room may vanish while it is being entered. */
const rounds_max = 3;

/** Waits for what becomes of a message. An object and not a closure: there is one for every message. */
class PlainSend implements SendWaiter {
  readonly #door: PlainDoor;
  readonly #connection: PlainConnection;
  readonly #id: string | undefined;

  constructor(door: PlainDoor, connection: PlainConnection, id: string | undefined) {
    this.#door = door;
    this.#connection = connection;
    this.#id = id;
  }

  settle({ code }: SendOutcome): void {
    const stored = code === "committed" || code === "repeated";
    this.#door.settled(this.#connection, this.#id, stored ? undefined : new ChatError(code));
  }
}

export class PlainDoor {
  readonly #options: PlainDoorOptions;
  readonly #open = new Set<PlainConnection>();
  readonly #rooms = new Map<string, PlainRoom>();
  readonly #persons = new Lru<string, Person>(names_remembered_max);

  constructor(options: PlainDoorOptions) {
    this.#options = options;
    options.clock.every(second_ms, () => this.#tick());
    const described = { name: "confab_plain_connections", help: "Open sockets of the naive door." };
    options.metrics.measure(described, () => this.#open.size);
  }

  get size(): number {
    return this.#open.size;
  }

  all(): Iterable<PlainConnection> {
    return this.#open;
  }

  /**
   * Checks what an upgrade asks for, and enters the room before the handshake is answered: whoever sees the socket open
   * misses nothing from then on. The visit is to be opened or abandoned. Throws a ChatError.
   */
  async enter(query: URLSearchParams, address: string): Promise<Visit> {
    // Nobody here is known from before.
    this.#options.moderation.settings.requireUnlocked();
    const channel = `open:${query.get("room") ?? default_room}`;
    if (!isOpenName(channel)) throw new ChatError("bad_request", "room: letters, digits and . _ - (at most 64)");
    const name = userName.safeParse(query.get("name") ?? default_name);
    if (!name.success) throw new ChatError("bad_request", "name: 1 to 60 characters, none of them hidden");
    const { person, room } = await this.#admit(channel, { name: name.data, address });
    return {
      room,
      caller: { person, grants: nobody, session: undefined, scopes: undefined, recipient: undefined },
      allowance: this.#options.rates.ofStranger(address),
      address,
      echo: query.get("echo") !== "0",
      raw: query.get("raw") === "1",
    };
  }

  async #admit(
    channel: string,
    { address, name }: { name: string; address: string },
  ): Promise<{ person: Person; room: PlainRoom }> {
    try {
      const person = this.#persons.get(name) ?? (await this.#person(name, address));
      if (this.#isDisabled(person)) throw new ChatError("permission_denied", "this account is disabled");
      return { person, room: await this.#room(channel, { person, address }) };
    } catch (error) {
      throw outcomeOf(error, { log: this.#options.log, event: "plain_failed" });
    }
  }

  /** Who is remembered is not looked up again. */
  #isDisabled({ id }: Person): boolean {
    return this.#options.people.isEnded(id, undefined);
  }

  abandon(visit: Visit): void {
    this.#leave(visit.room);
  }

  opened(visit: Visit, socket: PlainSocket): PlainConnection {
    const connection = new PlainConnection(visit, socket, this.#options.clock.monotonic());
    this.#open.add(connection);
    const { clockTicks, welcome } = this.#options;
    connection.subscribe(visit.room.enter(visit.raw));
    if (clockTicks) connection.subscribe(tickTopic);
    if (welcome !== "") connection.send(welcome);
    return connection;
  }

  received(connection: PlainConnection, frame: string | Uint8Array): void {
    if (!connection.open) return;
    const now_ms = this.#options.clock.monotonic();
    connection.heard_ms = now_ms;
    if (typeof frame !== "string") return connection.close("bad_request");
    if (longerThan(frame, text_bytes_max)) return connection.close("too_large");
    if (connection.pending >= commands_pending_max) return connection.close("too_many_requests");
    const { allowance, caller, echo, room } = connection.visit;
    if (this.#isDisabled(caller.person)) return connection.close("revoked");
    const id = echo ? undefined : uuidv7();
    connection.pending++;
    if (id !== undefined) room.leaveOut(id, connection);
    const sending = { room: room.live.id, id, data: JSON.stringify({ text: frame }) };
    try {
      spendQuietly(allowance.sending, 1, now_ms);
      const sent = this.#options.messages.send(caller, sending, new PlainSend(this, connection, id));
      sent?.catch((error: unknown) => this.settled(connection, id, error));
    } catch (error) {
      this.settled(connection, id, error);
    }
  }

  /** A message is stored, or `error` says why not: there is no other way to tell than the end. */
  settled(connection: PlainConnection, id: string | undefined, error: unknown): void {
    const { room } = connection.visit;
    connection.pending--;
    if (id !== undefined) room.settled(id);
    if (error === undefined) return;
    const { code } = outcomeOf(error, { log: this.#options.log, event: "plain_failed" });
    if (code === "message_refused") return connection.close(code);
    const { temporary } = errors[code];
    connection.close(error instanceof TooMany ? "too_many_requests" : temporary ? "try_again" : "internal");
  }

  heard(connection: PlainConnection): void {
    connection.heard_ms = this.#options.clock.monotonic();
  }

  closed(connection: PlainConnection, end: { code: number; reason: string }): void {
    if (!connection.open) return;
    connection.open = false;
    this.#open.delete(connection);
    const { address, raw, room } = connection.visit;
    const { ending, opened_ms, unread_bytes } = connection;
    this.#options.ends.ended({ door: "plain", ...end, ending, opened_ms, unread_bytes, address });
    room.exit(raw);
    this.#leave(room);
  }

  #leave(room: PlainRoom): void {
    room.visits--;
    if (room.visits === 0) {
      room.live.tap = undefined;
      room.live.ended = undefined;
      if (this.#rooms.get(room.live.id) === room) this.#rooms.delete(room.live.id);
    }
    this.#options.directory.release(room.live);
  }

  #ended(room: PlainRoom): void {
    for (const connection of this.#open) if (connection.visit.room === room) connection.close("try_again");
  }

  async #person(name: string, address: string): Promise<Person> {
    const { accounts, people, rates } = this.#options;
    if (name !== default_name) rates.newGuest(address);
    const person = people.of(await accounts.ofHost({ issuer, subject: name, name }));
    this.#persons.set(name, person);
    return person;
  }

  async #room(id: string, by: { person: Person; address: string }): Promise<PlainRoom> {
    const { deliver, directory, openRooms } = this.#options;
    for (let round = 0; round < rounds_max; round++) {
      await openRooms.ensure(id, by);
      const live = directory.get(id);
      if (live === undefined) continue;
      directory.hold(live);
      let room = this.#rooms.get(id);
      if (room?.live !== live) {
        const made = new PlainRoom({ live, deliver });
        live.tap = (publication) => made.publish(publication);
        live.ended = () => this.#ended(made);
        this.#rooms.set(id, made);
        room = made;
      }
      room.visits++;
      return room;
    }
    throw new ChatError("overloaded");
  }

  #tick(): void {
    const { clock, clockTicks, deliver } = this.#options;
    const now_ms = clock.monotonic();
    for (const connection of this.#open) connection.visited(now_ms, ping_s * second_ms);
    if (clockTicks && this.#open.size > 0) deliver(tickTopic, String(Math.floor(clock.now() / second_ms)));
  }
}
