/** The accounts' door, over HTTP: what one does before there is a connection, and what moves the cookie. */

import { errors, type ErrorCode } from "../protocol/errors.ts";

export interface Methods {
  readonly sign_up: "open" | "invite" | "closed";
  readonly guests: boolean;
  readonly password_reset: boolean;
  /** What people call the single sign-on; null where there is none. */
  readonly single_sign_on: string | null;
}

interface Refusal {
  readonly code?: string;
  readonly message?: string;
  readonly reason?: string;
}

export class DoorError extends Error {
  override readonly name = "DoorError";
  readonly code: ErrorCode;
  /** What exactly, in one word; empty where the code says it all. */
  readonly reason: string;
  /** What the server says beyond the code. */
  readonly detail: string | undefined;

  constructor(refusal: Refusal) {
    const code = Object.hasOwn(errors, refusal.code ?? "") ? (refusal.code as ErrorCode) : "internal";
    const { text } = errors[code];
    const message = refusal.message ?? text;
    super(message);
    this.code = code;
    this.reason = refusal.reason ?? "";
    const detail = message.startsWith(`${text}: `) ? message.slice(text.length + 2) : message;
    this.detail = detail === text ? undefined : detail;
  }
}

async function answerOf(request: Promise<Response>): Promise<Record<string, unknown>> {
  let response: Response;
  let body: Record<string, unknown> = {};
  try {
    response = await request;
    body = ((await response.json()) as Record<string, unknown> | null) ?? {};
  } catch (cause) {
    throw new Error("The server does not answer. Try again in a moment.", { cause });
  }
  if (!response.ok) throw new DoorError(body["error"] ?? {});
  return body;
}

/** Asks the door, for example `ask("sign-in/username", { username, password })`. */
export async function ask(way: string, body: object = {}): Promise<Record<string, unknown>> {
  const headers = { "content-type": "application/json" };
  return await answerOf(fetch(`/api/auth/${way}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

export async function askMethods(): Promise<Methods> {
  return (await answerOf(fetch("/api/auth/methods"))) as unknown as Methods;
}
