/** One connection to a Confab for the load: requests while it enters, and counting instead of parsing under load. */

import type { LoadEvents, LoadMember, Faults } from "./load-room.ts";
import type { MessageTemplate } from "./message-template.ts";
import { clientFrame } from "./frame-reader.ts";
import { RawSocket, type Target } from "./raw-socket.ts";
import { first_number } from "./message-template.ts";

const LETTER_P = 0x70;
const LETTER_E = 0x65;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const pushStart = '{"push":{"channel":"'.length;
const pubStart = '","pub":{"offset":'.length;
/** An error stands in a reply where a result would: `{"id":123456789,"error"`. */
const resultStart = `{"id":${first_number},"`.length;
const pong = clientFrame("{}");

interface Reply {
  readonly id: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly [method: string]: unknown;
}

export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: number;

  constructor(method: string, error: { code: number; message: string }) {
    super(`${method} was refused with ${error.code}: ${error.message}`);
    this.code = error.code;
  }
}

export class ConfabClient implements LoadMember {
  socket!: RawSocket;
  delivered = 0;
  template: MessageTemplate | undefined;
  /** The last position seen in the room. */
  position = 0;
  /** Length of the room's id, which stands before the position in every push. */
  channelLength = 20;
  readonly #events: LoadEvents;
  readonly #faults: Faults;
  readonly #replies = new Map<
    number,
    { method: string; resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 1;

  private constructor(events: LoadEvents, faults: Faults) {
    this.#events = events;
    this.#faults = faults;
  }

  static async open(target: Target, told: { events: LoadEvents; faults: Faults }): Promise<ConfabClient> {
    const client = new ConfabClient(told.events, told.faults);
    client.socket = await RawSocket.open(target, (bytes, start, end) => client.#frame(bytes, start, end));
    client.socket.onClose = () => client.#closed();
    return client;
  }

  /** A command of the protocol; resolves with what stands under the method's name in the reply. */
  async ask(method: string, body: unknown): Promise<unknown> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#replies.set(id, { method, resolve, reject });
    this.socket.write(clientFrame(JSON.stringify({ id, [method]: body })));
    return await promise;
  }

  /** An operation of the chat; resolves with its output. */
  async rpc(method: string, data: unknown): Promise<unknown> {
    return ((await this.ask("rpc", { method, data })) as { data: unknown }).data;
  }

  #closed(): void {
    for (const { method, reject } of this.#replies.values())
      reject(new Error(`The connection was closed during ${method}.`));
    this.#replies.clear();
  }

  /** A frame holds publications of one room, or other lines. */
  #frame(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + 2] === LETTER_P && bytes[start + pushStart + this.channelLength + 3] === LETTER_P) {
      this.#publications(bytes, start, end);
      return;
    }
    for (let at = start; at < end;) {
      const found = bytes.indexOf(NEWLINE, at);
      const lineEnd = found < 0 || found > end ? end : found;
      this.#line(bytes, at, lineEnd);
      at = lineEnd + 1;
    }
  }

  /** The offsets of the first and the last line say how many there are; nothing between is looked at. */
  #publications(bytes: Buffer, start: number, end: number): void {
    const skipped = pushStart + this.channelLength + pubStart;
    const first = this.#offset(bytes, start + skipped);
    const lineStart = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    const last = lineStart <= start ? first : this.#offset(bytes, lineStart + skipped);
    if (first !== this.position + 1) this.#faults.holes++;
    this.position = last;
    this.delivered += last - first + 1;
    this.#events.stamped?.(bytes, start, end);
  }

  #offset(bytes: Buffer, at: number): number {
    let value = 0;
    for (let place = at; ; place++) {
      const digit = (bytes[place] as number) - ZERO;
      if (digit < 0 || digit > 9) return value;
      value = value * 10 + digit;
    }
  }

  #line(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + 1] === CLOSE_BRACE) return this.socket.write(pong);
    if (bytes[start + 2] === LETTER_P) return;
    // Numbers of sends have nine digits, those of all other commands fewer.
    if (this.template !== undefined && bytes[start + resultStart - 2] === COMMA)
      return this.#acknowledged(bytes, start, end);
    const reply = JSON.parse(bytes.toString("utf8", start, end)) as Reply;
    const waiting = this.#replies.get(reply.id);
    if (waiting === undefined) return;
    this.#replies.delete(reply.id);
    const { method, resolve, reject } = waiting;
    if (reply.error === undefined) resolve(reply[method]);
    else reject(new RefusedError(method, reply.error));
  }

  #acknowledged(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + resultStart] === LETTER_E) {
      const { error } = JSON.parse(bytes.toString("utf8", start, end)) as Reply;
      const code = error?.code ?? 0;
      this.#faults.errors.set(code, (this.#faults.errors.get(code) ?? 0) + 1);
      this.#events.refused(this);
    } else this.#events.released(this, 1);
  }
}
