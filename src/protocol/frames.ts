/** Replies and pushes as text. A frame is some of these lines, joined by newlines. */

import { errors, type ErrorCode } from "./errors.ts";
import { longerThan } from "./json.ts";

/** A ping, and its answer, are empty objects. */
export const emptyLine = "{}";

export function reply(id: number, method: string, result: string): string {
  return `{"id":${id},"${method}":${result}}`;
}

export function errorReply(id: number, code: ErrorCode, detail?: string): string {
  const { wire, text, temporary } = errors[code];
  const message = JSON.stringify(detail === undefined ? text : `${text}: ${detail}`);
  return `{"id":${id},"error":{"code":${wire},"message":${message}${temporary ? ',"temporary":true' : ""}}}`;
}

export interface ClientInfo {
  readonly user: string;
  readonly client: string;
  /** JSON text of the `info` claim of the person's token. */
  readonly connInfo?: string | undefined;
}

export function clientInfoText(info: ClientInfo): string {
  const extra = info.connInfo === undefined ? "" : `,"conn_info":${info.connInfo}`;
  return `{"user":"${info.user}","client":"${info.client}"${extra}}`;
}

export function presencePush(kind: "join" | "leave", channel: string, info: ClientInfo): string {
  return `{"push":{"channel":"${channel}","${kind}":{"info":${clientInfoText(info)}}}}`;
}

export function subscribePush(channel: string, position: { epoch: string; offset: number }): string {
  const { epoch, offset } = position;
  return `{"push":{"channel":"${channel}","subscribe":{"recoverable":true,"positioned":true,"epoch":"${epoch}","offset":${offset}}}}`;
}

export function unsubscribePush(channel: string, why: { code: number; reason: string }): string {
  return `{"push":{"channel":"${channel}","unsubscribe":{"code":${why.code},"reason":"${why.reason}"}}}`;
}

/** What stands around each of several texts to make a line of it, and is the same for all of them. */
export interface Around {
  readonly start: string;
  readonly end: string;
}

const nothing: Around = { start: "", end: "" };

/** Around the publications of a channel in its pushes. */
export function aroundPublication(channel: string): Around {
  return { start: `{"push":{"channel":"${channel}","pub":`, end: "}}" };
}

/** Joins lines into frames of at most `bytes_max`; a line longer than that is a frame of its own. */
export function joinLines(texts: readonly string[], bytes_max: number, around = nothing): string[] {
  const frames: string[] = [];
  const more = around.start.length + around.end.length + 1;
  let first = 0;
  let chars = 0;
  for (let at = 0; at < texts.length; at++) {
    const length = (texts[at] as string).length + more;
    if (at > first && chars + length > bytes_max) {
      addFrame(frames, { texts: texts.slice(first, at), around, bytes_max });
      first = at;
      chars = 0;
    }
    chars += length;
  }
  if (first < texts.length) addFrame(frames, { texts: first === 0 ? texts : texts.slice(first), around, bytes_max });
  return frames;
}

/** Bytes are counted once a frame and not once a line: nearly always there are no more of them than characters. */
function addFrame(frames: string[], what: { texts: readonly string[]; around: Around; bytes_max: number }): void {
  const { texts, around, bytes_max } = what;
  const { start, end } = around;
  // Between the texts and not around each: a line is never made for itself.
  const lines = texts.length === 1 ? (texts[0] as string) : texts.join(`${end}\n${start}`);
  const frame = start === "" ? lines : `${start}${lines}${end}`;
  if (texts.length === 1 || !longerThan(frame, bytes_max)) {
    frames.push(frame);
    return;
  }
  const middle = texts.length >> 1;
  addFrame(frames, { ...what, texts: texts.slice(0, middle) });
  addFrame(frames, { ...what, texts: texts.slice(middle) });
}
