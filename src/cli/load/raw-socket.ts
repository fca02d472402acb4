/** A WebSocket over a bare TCP socket: the upgrade, bytes out in order, bytes in to a frame reader. */

import type { Socket, SocketHandler } from "bun";
import { clientFrame, FrameReader, opcodes } from "./frame-reader.ts";

export interface Target {
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  /** Path and query of the upgrade. */
  readonly path: string;
}

export function targetOf(url: string): Target {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const tls = protocol === "wss:" || protocol === "https:";
  return { hostname, port: Number(port) || (tls ? 443 : 80), tls, path: pathname + search };
}

/** The request of a client of WebSocket (RFC 6455, 4.1). */
export function upgradeRequest({ hostname, port, path }: Target): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
}

const headersEnd = Buffer.from("\r\n\r\n");
const nothing = Buffer.alloc(0);

export class RawSocket {
  /** The same for all: a crowd would make each function anew for each of its thousands. */
  static readonly #handlers: SocketHandler<RawSocket> = {
    binaryType: "buffer",
    open: (socket) => socket.data.#connected(socket),
    data: ({ data: raw }, chunk) => (raw.#open ? raw.#receive(chunk) : raw.#answered(chunk)),
    drain: ({ data: raw }) => raw.#drained(),
    close: ({ data: raw }) => raw.#closed(),
    error: ({ data: raw }) => raw.#closed(),
    end: ({ data: raw }) => raw.end(),
  };
  readonly reader: FrameReader;
  readonly #target: Target;
  readonly #upgraded = Promise.withResolvers<RawSocket>();
  /** What has come of the answer to the upgrade. */
  #head: Buffer = nothing;
  /** Called after each chunk of frames was read. */
  onChunk: () => void = () => {};
  onClose: () => void = () => {};
  #socket: Socket<RawSocket> | undefined;
  #open = false;
  #waiting: Buffer[] = [];

  private constructor(target: Target, onFrame: (bytes: Buffer, start: number, end: number) => void) {
    this.#target = target;
    this.reader = new FrameReader((bytes, span) => {
      if (span.opcode === opcodes.text) onFrame(bytes, span.start, span.end);
      else if (span.opcode === opcodes.ping) this.write(clientFrame("", 10));
    });
  }

  /** Resolves once the server has upgraded. */
  static open(target: Target, onFrame: (bytes: Buffer, start: number, end: number) => void): Promise<RawSocket> {
    const raw = new RawSocket(target, onFrame);
    const { promise, reject } = raw.#upgraded;
    const { hostname, port, tls } = target;
    Bun.connect({ hostname, port, tls, data: raw, socket: RawSocket.#handlers }).catch(reject);
    return promise;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Bytes leave in the order of the calls; what the kernel does not take waits. */
  write(bytes: Buffer): void {
    if (this.#waiting.length > 0) {
      this.#waiting.push(bytes);
      return;
    }
    const taken = this.#socket?.write(bytes) ?? 0;
    if (taken < bytes.length) this.#waiting.push(bytes.subarray(Math.max(taken, 0)));
  }

  /** Stops reading: to the server it is a consumer that is stuck. */
  pause(): void {
    this.#socket?.pause();
  }

  end(): void {
    this.#socket?.end();
  }

  #connected(socket: Socket<RawSocket>): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.write(upgradeRequest(this.#target));
  }

  #answered(chunk: Buffer): void {
    const head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const end = head.indexOf(headersEnd);
    if (end < 0) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#head = nothing;
    const status = head.toString("latin1", 0, head.indexOf("\r"));
    if (!status.includes(" 101 ")) {
      const { path } = this.#target;
      this.#upgraded.reject(new Error(`Expected an upgrade of ${path}; the server answered ${status}.`));
      return;
    }
    this.#open = true;
    this.#upgraded.resolve(this);
    const rest = head.subarray(end + headersEnd.length);
    if (rest.length > 0) this.#receive(rest);
  }

  #closed(): void {
    const { hostname, port } = this.#target;
    this.#open = false;
    this.#upgraded.reject(new Error(`The connection to ${hostname}:${port} was closed before it was a WebSocket.`));
    this.onClose();
  }

  #receive(chunk: Buffer): void {
    this.reader.push(chunk);
    this.onChunk();
  }

  #drained(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const bytes of waiting) this.write(bytes);
  }
}
