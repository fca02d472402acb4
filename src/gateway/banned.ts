/** Addresses that nobody may come from, at the doors. */

import type { CloseName } from "../protocol/close.ts";
import { ChatError, errors } from "../protocol/errors.ts";
import { errorAnswer, toResponse } from "./http-answer.ts";
import { shortId } from "../lib/ids.ts";

interface Closable {
  readonly address: string;
  close(name: CloseName): void;
}

/** A program finds the code of the error, a person the sentence. */
export function bannedAnswer(path: string): Response {
  if (!path.startsWith("/api/")) return new Response(`${errors.address_banned.text}\n`, { status: 403 });
  return toResponse(errorAnswer(new ChatError("address_banned"), shortId()));
}

/** Sends away who is connected from there. */
export function closeBanned(connections: Iterable<Closable>, banned: (address: string) => boolean): void {
  for (const connection of connections) if (banned(connection.address)) connection.close("address_banned");
}
