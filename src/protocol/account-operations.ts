/** Operations on one's own account and sign-ins, on keys and bots, and on people by administrators. */

import { z } from "zod";
import { usernameSchema } from "./account-fields.ts";
import { key_name_chars_max } from "./account-limits.ts";
import { id, serverRole, textSchema, time, user, userName, userShape } from "./operation-fields.ts";
import { scopes } from "./roles.ts";

const nothing = z.strictObject({});
const done = z.object({});
const somebody = z.strictObject({ user });
const scopeList = z.array(z.enum(scopes)).min(1).max(scopes.length);

const keyShape = z.object({
  id: z.string(),
  name: z.string(),
  scopes: scopeList,
  created_at: time,
  expires_at: time.nullable(),
});

export const botShape = userShape.extend({ username: z.string().nullable(), owner: z.string().nullable() });

/** A person as administrators see them. */
export const accountShape = userShape.extend({
  /** `local`: an account here; `host`: by the tokens of an application; `guest`; `bot`. */
  kind: z.enum(["local", "host", "guest", "bot"]),
  username: z.string().nullable(),
  email: z.string().nullable(),
  role: serverRole,
  disabled: z.boolean(),
  created_at: time,
});

export const accountShapes = {
  /** Ends the sign-in that this comes by: its token is refused from now on, its connections are closed. */
  "session.end": () => ({ input: nothing, output: done }),
  /** One's own sign-ins that are good now, the newest first. */
  "session.list": () => ({
    input: nothing,
    output: z.object({
      sessions: z.array(
        z.object({
          id: z.string(),
          created_at: time,
          expires_at: time,
          address: z.string().nullable(),
          agent: z.string().nullable(),
          current: z.boolean(),
        }),
      ),
    }),
  }),
  "session.revoke": () => ({ input: z.strictObject({ id }), output: done }),
  /** Who one is here. */
  "account.get": () => ({
    input: nothing,
    output: userShape.extend({
      kind: accountShape.shape.kind,
      username: z.string().nullable(),
      email: z.string().nullable(),
      role: serverRole,
      second_factor: z.boolean(),
      /** How the account is proved: `credential` is a password, `oidc` the single sign-on. */
      sign_ins: z.array(z.string()),
    }),
  }),
  /** Changes the name that one is shown by. */
  "account.update": () => ({ input: z.strictObject({ name: userName }), output: userShape }),
  /** A key for oneself, or for a bot of one's own. It is shown this once. */
  "api_key.create": () => ({
    input: z.strictObject({
      name: textSchema(key_name_chars_max),
      scopes: scopeList,
      bot: user.optional(),
      expires_at: time.optional(),
    }),
    output: keyShape.extend({ key: z.string() }),
  }),
  "api_key.list": () => ({
    input: z.strictObject({ bot: user.optional() }),
    output: z.object({ keys: z.array(keyShape) }),
  }),
  "api_key.revoke": () => ({ input: z.strictObject({ id }), output: done }),
  "bot.create": () => ({
    input: z.strictObject({ name: userName, username: usernameSchema.optional() }),
    output: botShape,
  }),
  "bot.list": () => ({ input: nothing, output: z.object({ bots: z.array(botShape) }) }),
  /** Everybody whom the server knows, in the order of their coming. */
  "user.list": () => ({
    input: z.strictObject({
      search: textSchema(60).optional(),
      after: user.optional(),
      limit: z.int().min(1).max(500).default(100),
    }),
    output: z.object({ users: z.array(accountShape), more: z.boolean() }),
  }),
  "user.disable": () => ({ input: somebody, output: done }),
  "user.enable": () => ({ input: somebody, output: done }),
  "user.role": () => ({
    input: z.strictObject({ user, role: z.enum(["owner", "administrator", "member"]) }),
    output: done,
  }),
  /** A link with which somebody sets a new password, once, within a day. */
  "user.reset_password": () => ({
    input: somebody,
    output: z.object({ link: z.string(), token: z.string(), expires_at: time.nullable() }),
  }),
  /** For who has lost the second factor: the password alone is enough again. */
  "user.reset_second_factor": () => ({ input: somebody, output: done }),
  /** Ends all sign-ins of somebody. */
  "user.sign_out": () => ({ input: somebody, output: z.object({ ended: z.int() }) }),
};
