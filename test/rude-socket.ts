/** A WebSocket client without manners: it writes the bytes it is told to, masks with zeros, and stops reading at will. */

import { connect, type Socket } from "node:net";
import { within } from "./client.ts";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const key = "dGhlIHNhbXBsZSBub25jZQ==";
/** Frames that are kept to be looked at; a flood's answers are only counted. */
const frames_kept_max = 10_000;

export interface FrameOptions {
  readonly final?: boolean;
  readonly masked?: boolean;
  /** The length that the head claims, where it is another one than the payload's. */
  readonly claims?: number;
}

/** A frame as bytes. */
export function frame(opcode: number, payload: Uint8Array | string = "", options: FrameOptions = {}): Buffer {
  const { claims, final = true, masked = true } = options;
  const body = Buffer.from(payload);
  const length = claims ?? body.length;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | opcode;
  const mask = masked ? 0x80 : 0;
  if (length < 126) head[1] = mask | length;
  else if (length < 65_536) {
    head[1] = mask | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), body]);
}

export class RudeSocket implements Disposable {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #watchers: (() => void)[] = [];
  /** Text frames that came. */
  readonly texts: string[] = [];
  /** The code of the server's close frame, or 1006 when the line broke without one. */
  readonly closed: Promise<number>;
  closeCode: number | undefined;
  bytes = 0;

  constructor(socket: Socket, rest: Buffer) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<number>();
    this.closed = promise;
    socket.on("data", (piece) => this.#received(Buffer.from(piece)));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closeCode ??= 1006;
      resolve(this.closeCode);
      this.#wake();
    });
    if (rest.length > 0) this.#received(rest);
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  say(text: string): void {
    this.write(frame(opcodes.text, text));
  }

  /** Bytes that the kernel has not taken. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** From now on nothing is read: the server's bytes pile up, in the kernel first. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Waits for a text frame that holds this. */
  async hears(piece: string): Promise<string> {
    const work = async (): Promise<string> => {
      for (;;) {
        const found = this.texts.find((text) => text.includes(piece));
        if (found !== undefined) return found;
        if (this.closeCode !== undefined)
          throw new Error(`Expected ${piece}; the socket was closed: ${this.closeCode}`);
        await new Promise<void>((resume) => this.#watchers.push(resume));
      }
    };
    return await within(work(), () => `a frame with ${piece}`);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #wake(): void {
    for (const watch of this.#watchers.splice(0)) watch();
  }

  #received(piece: Buffer): void {
    this.bytes += piece.length;
    let data = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (;;) {
      const short = (data[1] ?? 0) & 0x7f;
      const head = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (data.length < head) break;
      const length = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
      if (data.length < head + length) break;
      this.#frame((data[0] ?? 0) & 0x0f, data.subarray(head, head + length));
      data = data.subarray(head + length);
    }
    this.#rest = Buffer.from(data);
    this.#wake();
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.close) this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
    if (opcode !== opcodes.text || this.texts.length >= frames_kept_max) return;
    const text = payload.toString();
    if (text === "{}") this.say("{}");
    else this.texts.push(text);
  }
}

/** An open socket on which nothing was said yet. */
export async function openRude(address: { readonly ws: string }): Promise<RudeSocket> {
  const { hostname, port, pathname, search } = new URL(address.ws);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const opened = new Promise<RudeSocket>((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    const read = (piece: string | Buffer): void => {
      head = Buffer.concat([head, Buffer.from(piece)]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", read);
      const status = head.subarray(0, head.indexOf("\r\n")).toString();
      if (!status.includes(" 101 ")) return reject(new Error(`Expected an upgrade; got ${status}`));
      resolve(new RudeSocket(socket, head.subarray(end + 4)));
    };
    socket.on("data", read);
    socket.once("error", reject);
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
  });
  return await within(opened, () => "an open socket");
}

/** Signed in as a guest and subscribed. */
export async function enterRude(address: { readonly ws: string }, channel: string): Promise<RudeSocket> {
  const socket = await openRude(address);
  socket.say(`{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"${channel}"}}`);
  await socket.hears(`"id":2`);
  return socket;
}
