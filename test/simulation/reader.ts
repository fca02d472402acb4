import { publicationSeq } from "../../src/protocol/events.ts";
import type { Person } from "./device.ts";
import { Link, type Caller } from "./network.ts";
import type { World } from "./world.ts";

export interface ReaderReply {
  readonly id: number;
  readonly error?: { readonly code: number };
  readonly connect?: { readonly subs: Readonly<Record<string, { readonly publications?: readonly object[] }>> };
  readonly subscribe?: { readonly publications?: readonly object[] };
  readonly rpc?: { readonly data: unknown };
  readonly history?: { readonly publications: readonly object[] };
}

const pushStart = '{"push":{"channel":"';

/**
 * One connection of a person that looks at everything that it is shown, in whatever way: each event must be one of the
 * log, and one that its person might read at the moment at which it was sent.
 */
export class Reader implements Caller {
  readonly name: string;
  readonly person: Person;
  readonly #world: World;
  readonly #wantsRooms: boolean;
  readonly #questions = new Map<number, ((reply: ReaderReply, sent_ms: number) => void) | undefined>();
  readonly #channels = new Map<number, string>();
  #link: Link | undefined;
  /** What it will begin with, until it is answered; what it asks meanwhile waits. */
  #opening: object | undefined;
  #waiting: string[] = [];
  #ids = 0;
  /** Events that it was shown. */
  shown = 0;

  constructor(options: { world: World; person: Person; wantsRooms: boolean }) {
    this.#world = options.world;
    this.person = options.person;
    this.name = options.person.id;
    this.#wantsRooms = options.wantsRooms;
  }

  /** It has an answer to all that it has asked. */
  get isIdle(): boolean {
    return this.#questions.size === 0;
  }

  /** Begins anew: with nothing, or from the beginning of every room. */
  dial(from: "nothing" | "beginning"): void {
    this.#link?.hangUp();
    this.#questions.clear();
    this.#waiting = [];
    const link = this.#world.link(this);
    this.#link = link;
    const positions = Object.fromEntries([...this.#world.database.byId.keys()].map((id) => [id, 0]));
    const rooms = this.#wantsRooms ? { rooms: true } : {};
    const data = { ...rooms, ...(from === "beginning" ? { epoch: this.#world.database.epoch, positions } : {}) };
    this.#opening = { connect: { token: this.person.token, data } };
    // Counted from now on: nobody is idle who is still on the way.
    this.#questions.set(0, undefined);
    link.dial();
  }

  opened(link: Link): void {
    if (link !== this.#link) return;
    this.#questions.delete(0);
    const waiting = this.#waiting.splice(0);
    const opening = this.#opening ?? {};
    this.#opening = undefined;
    this.ask(opening, (reply, sent_ms) => {
      for (const line of waiting) link.write(line);
      for (const [channel, sub] of Object.entries(reply.connect?.subs ?? {}))
        this.#see(channel, sub.publications, sent_ms);
    });
  }

  closed(link: Link, code: number): void {
    if (link === this.#link) this.#world.fail(`${this.person.id} was closed with ${code}`, undefined);
  }

  ask(command: object, told?: (reply: ReaderReply, sent_ms: number) => void): void {
    const id = ++this.#ids;
    this.#questions.set(id, told);
    const { subscribe } = command as { subscribe?: { channel: string } };
    if (subscribe !== undefined) this.#channels.set(id, subscribe.channel);
    const line = JSON.stringify({ id, ...command });
    if (this.#opening === undefined) this.#link?.write(line);
    else this.#waiting.push(line);
  }

  rpc(method: string, data: object, told?: (reply: ReaderReply, sent_ms: number) => void): void {
    this.ask({ rpc: { method, data } }, told);
  }

  received(link: Link, frame: string, sent_ms: number): void {
    if (link !== this.#link) return;
    for (const line of frame.split("\n")) {
      if (line === "{}") link.write("{}");
      else if (line.startsWith(pushStart)) this.#push(line, sent_ms);
      else this.#reply(JSON.parse(line) as ReaderReply, sent_ms);
    }
  }

  #reply(reply: ReaderReply, sent_ms: number): void {
    const told = this.#questions.get(reply.id);
    this.#questions.delete(reply.id);
    this.#see(this.#channels.get(reply.id) ?? "", reply.subscribe?.publications, sent_ms);
    told?.(reply, sent_ms);
  }

  #push(line: string, sent_ms: number): void {
    const end = line.indexOf('"', pushStart.length);
    const rest = line.slice(end + 2);
    const channel = line.slice(pushStart.length, end);
    if (!rest.startsWith('"pub":')) return;
    if (!channel.startsWith("user:")) return this.seeText(channel, rest.slice('"pub":'.length, -2), sent_ms);
    // A person's own line tells them of their places, and nobody else.
    if (channel !== `user:${this.person.id}`) this.#world.fail(`${this.person.id} was shown ${channel}`, undefined);
  }

  #see(channel: string, publications: readonly object[] | undefined, sent_ms: number): void {
    for (const publication of publications ?? []) this.seeText(channel, JSON.stringify(publication), sent_ms);
  }

  /** It was shown an event. */
  seeText(channel: string, text: string, sent_ms: number): void {
    const room = this.#world.database.byId.get(channel);
    const seq = publicationSeq(text);
    this.shown++;
    const wrong = (what: string): void =>
      this.#world.fail(`${this.person.id} was shown ${seq} of ${channel}, ${what}`, undefined);
    if (room === undefined) return wrong("which is no room");
    if (!room.mayRead(this.person.id, seq, sent_ms)) return wrong("which is not theirs to see");
    if (!room.isText(seq, text, { by: this.#link?.node, sent_ms, read_ms: this.#world.weather.read_ms }))
      wrong(`and not as it is: ${text}`);
  }
}
