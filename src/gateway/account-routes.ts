/** What the accounts' door offers of better-auth, with the exact shape of what each way takes: nothing else goes through. */

import { z } from "zod";
import { emailSchema, passwordSchema, usernameSchema } from "../protocol/account-fields.ts";
import { code_chars_max, email_chars_max, password_chars_max, username_chars_max } from "../protocol/account-limits.ts";
import { userName } from "../protocol/operation-fields.ts";

const given = z.string().min(1).max(password_chars_max);
const token = z.string().min(1).max(100);
const code = z.string().min(4).max(code_chars_max);
/** A place on this server, where the browser goes afterwards. */
const place = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[\w\-.~/?=&%#]*$/, "expected a path of this server");

export interface Route {
  readonly body: z.ZodType<Record<string, unknown>>;
  /** An attempt to prove who one is: it is counted. */
  readonly counted: boolean;
  /** The field that names the account that is tried. */
  readonly account?: string;
  /** Whoever is signed in proves with their password that it is they. */
  readonly proves: boolean;
}

const route = (body: z.ZodType<Record<string, unknown>>, account?: string): Route => ({
  body,
  counted: true,
  proves: false,
  ...(account === undefined ? {} : { account }),
});

/** For who is signed in already. */
const proven = (body: z.ZodType<Record<string, unknown>>): Route => ({ body, counted: true, proves: true });

export const routes: Readonly<Record<string, Route>> = {
  "sign-in/username": route(
    z.strictObject({ username: z.string().min(1).max(username_chars_max), password: given }),
    "username",
  ),
  "sign-in/email": route(z.strictObject({ email: z.string().min(3).max(email_chars_max), password: given }), "email"),
  "sign-in/social": route(
    z.strictObject({
      provider: z.literal("oidc"),
      callbackURL: place.default("/"),
      errorCallbackURL: place.optional(),
    }),
  ),
  "sign-out": { body: z.strictObject({}), counted: false, proves: false },
  "change-password": proven(
    z
      .strictObject({ currentPassword: given, newPassword: passwordSchema })
      // Whoever changes a password may have lost it to somebody who is signed in.
      .transform((asked) => ({ ...asked, revokeOtherSessions: true })),
  ),
  "request-password-reset": route(z.strictObject({ email: emailSchema }), "email"),
  "reset-password": route(z.strictObject({ token, newPassword: passwordSchema })),
  "two-factor/enable": proven(z.strictObject({ password: given })),
  "two-factor/disable": proven(z.strictObject({ password: given })),
  "two-factor/generate-backup-codes": proven(z.strictObject({ password: given })),
  "two-factor/verify-totp": route(z.strictObject({ code, trustDevice: z.boolean().optional() })),
  "two-factor/verify-backup-code": route(z.strictObject({ code, trustDevice: z.boolean().optional() })),
};

/** The provider sends the browser back here. */
export const callbackRoute = "callback/oidc";

export const signUpBody = z.strictObject({
  username: usernameSchema,
  password: passwordSchema,
  name: userName.optional(),
  email: emailSchema.optional(),
  /** The token of an invitation, or of the owner's link. */
  invite: token.optional(),
});
