/**
 * Brings a load's members to a peer: a server without accounts or replies, which sends what it gets to everybody in the
 * room that the address names (`?room=`). What is sent is as long as what Confab pushes. A message has come back when
 * its sender has it again.
 */

import { concurrently } from "../../src/cli/load/concurrently.ts";
import type { Faults, LoadEvents, LoadMember, LoadRoom, LoadTarget, Shape } from "../../src/cli/load/load-room.ts";
import { bodyText, MessageTemplate, places } from "../../src/cli/load/message-template.ts";
import { RawSocket, targetOf } from "../../src/cli/load/raw-socket.ts";
import { clientFrame } from "../../src/cli/load/frame-reader.ts";

/** How a peer puts messages into frames: one a frame, several lines a frame, or Socket.IO's events. */
export type Framing = "frames" | "lines" | "socket.io";

/** A push of Confab, as long as they are in the middle of a run. */
export function pushText(body_bytes: number): string {
  const room = "r".repeat(20);
  const time = "1700000000000";
  return `{"push":{"channel":"${room}","pub":{"offset":123456,"data":${bodyText(body_bytes)},"info":{"user":"${room}"},"time":${time},"tags":{"id":"${places.id}","at":"${time}"}}}}`;
}

interface PeerMember extends LoadMember {
  /** Which of its room's deliveries this sender answers for: number `turn` of every `turns`. */
  turn: number;
  turns: number;
}

const engineIoPing = 0x32;
const socketIoEvent = 0x34;

export class PeerTarget implements LoadTarget {
  readonly events: LoadEvents = { released: () => {}, refused: () => {}, stamped: undefined };
  readonly faults: Faults = { errors: new Map(), holes: 0 };
  readonly #url: string;
  readonly #framing: Framing;
  readonly #skims: boolean;
  readonly #members: LoadMember[] = [];

  /** With `counts` nobody looks into the messages, so that those of one a frame are counted and not read. */
  constructor(options: { url: string; framing: Framing; counts: boolean }) {
    this.#url = options.url;
    this.#framing = options.framing;
    this.#skims = options.counts && options.framing === "frames";
  }

  async enter(shape: Shape): Promise<LoadRoom[]> {
    const rooms = Array.from({ length: shape.rooms }, (_, index) => index);
    const opened = await concurrently(rooms, 8, async (room) => {
      const numbers = Array.from({ length: shape.members }, (_, index) => index);
      const members = await concurrently(numbers, 16, (number) => this.#open(room, { number, shape }));
      return { members, senders: members.slice(0, shape.senders) };
    });
    return opened;
  }

  close(): void {
    for (const { socket } of this.#members) socket.end();
    this.#members.length = 0;
  }

  async #open(room: number, what: { number: number; shape: Shape }): Promise<LoadMember> {
    const { number, shape } = what;
    const isSender = number < shape.senders;
    const payload = pushText(shape.body_bytes);
    const isSocketIo = this.#framing === "socket.io";
    const text = isSocketIo ? `42["m",${payload}]` : payload;
    const member = { delivered: 0, turn: number, turns: isSender ? shape.senders : 0 } as PeerMember;
    const entered = Promise.withResolvers<void>();
    const target = targetOf(this.#url);
    const query = `?room=${room}${isSocketIo ? "&EIO=4&transport=websocket" : ""}`;
    const path = isSocketIo ? `/socket.io/${query}` : `/${query}`;
    member.socket = await RawSocket.open({ ...target, path }, (bytes, start, end) => {
      if (isSocketIo && bytes[start + 1] !== 0x32) return this.#control(member, bytes[start], entered.resolve);
      this.#arrived(member, { bytes, start, end, length: text.length });
    });
    member.socket.reader.skims = this.#skims;
    member.template = isSender ? new MessageTemplate(text) : undefined;
    this.#members.push(member);
    if (isSocketIo) {
      member.socket.write(clientFrame("40"));
      await entered.promise;
    }
    return member;
  }

  /** Engine.IO: it confirms that we are in the namespace; it pings, we answer. */
  #control(member: LoadMember, kind: number | undefined, entered: () => void): void {
    if (kind === engineIoPing) member.socket.write(clientFrame("3"));
    else if (kind === socketIoEvent) entered();
  }

  #arrived(member: PeerMember, what: { bytes: Buffer; start: number; end: number; length: number }): void {
    const { bytes, start, end, length } = what;
    const count = this.#framing === "lines" ? (end - start + 1) / (length + 1) : 1;
    const before = member.delivered;
    member.delivered += count;
    const { turn, turns } = member;
    if (turns > 0) {
      // Of every `turns` deliveries of the room each sender answers for one, so that as many are on their way as before.
      const due = Math.floor((before + count + turn) / turns) - Math.floor((before + turn) / turns);
      if (due > 0) this.events.released(member, due);
    }
    this.events.stamped?.(bytes, start, end);
  }
}
