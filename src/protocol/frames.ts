/** Replies and pushes as text. A frame is some of these lines, joined by newlines. */

import { closes, type CloseName } from "./close.ts";
import { errors, type ErrorCode } from "./errors.ts";
import { utf8Length } from "./json.ts";

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
  let bytes = 0;
  for (let at = 0; at < lines.length; at++) {
    const length = utf8Length(lines[at] as string) + 1;
    if (at > first && bytes + length > bytes_max) {
      frames.push(lines.slice(first, at).join("\n"));
      first = at;
      bytes = 0;
    }
    bytes += length;
  }
  if (first < lines.length) frames.push(lines.slice(first).join("\n"));
  return frames;
}
