/** Replies and pushes as text. A frame is some of these lines, joined by newlines. */

import { closes, type CloseName } from "./close.ts";
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

export function disconnectPush(name: CloseName): string {
  const { code, reason } = closes[name];
  return `{"push":{"disconnect":{"code":${code},"reason":"${reason}"}}}`;
}

/** Joins lines into frames of at most `bytes_max`; a line longer than that is a frame of its own. */
export function joinLines(lines: readonly string[], bytes_max: number): string[] {
  const frames: string[] = [];
  let first = 0;
  let chars = 0;
  for (let at = 0; at < lines.length; at++) {
    const length = (lines[at] as string).length + 1;
    if (at > first && chars + length > bytes_max) {
      addFrame(frames, lines.slice(first, at), bytes_max);
      first = at;
      chars = 0;
    }
    chars += length;
  }
  if (first < lines.length) addFrame(frames, first === 0 ? lines : lines.slice(first), bytes_max);
  return frames;
}

/** Bytes are counted once a frame and not once a line: nearly always there are no more of them than characters. */
function addFrame(frames: string[], lines: readonly string[], bytes_max: number): void {
  const frame = lines.length === 1 ? (lines[0] as string) : lines.join("\n");
  if (lines.length === 1 || !longerThan(frame, bytes_max)) {
    frames.push(frame);
    return;
  }
  const middle = lines.length >> 1;
  addFrame(frames, lines.slice(0, middle), bytes_max);
  addFrame(frames, lines.slice(middle), bytes_max);
}
