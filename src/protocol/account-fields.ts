/** What accounts are called and proved by: shared by operations, the accounts' HTTP door and the command line. */

import { z } from "zod";
import {
  email_chars_max,
  password_chars_max,
  password_chars_min,
  username_chars_max,
  username_chars_min,
} from "./account-limits.ts";

/** How people call each other: lower case, so that two names never differ by it alone. */
export const usernameSchema = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(
    z
      .string()
      .min(username_chars_min)
      .max(username_chars_max)
      .regex(/^[a-z0-9][a-z0-9._-]*$/, "expected letters a to z, digits, dot, dash or underscore"),
  );

export const passwordSchema = z.string().min(password_chars_min).max(password_chars_max);

/** Names that end in `.invalid` (RFC 2606) stand for no address, and nobody may take one of them. */
export const emailSchema = z
  .email()
  .max(email_chars_max)
  .transform((text) => text.toLowerCase())
  .refine((text) => !text.endsWith(".invalid"), "expected an address that mail can be sent to");

/** The address of an account that has none. */
export function noEmail(username: string): string {
  return `${username}@accounts.invalid`;
}

export const sessionTokenShape = /^[A-Za-z0-9]{32}$/;
/** What a key's token begins with. */
export const keyPrefix = "key_";
