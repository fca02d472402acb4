/**
 * A message as bytes, made once: for each send only its number, its id and its time of sending are written into their
 * places. Building JSON for every message would make the load dearer than the server.
 */

import { clientFrame } from "./frame-reader.ts";

/** What stands in a message's text for its places: as many characters as the value has. */
export const places = {
  /** Number of a command, nine digits. */
  number: "111111111",
  /** A UUID of version 7. */
  id: "22222222-2222-7222-8222-222222222222",
  /** Microseconds of the sender's clock, sixteen digits. */
  stamp: "3333333333333333",
} as const;

export const first_number = 100_000_000;
const ZERO = 0x30;
const hex = Buffer.from("0123456789abcdef");

/** The text of a chat message that is `bytes` long as JSON and begins with its time of sending. */
export function bodyText(bytes: number): string {
  const frame = JSON.stringify({ text: places.stamp });
  return JSON.stringify({ text: places.stamp.padEnd(places.stamp.length + bytes - frame.length, "x") });
}

function digits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at; rest > 0; place--) {
    const next = Math.floor(rest / 10);
    bytes[place] = ZERO + (rest - next * 10);
    rest = next;
  }
}

/** What all messages of a process share: ids that rise, and are told apart from those of other processes. */
export class IdSource {
  #millisecond = 0;
  #count = 0;
  readonly #random = crypto.getRandomValues(new Uint8Array(6));

  /** Writes a UUID of version 7 (RFC 9562), rising from call to call. */
  write(bytes: Buffer, at: number, now_ms: number): void {
    if (now_ms > this.#millisecond) {
      this.#millisecond = now_ms;
      this.#count = 0;
    } else this.#count++;
    this.#hex(bytes, { at, digits: 8 }, Math.floor(this.#millisecond / 0x10000));
    this.#hex(bytes, { at: at + 9, digits: 4 }, this.#millisecond % 0x10000);
    this.#hex(bytes, { at: at + 15, digits: 3 }, Math.floor(this.#count / 0x1000) % 0x1000);
    this.#hex(bytes, { at: at + 20, digits: 3 }, this.#count % 0x1000);
    for (let index = 0; index < 6; index++) {
      this.#hex(bytes, { at: at + 24 + 2 * index, digits: 2 }, this.#random[index] as number);
    }
  }

  #hex(bytes: Buffer, where: { at: number; digits: number }, value: number): void {
    let rest = value;
    for (let place = where.at + where.digits - 1; place >= where.at; place--) {
      bytes[place] = hex[rest & 15] as number;
      rest = Math.floor(rest / 16);
    }
  }
}

export class MessageTemplate {
  readonly #frame: Buffer;
  readonly #number: number;
  readonly #id: number;
  readonly #stamp: number;
  #next = first_number;

  /** `payload` is a frame's text with `places` in it; only the stamp must be there. */
  constructor(payload: string) {
    this.#frame = clientFrame(payload);
    this.#number = this.#frame.indexOf(places.number);
    this.#id = this.#frame.indexOf(places.id);
    this.#stamp = this.#frame.indexOf(places.stamp);
    if (this.#stamp < 0) throw new Error("Expected a message to have a place for its time of sending.");
    this.#frame.fill(ZERO, this.#stamp, this.#stamp + places.stamp.length);
  }

  /** The bytes of `count` messages, to be written at once. */
  frames(count: number, ids: IdSource, now: { wall_ms: number; monotonic_ms: number }): Buffer {
    const { length } = this.#frame;
    const all = Buffer.allocUnsafe(length * count);
    digits(this.#frame, this.#stamp + places.stamp.length - 1, Math.floor(now.monotonic_ms * 1000));
    for (let index = 0; index < count; index++) {
      if (this.#number >= 0) digits(this.#frame, this.#number + places.number.length - 1, this.#next++);
      if (this.#id >= 0) ids.write(this.#frame, this.#id, now.wall_ms);
      this.#frame.copy(all, index * length);
    }
    return all;
  }
}

/** The stamp that stands at `at`, in microseconds. */
export function readStamp(bytes: Buffer, at: number): number {
  let value = 0;
  for (let place = at; place < at + places.stamp.length; place++)
    value = value * 10 + ((bytes[place] as number) - ZERO);
  return value;
}
