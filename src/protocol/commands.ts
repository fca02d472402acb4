/**
 * What clients ask, decoded: lines of a frame to commands (Centrifuge protocol version 2, client.proto `Command`).
 * Unknown keys are refused, so that a misspelt option is told and not ignored.
 */

import { z } from "zod";
import type { ErrorCode } from "./errors.ts";
import { compact, longerThan, memberText, writingOf } from "./json.ts";
import { command_bytes_max, nesting_max } from "./limits.ts";
import { decodeSend } from "./send-line.ts";

const uint = z.int().min(0);
const channel = z.string().min(1).max(255);
/** Options of other servers' features that SDKs may send; they are accepted and change nothing. */
const ignored = {
  flag: z.int().optional(),
  delta: z.string().optional(),
  tf: z.unknown().optional(),
  type: z.int().optional(),
  phase: z.int().optional(),
  cursor: z.string().optional(),
  limit: z.int().optional(),
  asc: z.boolean().optional(),
};

const recovery = {
  token: z.string().max(8192).optional(),
  recover: z.boolean().optional(),
  epoch: z.string().max(64).optional(),
  offset: uint.optional(),
  data: z.unknown().optional(),
  positioned: z.boolean().optional(),
  recoverable: z.boolean().optional(),
  join_leave: z.boolean().optional(),
  ...ignored,
};

const subscribe = z.strictObject({ channel, ...recovery });
const token_chars_max = 16_384;
const connect = z.strictObject({
  token: z.string().max(token_chars_max).optional(),
  data: z.unknown().optional(),
  subs: z.record(z.string(), z.strictObject({ channel: z.string().optional(), ...recovery })).optional(),
  name: z.string().max(255).optional(),
  version: z.string().max(255).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  flag: z.int().optional(),
  profile: z.string().max(255).optional(),
  dict: z.string().max(255).optional(),
});
const channelOnly = z.strictObject({ channel });
const history = z.strictObject({
  channel,
  limit: z.int().min(-1).max(1_000_000).optional(),
  since: z.strictObject({ offset: uint.optional(), epoch: z.string().max(64).optional() }).optional(),
  reverse: z.boolean().optional(),
});
const publish = z.strictObject({
  channel,
  data: z.unknown(),
  type: z.int().optional(),
  key: z.string().optional(),
  removed: z.boolean().optional(),
});
const rpc = z.strictObject({ method: z.string().max(255).optional(), data: z.unknown().optional() });
const refresh = z.strictObject({ token: z.string().max(token_chars_max) });
const subRefresh = z.strictObject({
  channel,
  token: z.string().optional(),
  type: z.int().optional(),
  track: z.unknown().optional(),
  untrack: z.unknown().optional(),
});
const empty = z.strictObject({});
const send = z.strictObject({ data: z.unknown() });

/** In this order: of several requests in one command the first counts. */
const schemas = {
  connect,
  subscribe,
  unsubscribe: channelOnly,
  publish,
  presence: channelOnly,
  presence_stats: channelOnly,
  history,
  ping: empty,
  send,
  rpc,
  refresh,
  sub_refresh: subRefresh,
} as const;

type Schemas = typeof schemas;
export type Method = keyof Schemas;
const methods = Object.keys(schemas) as Method[];
const envelope = new Set<string>(["id", ...methods]);

/**
 * One command. `data` is the JSON text of the request's `data`, without insignificant whitespace; `body.data` is the
 * same thing parsed, to look at and never to send on.
 */
export type Command = {
  [M in Method]: {
    readonly id: number;
    readonly method: M;
    readonly body: z.infer<Schemas[M]>;
    readonly data: string | undefined;
    /** JSON text of a message's own data, where it was found without looking for `data`, which is undefined then. */
    readonly payload?: string;
  };
}[Method];

export type CommandOf<M extends Method> = Extract<Command, { method: M }>;

export type Line =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "pong" }
  /** A command with an id that is wrong inside: an error reply, the socket stays. */
  | { readonly kind: "refused"; readonly id: number; readonly code: ErrorCode; readonly detail: string }
  /** Not a command: the socket is closed with 3501. */
  | { readonly kind: "breach"; readonly reason: string };

type ConnectRequest = z.infer<typeof connect>;
export type SubscribeRequest = z.infer<typeof subscribe>;

/** The sentence of a failed check: where, and what was expected. */
export function problemText(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "not as expected";
  const path = issue.path.join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Decodes one line of a frame. It never throws. */
export function decodeLine(line: string): Line {
  if (line === "{}") return { kind: "pong" };
  const send = decodeSend(line);
  if (send !== undefined) {
    const { id, input, payload } = send;
    const body = { method: "message.send", data: input };
    return { kind: "command", command: { id, method: "rpc", body, data: undefined, payload } };
  }
  const writing = writingOf(line, nesting_max);
  let parsed: unknown;
  // A text that is nested too deep costs too much to parse: all that is wanted of it is its id.
  const text = writing === "deep" ? `{"id":${memberText(line, "id") ?? "0"}}` : line;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: "breach", reason: "a line is not JSON" };
  }
  if (!isObject(parsed)) return { kind: "breach", reason: "a line is not a command" };
  const id = parsed["id"] ?? 0;
  if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > 0xffffffff) {
    return { kind: "breach", reason: "a command's id is not a 32-bit number" };
  }
  if (id === 0 && !("send" in parsed)) {
    return Object.keys(parsed).length === 0 ? { kind: "pong" } : { kind: "breach", reason: "a command has no id" };
  }
  if (writing === "deep") return refused(id, `nested deeper than ${nesting_max}`);
  return decodeCommand({ id, line, parsed, tight: writing === "tight" });
}

function refused(id: number, detail: string, code: ErrorCode = "bad_request"): Line {
  if (id === 0) return { kind: "breach", reason: detail };
  return { kind: "refused", id, code, detail };
}

/** An RPC as nearly all are; the schema says the same of it, ten times as slowly. */
function isPlainRpc(body: unknown): body is z.infer<typeof rpc> {
  if (!isObject(body)) return false;
  for (const key in body) if (key !== "method" && key !== "data") return false;
  const { method } = body;
  return typeof method === "string" && method.length <= 255;
}

/** A connect as nearly all are; the schema says the same of it. */
function isPlainConnect(body: unknown): body is ConnectRequest {
  if (!isObject(body)) return false;
  for (const key in body) if (key !== "token" && key !== "data") return false;
  const { token } = body;
  return token === undefined || (typeof token === "string" && token.length <= token_chars_max);
}

/** Whether the schema need not be asked. */
function isPlain(method: Method, body: unknown): boolean {
  return (method === "rpc" && isPlainRpc(body)) || (method === "connect" && isPlainConnect(body));
}

/** No request has so many; a schema would name each one that it does not know. */
const keys_max = 64;

function hasTooManyKeys(body: unknown): boolean {
  if (!isObject(body)) return false;
  let count = 0;
  for (const _ in body) if (++count > keys_max) return true;
  return false;
}

function decodeCommand(source: { id: number; line: string; parsed: Record<string, unknown>; tight: boolean }): Line {
  const { id, line, parsed, tight } = source;
  const method = methods.find((name) => parsed[name] !== undefined && parsed[name] !== null);
  if (method === undefined) return refused(id, "no known request in the command");
  for (const key of Object.keys(parsed)) {
    if (!envelope.has(key)) return refused(id, `unknown key ${JSON.stringify(key.slice(0, 40))}`);
  }
  if (method !== "connect" && longerThan(line, command_bytes_max)) {
    return refused(id, `a command is at most ${command_bytes_max} bytes`, "too_large");
  }
  if (hasTooManyKeys(parsed[method])) return refused(id, `more than ${keys_max} keys`);
  const body = parsed[method];
  const checked = isPlain(method, body) ? { success: true as const, data: body } : schemas[method].safeParse(body);
  if (!checked.success) return refused(id, problemText(checked.error));
  if (id === 0 && method !== "send") return { kind: "breach", reason: "a command has no id" };
  const request = memberText(line, method);
  const given = request === undefined ? undefined : memberText(request, "data");
  const data = given === undefined || tight ? given : compact(given);
  return { kind: "command", command: { id, method, body: checked.data, data } as Command };
}
