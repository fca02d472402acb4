/** One clear sentence for what went wrong. */

import { ChatError, type ErrorCode } from "../protocol/errors.ts";
import { DoorError } from "./door.ts";

const ofCode: Partial<Record<ErrorCode, string>> = {
  internal: "Something is wrong at the server. Try again in a moment",
  unauthorized: "You are not signed in any more",
  permission_denied: "You may not do this",
  room_not_found: "There is no such room, or it is not yours to see",
  limit_exceeded: "That is more than one may have here",
  too_many_requests: "That was too often: wait a moment and try again",
  overloaded: "The server is very busy: try again in a moment",
  storage_unavailable: "The server's database does not answer: try again in a moment",
  storage_full: "The server's disk is full",
  outcome_unknown: "The answer got lost: look whether it is done, and try again",
  locked_down: "The server is locked down: nobody new is let in just now",
  muted: "You may not write here for now",
  room_closed: "This room is closed",
};

/** Better words for what the accounts' door refuses. */
const ofReason: Readonly<Record<string, string>> = {
  invalid_username_or_password: "The name or the password is wrong",
  invalid_email_or_password: "The address or the password is wrong",
  invalid_password: "The password is wrong",
  invalid_code: "That code is not right. It changes every thirty seconds",
  invalid_backup_code: "That is none of your recovery codes, or it was used before",
  invalid_two_factor_cookie: "That took too long: give your password again",
  invalid_token: "This link was used before, or is too old. Ask for a new one",
  username_is_already_taken: "Somebody has this user name already: choose another",
  user_already_exists: "There is an account with this address already",
  user_already_exists_use_another_email: "There is an account with this address already",
  invalid_username: "A user name has letters a to z, digits, and . _ - between them",
  password_too_short: "A password has at least ten characters",
};

function sentence(text: string): string {
  const [first = "", ...rest] = text;
  const whole = first.toLocaleUpperCase() + rest.join("");
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

export function sentenceOf(error: unknown): string {
  if (error instanceof DoorError)
    return sentence(ofReason[error.reason] ?? error.detail ?? ofCode[error.code] ?? error.message);
  if (error instanceof ChatError) return sentence(error.detail ?? ofCode[error.code] ?? error.message);
  if (error instanceof Error) return sentence(error.message);
  return sentence(String(error));
}
