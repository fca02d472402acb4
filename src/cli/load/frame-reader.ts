/** WebSocket frames from the client's side (RFC 6455), for a load that must cost less than the server it measures. */

export const opcodes = { text: 1, close: 8, ping: 9 } as const;

/** Called for each frame: its payload is `bytes` from `start` to `end`. The bytes are only good during the call. */
export type FrameHandler = (bytes: Buffer, span: { readonly start: number; readonly end: number }) => void;

/** The span that handlers are given is one object for all frames: at millions of frames a second each would be garbage. */
interface Span {
  start: number;
  end: number;
  opcode: number;
}

const byte = 256;

/**
 * Cuts what a socket brings into frames. With `skims` a frame that ends in a later chunk is told at its beginning, with
 * as much as is there, and its rest is passed over: nothing is copied. Fragmented messages are not expected.
 */
export class FrameReader {
  readonly span: Span = { start: 0, end: 0, opcode: 0 };
  readonly #onFrame: (bytes: Buffer, span: Span) => void;
  skims = false;
  #rest: Buffer | undefined;
  #skip = 0;

  constructor(onFrame: (bytes: Buffer, span: Span) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    const at = this.#rest === undefined ? this.#skipped(chunk) : this.#completed(this.#rest, chunk);
    this.#walk(chunk, at);
  }

  #skipped(chunk: Buffer): number {
    const passed = Math.min(this.#skip, chunk.length);
    this.#skip -= passed;
    return passed;
  }

  /** The frame that has begun in an earlier chunk; gives the index behind it. */
  #completed(rest: Buffer, chunk: Buffer): number {
    const head = rest.length >= 10 ? rest : Buffer.concat([rest, chunk.subarray(0, 10)]);
    const header = head.length < 2 ? 10 : headerLength(head, 0);
    const total = head.length < header ? Infinity : header + payloadLength(head, 0);
    if (rest.length + chunk.length < total) {
      this.#rest = Buffer.concat([rest, chunk]);
      return chunk.length;
    }
    this.#rest = undefined;
    const taken = total - rest.length;
    this.#tell(Buffer.concat([rest, chunk.subarray(0, taken)]), { at: 0, start: header, end: total });
    return taken;
  }

  #walk(chunk: Buffer, from: number): void {
    const length = chunk.length;
    let at = from;
    while (at < length) {
      const header = length - at < 2 ? 10 : headerLength(chunk, at);
      if (at + header > length) break;
      const start = at + header;
      const end = start + payloadLength(chunk, at);
      if (end > length) {
        if (!this.skims) break;
        this.#skip = end - length;
        this.#tell(chunk, { at, start, end: length });
        return;
      }
      // Written out: this is the way of a frame in millions.
      const { span } = this;
      span.start = start;
      span.end = end;
      span.opcode = (chunk[at] as number) & 15;
      this.#onFrame(chunk, span);
      at = end;
    }
    if (at < length) this.#rest = Buffer.from(chunk.subarray(at));
  }

  #tell(bytes: Buffer, found: { at: number; start: number; end: number }): void {
    const { span } = this;
    span.start = found.start;
    span.end = found.end;
    span.opcode = (bytes[found.at] as number) & 15;
    this.#onFrame(bytes, span);
  }
}

function headerLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 127;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

function payloadLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 127;
  if (short < 126) return short;
  if (short === 126) return (bytes[at + 2] as number) * byte + (bytes[at + 3] as number);
  return bytes.readUIntBE(at + 4, 6);
}

/** A frame of a client: masked, as it must be, with a key of zeros, which leaves the payload as it is. */
export function clientFrame(payload: Buffer | string, opcode: number = opcodes.text): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const { length } = bytes;
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.alloc(header + 4 + length);
  frame[0] = 128 + opcode;
  frame[1] = 128 + (header === 2 ? length : header === 4 ? 126 : 127);
  if (header === 4) frame.writeUInt16BE(length, 2);
  if (header === 10) frame.writeUIntBE(length, 4, 6);
  bytes.copy(frame, header + 4);
  return frame;
}
