/** Frames and requests that nobody should send, made from a seed: random ones, and almost right ones. */

import { frame, opcodes } from "../rude-socket.ts";

const methods = [
  "connect",
  "subscribe",
  "unsubscribe",
  "publish",
  "presence",
  "presence_stats",
  "history",
  "ping",
  "send",
  "rpc",
  "refresh",
  "sub_refresh",
  "__proto__",
  "constructor",
  "error",
  "push",
  "",
];
const operations = [
  "room.create",
  "room.join",
  "room.leave",
  "room.list",
  "room.get",
  "message.send",
  "message.list",
  "presence.list",
  "user.get",
  "room.",
  "toString",
  "__proto__",
];
const words = [
  "channel",
  "data",
  "id",
  "room",
  "limit",
  "since",
  "offset",
  "epoch",
  "recover",
  "token",
  "text",
  "before",
  "after",
  "ids",
  "name",
  "kind",
  "subs",
  "positions",
  "method",
  "reverse",
  "__proto__",
  "constructor",
  "toJSON",
  "length",
];
const channels = [
  "open:lobby",
  "open:",
  "open:\u202e",
  "a".repeat(20),
  "user:x",
  "$admin",
  "",
  "j/open:lobby",
  "*",
  "open:a/b",
];
const numbers = [
  "0",
  "-0",
  "-1",
  "1",
  "32",
  "1e400",
  "-1e400",
  "9007199254740993",
  "0.1",
  "1e-400",
  "4294967296",
  "01",
  "+1",
  "NaN",
];
const strings = [
  '""',
  '"a"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u202e"',
  '"<b>"',
  '"\\"',
  '"\u2028"',
  '"é\u0301"',
  '"open:lobby"',
];

/** A small generator (mulberry32): the same seed makes the same frames on every machine. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to and without `below`. */
  number(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  chance(share: number): boolean {
    return this.number(1_000) < share * 1_000;
  }

  of<T>(list: readonly T[]): T {
    return list[this.number(list.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.number(256)));
  }
}

export function randomJson(dice: Dice, depth = 0): string {
  const kind = dice.number(depth > 4 ? 4 : 7);
  if (kind === 0) return dice.of(numbers);
  if (kind === 1) return dice.of(strings);
  if (kind === 2) return dice.of(["true", "false", "null", "undefined", ""]);
  if (kind === 3) return JSON.stringify(dice.of(channels));
  const count = dice.number(dice.chance(0.02) ? 80 : 4);
  if (kind === 4) return `[${Array.from({ length: count }, () => randomJson(dice, depth + 1)).join(",")}]`;
  const members = Array.from({ length: count }, () => `"${dice.of(words)}":${randomJson(dice, depth + 1)}`);
  return `{${members.join(dice.chance(0.01) ? ";" : ",")}}`;
}

/** A request's body that is right more often than not, so that fuzz gets behind the first check. */
function bodyOf(dice: Dice, method: string): string {
  if (dice.chance(0.3)) return randomJson(dice);
  const channel = JSON.stringify(dice.chance(0.7) ? "open:lobby" : dice.of(channels));
  if (method === "rpc") return `{"method":"${dice.of(operations)}","data":${inputOf(dice)}}`;
  if (method === "publish") return `{"channel":${channel},"data":${randomJson(dice)}}`;
  if (method === "history") return `{"channel":${channel},"limit":${dice.of(numbers)},"reverse":${dice.chance(0.5)}}`;
  if (method === "subscribe") return `{"channel":${channel},"recover":true,"offset":${dice.of(numbers)},"epoch":""}`;
  if (method === "send") return `{"data":${randomJson(dice)}}`;
  return dice.chance(0.5) ? "{}" : `{"channel":${channel}}`;
}

export function inputOf(dice: Dice): string {
  if (dice.chance(0.4)) return randomJson(dice);
  const room = JSON.stringify(dice.chance(0.6) ? "open:lobby" : dice.of(channels));
  const id = "01890000-0000-7000-8000-" + String(dice.number(1_000)).padStart(12, "0");
  return dice.of([
    `{"room":${room}}`,
    `{"room":${room},"limit":${dice.of(numbers)}}`,
    `{"room":${room},"id":"${id}","data":${randomJson(dice)}}`,
    `{"room":${room},"before":${dice.of(numbers)}}`,
    `{"scope":"public","after":${room}}`,
    `{"ids":[${dice.of(strings)}]}`,
    `{"name":${dice.of(strings)}}`,
  ]);
}

export function commandText(dice: Dice, id: number): string {
  const method = dice.of(methods);
  const number = dice.chance(0.97) ? String(id) : dice.of(numbers);
  return `{"id":${number},"${method}":${bodyOf(dice, method)}${dice.chance(0.02) ? `,"${dice.of(words)}":1` : ""}}`;
}

/** The same, but JSON with an id: what it gets is a reply and not a close. */
export function politeText(dice: Dice, id: number): string {
  for (;;) {
    const text = commandText(dice, id);
    try {
      if ((JSON.parse(text) as { id: unknown }).id === id) return text;
    } catch {
      // The next one may be JSON.
    }
  }
}

/** Takes pieces of a text away, doubles them, or puts others in their place. */
function mutated(dice: Dice, text: string): string {
  const at = dice.number(text.length + 1);
  const end = at + dice.number(8);
  const between = dice.of([
    "",
    text.slice(at, end).repeat(2),
    String.fromCharCode(dice.number(0x3000)),
    "\n",
    "\\",
    '"',
    "{",
    "]",
  ]);
  return text.slice(0, at) + between + text.slice(end);
}

/** The bytes of one frame, right, nearly right or not at all. */
export function frameBytes(dice: Dice, id: number): Buffer {
  const kind = dice.number(100);
  const text = commandText(dice, id);
  if (kind < 78) return frame(opcodes.text, text);
  if (kind < 86) return frame(opcodes.text, mutated(dice, text));
  if (kind < 90) return frame(opcodes.text, `${text}\n${commandText(dice, id)}\n{}\n`);
  if (kind < 93) return Buffer.concat([frame(opcodes.text, text, { final: false }), frame(opcodes.continuation, "")]);
  if (kind < 95) return frame(dice.of([opcodes.ping, opcodes.pong]), dice.bytes(dice.number(130)));
  if (kind < 96) return frame(opcodes.text, dice.bytes(dice.number(200)));
  if (kind < 97) return frame(opcodes.binary, text);
  if (kind < 98) return frame(dice.number(16), dice.bytes(dice.number(20)), { final: dice.chance(0.5) });
  if (kind < 99) return frame(opcodes.text, text, { masked: false });
  return dice.bytes(dice.number(60) + 1);
}

const paths = [
  "/api/message.list",
  "/api/room.list",
  "/api/",
  "/api/openapi.json",
  "/",
  "/../etc/passwd",
  "/%00",
  "/connection/websocket",
  "/healthz",
  "/api/%2e%2e",
  "*",
];
const verbs = ["GET", "POST", "PUT", "OPTIONS", "HEAD", "DELETE", "post", "", "\u0000", "CONNECT"];
const headers = [
  "Host: x",
  "Content-Type: application/json",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Authorization: Bearer x",
  "Authorization: Bearer",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: x",
  "Sec-WebSocket-Version: 13",
  "X-Forwarded-For: ,,,,",
  "X-Request-Id: \u0001",
  "Expect: 100-continue",
  ": empty",
  "no colon",
  "Origin: null",
];

/** A request as bytes. `token` makes it pass the first check now and then. */
export function requestBytes(dice: Dice, token: string): Buffer {
  if (dice.chance(0.1)) return dice.bytes(dice.number(200) + 1);
  const body = dice.chance(0.5) ? inputOf(dice) : "";
  const own = dice.chance(0.6)
    ? [
        "Host: x",
        `Authorization: Bearer ${token}`,
        "Content-Type: application/json",
        `Content-Length: ${Buffer.byteLength(body)}`,
      ]
    : [];
  const others = Array.from({ length: dice.number(4) }, () => dice.of(headers));
  const verb = dice.chance(0.6) ? "POST" : dice.of(verbs);
  const path = dice.chance(0.4) ? `/api/${dice.of(operations)}` : dice.of(paths);
  const end = dice.chance(0.95) ? "\r\n" : dice.of(["\n", "\r", ""]);
  return Buffer.from(`${verb} ${path} HTTP/1.1${end}${[...own, ...others].join(end)}${end}${end}${body}`);
}
