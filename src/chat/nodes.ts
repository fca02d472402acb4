/**
 * The other nodes of the same database. What goes between them by the broker is a hint: events of rooms, so that they
 * are not late; who is here; and that there is something to look for. None of it carries authority: a change of
 * membership, an ended sign-in are read from the database before anything is done.
 */

import type { Broker } from "../broker/contract.ts";
import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Announcement } from "./elsewhere.ts";
import { Leases } from "./leases.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Line, Lines } from "./lines.ts";
import { readLetter, writeLetter, type Letter } from "./node-letters.ts";
import type { Online } from "./online.ts";
import type { Outbox, Told } from "./outbox.ts";
import type { Passing } from "./passing.ts";
import { ownPresence, type Presence } from "./presence.ts";
import type { Following, RoomDirectory } from "./room-directory.ts";

const alive_every_ms = 5_000;
/** A node that was not heard for so long is gone, and everybody who was here by it. */
export const silence_ms_max = 30_000;
const sweep_ms = 1_000;
/** Rooms whose other people are asked for in a second. */
const asks_per_sweep_max = 1_000;

export interface NodesOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this run. */
  readonly run: string;
  /** Names the database: nodes of several may share a broker. */
  readonly epoch: string;
}

/** What it works for; known once all parts are made. */
export interface ForNodes {
  readonly directory: RoomDirectory;
  readonly lines: Lines;
  readonly online: Online;
  readonly outbox: Outbox;
  readonly passing: Passing;
  readonly presence: Presence;
  /** Looks into the database for news. */
  readonly look: () => void;
}

export class Nodes implements Following {
  readonly #options: NodesOptions;
  readonly #leases: Leases<LiveRoom>;
  readonly #timers: Timer[] = [];
  /** When each other run was last heard. */
  readonly #heard_ms = new Map<string, number>();
  readonly #control: string;
  #chat: ForNodes | undefined;
  #hasPassedOver = false;
  /** Rooms of which something of another node's presence was lost, or of which nothing is known yet. */
  readonly #unknown = new Set<LiveRoom>();
  /** Something was lost of who is connected to another node. */
  #isAnybodyUnknown = true;

  constructor(options: NodesOptions) {
    this.#options = options;
    const { broker, clock, epoch } = options;
    this.#control = `confab:${epoch}:nodes`;
    this.#leases = new Leases({
      clock,
      own: ownPresence,
      announce: (room, announcement) => this.#announce(room, announcement),
    });
    broker.listen({ message: (_, text) => this.#received(text), restored: () => this.#restored() });
    this.#timers.push(clock.every(alive_every_ms, () => this.#tellAll({ kind: "alive" })));
    this.#timers.push(clock.every(sweep_ms, () => this.#sweep()));
  }

  /** Begins to hear others. Before the first room is opened. */
  async start(chat: ForNodes): Promise<void> {
    this.#chat = chat;
    await this.#options.broker.subscribe(this.#control);
    this.#tellAll({ kind: "alive" });
  }

  /** For the directory: resolves once other nodes' events of the room arrive, or cannot just now. */
  async follow(n: number): Promise<void> {
    await this.#options.broker.subscribe(this.#channel(n));
    this.#publish(n, { kind: "ask" });
  }

  unfollow(n: number): void {
    this.#options.broker.unsubscribe(this.#channel(n));
  }

  /** For the outbox: what was committed here. */
  tell(told: Iterable<Told>): void {
    let places = false;
    for (const one of told) {
      this.#publish(one.n, { kind: "events", first: one.first, texts: one.texts });
      places ||= one.texts.includes("");
    }
    if (places) this.hint();
  }

  /** Others should look into the database at once. */
  hint(): void {
    this.#tellAll({ kind: "look" });
  }

  /** For presence: somebody came to a room here, or went. */
  changed(room: LiveRoom): void {
    this.#leases.changed(room);
  }

  /** News of a room that is not kept. */
  passing(room: LiveRoom, texts: readonly string[]): void {
    this.#publish(room.n, { kind: "passing", texts: [...texts] });
  }

  /** Read marks of people who may have another device elsewhere. */
  lines(lines: readonly Line[]): void {
    this.#tellAll({ kind: "lines", lines });
  }

  /** Who is connected to this node. */
  online(announcement: Announcement): void {
    this.#tellAll({ kind: "presence", announcement });
  }

  /** This node goes: whoever is here by it will come back by another, or has left. */
  leave(): void {
    this.#tellAll({ kind: "bye" });
    for (const timer of this.#timers) timer.cancel();
  }

  #channel(n: number): string {
    return `confab:${this.#options.epoch}:${n}`;
  }

  #publish(n: number, letter: Letter): void {
    this.#options.broker.publish(this.#channel(n), writeLetter({ run: this.#options.run, n }, letter));
  }

  #tellAll(letter: Letter): void {
    this.#options.broker.publish(this.#control, writeLetter({ run: this.#options.run, n: 0 }, letter));
  }

  #announce(room: LiveRoom, announcement: Announcement): void {
    this.#publish(room.n, { kind: "presence", announcement });
  }

  #received(text: string): void {
    const read = readLetter(text);
    if (read === undefined) return this.#passedOver(text);
    const { run, n, letter } = read;
    if (run === this.#options.run || this.#chat === undefined) return;
    const { directory, lines, online, outbox, passing, presence, look } = this.#chat;
    if (!this.#heard_ms.has(run)) {
      this.#options.log.info("node_heard", { run });
      online.asked();
    }
    this.#heard_ms.set(run, this.#options.clock.monotonic());
    const room = directory.byKey(n);
    switch (letter.kind) {
      case "events":
        directory.passed(n, letter.first + letter.texts.length - 1);
        if (room !== undefined) outbox.hear(room, { n, first: letter.first, texts: letter.texts });
        break;
      case "presence":
        if (n === 0) this.#isAnybodyUnknown = online.heard(run, letter.announcement) || this.#isAnybodyUnknown;
        else if (room !== undefined && presence.heard(room, run, letter.announcement)) this.#unknown.add(room);
        break;
      case "passing":
        if (room !== undefined) passing.heard(room, letter.texts);
        break;
      case "lines":
        lines.heard(letter.lines);
        break;
      case "ask":
        if (n === 0) online.asked();
        else if (room !== undefined) this.#leases.asked(room);
        break;
      case "look":
        look();
        break;
      case "alive":
        break;
      case "bye":
        this.#gone(run, "bye");
        break;
    }
  }

  /** A newer node may write much that is not understood here: it is said once. */
  #passedOver(text: string): void {
    if (!this.#hasPassedOver) this.#options.log.warn("letter_not_understood", { start: text.slice(0, 60) });
    this.#hasPassedOver = true;
  }

  #restored(): void {
    this.#tellAll({ kind: "alive" });
    this.#chat?.look();
    this.#isAnybodyUnknown = true;
    this.#leases.unheard();
    for (const room of this.#chat?.directory.all() ?? []) this.#unknown.add(room);
  }

  #sweep(): void {
    const oldest_ms = this.#options.clock.monotonic() - silence_ms_max;
    for (const [run, heard_ms] of this.#heard_ms) if (heard_ms < oldest_ms) this.#gone(run, "silence");
    if (this.#isAnybodyUnknown) this.#tellAll({ kind: "ask" });
    this.#isAnybodyUnknown = false;
    let left = asks_per_sweep_max;
    for (const room of this.#unknown) {
      if (left-- === 0) break;
      this.#unknown.delete(room);
      this.#publish(room.n, { kind: "ask" });
    }
  }

  #gone(run: string, after: "bye" | "silence"): void {
    this.#heard_ms.delete(run);
    this.#options.log.info("node_gone", { run, after });
    this.#chat?.online.dropped(run);
    for (const room of this.#chat?.directory.all() ?? []) this.#chat?.presence.dropped(room, run, after);
  }
}
