/** A WebSocket over a bare TCP socket: the upgrade, bytes out in order, bytes in to a frame reader. */

import type { Socket } from "bun";
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

const headersEnd = Buffer.from("\r\n\r\n");

export class RawSocket {
  readonly reader: FrameReader;
  /** Called after each chunk of frames was read. */
  onChunk: () => void = () => {};
  onClose: () => void = () => {};
  #socket: Socket | undefined;
  #open = false;
  #waiting: Buffer[] = [];

  private constructor(onFrame: (bytes: Buffer, start: number, end: number) => void) {
    this.reader = new FrameReader((bytes, span) => {
      if (span.opcode === opcodes.text) onFrame(bytes, span.start, span.end);
      else if (span.opcode === opcodes.ping) this.write(clientFrame("", 10));
    });
  }

  /** Resolves once the server has upgraded. */
  static async open(target: Target, onFrame: (bytes: Buffer, start: number, end: number) => void): Promise<RawSocket> {
    const raw = new RawSocket(onFrame);
    await raw.#connect(target);
    return raw;
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

  async #connect(target: Target): Promise<void> {
    const { hostname, port, tls, path } = target;
    const upgraded = Promise.withResolvers<void>();
    let head: Buffer | undefined = Buffer.alloc(0);
    const closed = (): void => {
      this.#open = false;
      upgraded.reject(new Error(`The connection to ${hostname}:${port} was closed before it was a WebSocket.`));
      this.onClose();
    };
    const socket = await Bun.connect({
      hostname,
      port,
      tls,
      socket: {
        binaryType: "buffer",
        data: (_, chunk) => {
          if (head === undefined) this.#receive(chunk);
          else {
            head = Buffer.concat([head, chunk]);
            const end = head.indexOf(headersEnd);
            if (end < 0) return;
            const rest = head.subarray(end + headersEnd.length);
            const status = head.toString("latin1", 0, head.indexOf("\r"));
            head = undefined;
            if (!/ 101 /.test(status)) {
              upgraded.reject(new Error(`Expected an upgrade of ${path}; the server answered ${status}.`));
              return;
            }
            this.#open = true;
            upgraded.resolve();
            if (rest.length > 0) this.#receive(rest);
          }
        },
        drain: () => this.#drained(),
        close: closed,
        error: closed,
        end: () => this.end(),
      },
    });
    this.#socket = socket;
    socket.setNoDelay(true);
    const host = `${hostname}:${port}`;
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    await upgraded.promise;
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
