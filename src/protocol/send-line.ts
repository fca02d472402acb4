/**
 * A message as programs write it: `JSON.stringify` of a command whose members stand in the usual order. One expression
 * knows what stands where, and only the message's own data is looked into; any other line goes the whole way.
 */

import { longerThan, writingOf } from "./json.ts";
import { command_bytes_max, nesting_max } from "./limits.ts";

/** The number of the command stands first or, as centrifuge-js writes it, last. */
const sendLine =
  /^\{(?:"id":([1-9]\d{0,8}),)?"rpc":\{"method":"message\.send","data":\{"room":"([^"\\\0-\x1f]+)","id":"([0-9a-f-]{36})","data":([^]+)\}\}(?:,"id":([1-9]\d{0,8}))?\}$/;
/** Nothing but words, in which nothing is escaped. */
const onlyText = /^\{"text":"[^"\\\0-\x1f]*"\}$/;
const text_start = '{"text":"'.length;
/** Objects around the data: the command, the request, its input. */
const levels_around = 3;

export interface SendLine {
  readonly id: number;
  /** The input of `message.send`, not checked yet. */
  readonly input: { readonly room: string; readonly id: string; readonly data: unknown };
  /** JSON text of `input.data`, without insignificant whitespace. */
  readonly payload: string;
}

/** Undefined for a line that is not written so, or in which anything is wrong. It never throws. */
export function decodeSend(line: string): SendLine | undefined {
  const [, first, room, id, payload, last] = sendLine.exec(line) ?? [];
  if (room === undefined || id === undefined || payload === undefined) return undefined;
  if ((first === undefined) === (last === undefined) || longerThan(line, command_bytes_max)) return undefined;
  const data = valueOf(payload);
  return data === undefined ? undefined : { id: Number(first ?? last), input: { room, id, data }, payload };
}

/** Undefined where the text is not one JSON value, holds whitespace between its parts or is nested too deep. */
function valueOf(text: string): unknown {
  if (onlyText.test(text)) return { text: text.slice(text_start, -2) };
  if (writingOf(text, nesting_max - levels_around) !== "tight") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
