/** Operations of those who keep order: rules, reports, bans by address, blocks, the switches of the server, the audit. */

import { z } from "zod";
import { reason_chars_max, slow_mode_s_max, text_bytes_max } from "./limits.ts";
import { id, room, seq, textSchema, time, user, userShape } from "./operation-fields.ts";

/** Who may make an account by themselves: nobody, who has the link of an invitation, anybody. */
export const signUpModes = ["closed", "invite", "open"] as const;
export type SignUpMode = (typeof signUpModes)[number];

export const rule_chars_max = 200;
const network_chars_max = 60;
const audit_target_chars_max = 80;
const page_max = 500;

const limit = z.int().min(1).max(page_max).default(100);
const reason = textSchema(reason_chars_max).default("");
const ruleText = textSchema(rule_chars_max).refine((text) => text !== "", "expected some text");
const nothing = z.object({});

export const ruleKinds = ["word", "pattern"] as const;
/** `refuse`: not stored. `report`: stored, and put before the moderators. `trial`: it is only counted. */
export const ruleActions = ["refuse", "report", "trial"] as const;

export const ruleShape = z.object({
  id: z.string(),
  kind: z.enum(ruleKinds),
  text: z.string(),
  action: z.enum(ruleActions),
  /** How many messages it has matched. */
  matches: z.int(),
  created_by: userShape.nullable(),
  created_at: time,
});

export const reportOutcomes = ["kept", "deleted", "muted", "banned"] as const;

export const reportShape = z.object({
  id: z.string(),
  room: z.string(),
  seq,
  /** Null where a rule has reported it. */
  reporter: userShape.nullable(),
  reason: z.string(),
  at: time,
  /** What is said there now; null where it was deleted, or lies outside of what the asking person may read. */
  message: z.object({ user: userShape, time, data: z.unknown() }).nullable(),
  outcome: z.enum(reportOutcomes).nullable(),
  handled_by: userShape.nullable(),
  handled_at: time.nullable(),
});

export const addressBanShape = z.object({
  id: z.string(),
  /** As the server understood it: `192.0.2.0/24`. */
  network: z.string(),
  reason: z.string(),
  created_by: userShape.nullable(),
  created_at: time,
  /** Null: never. */
  expires_at: time.nullable(),
});

const settingsShape = z.object({
  lockdown: z.boolean(),
  sign_up: z.enum(signUpModes),
  /** What a lockdown lets everybody wait between two messages. */
  slow_seconds: z.int(),
});

export const auditShape = z.object({
  n: z.int(),
  at: time,
  /** `$cli` is whoever has the command line. */
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  detail: z.record(z.string(), z.unknown()),
  address: z.string().nullable(),
});

export const moderationShapes = {
  "rule.create": () => ({
    input: z.strictObject({
      kind: z.enum(ruleKinds).default("word"),
      text: ruleText,
      action: z.enum(ruleActions).default("refuse"),
    }),
    output: ruleShape,
  }),
  "rule.list": () => ({
    input: z.strictObject({ after: id.optional(), limit }),
    output: z.object({ rules: z.array(ruleShape), more: z.boolean() }),
  }),
  "rule.update": () => ({
    input: z
      .strictObject({ rule: id, text: ruleText.optional(), action: z.enum(ruleActions).optional() })
      .refine(({ action, text }) => action !== undefined || text !== undefined, "expected text, action or both"),
    output: nothing,
  }),
  "rule.delete": () => ({ input: z.strictObject({ rule: id }), output: nothing }),
  /** Which rules a text would match; nothing is counted or reported. */
  "rule.test": () => ({
    input: z.strictObject({ text: z.string().max(text_bytes_max) }),
    output: z.object({ refused: z.boolean(), rules: z.array(ruleShape.omit({ created_by: true })) }),
  }),
  /** Puts a message before those who keep order. Twice by the same person is once. */
  "message.report": () => ({
    input: z.strictObject({ room, seq, reason }),
    output: z.object({ report: z.string() }),
  }),
  /** The queue, the oldest first: of a room by its moderators, of the server by its administrators. */
  "report.list": () => ({
    input: z.strictObject({
      room: room.optional(),
      state: z.enum(["waiting", "handled"]).default("waiting"),
      after: id.optional(),
      limit,
    }),
    output: z.object({ reports: z.array(reportShape), more: z.boolean() }),
  }),
  /** Does what was decided about a message and its author, and closes all reports of that message. */
  "report.handle": () => ({
    input: z.strictObject({
      report: id,
      outcome: z.enum(["keep", "delete", "mute", "ban"]),
      /** Unix milliseconds at which a mute or a ban ends; a ban without one never does. */
      until: time.optional(),
      note: textSchema(reason_chars_max).optional(),
    }),
    output: z.object({ closed: z.int() }),
  }),
  "address_ban.create": () => ({
    input: z.strictObject({
      network: z.string().max(network_chars_max),
      reason,
      expires_at: time.optional(),
    }),
    output: addressBanShape,
  }),
  "address_ban.list": () => ({
    input: z.strictObject({ after: id.optional(), limit }),
    output: z.object({ bans: z.array(addressBanShape), more: z.boolean() }),
  }),
  "address_ban.delete": () => ({ input: z.strictObject({ id }), output: nothing }),
  /** Hears no more of somebody: they open no direct room with the caller, and write in none. */
  "user.block": () => ({ input: z.strictObject({ user }), output: nothing }),
  "user.unblock": () => ({ input: z.strictObject({ user }), output: nothing }),
  "block.list": () => ({
    input: z.strictObject({}),
    output: z.object({ users: z.array(userShape.extend({ at: time })) }),
  }),
  /** Nobody new comes in, and everybody but moderators waits between two messages, until it is switched off. */
  "server.lockdown": () => ({ input: z.strictObject({ on: z.boolean() }), output: z.object({ on: z.boolean() }) }),
  "server.settings.get": () => ({ input: z.strictObject({}), output: settingsShape }),
  "server.settings.set": () => ({
    input: z
      .strictObject({
        sign_up: z.enum(signUpModes).optional(),
        slow_seconds: z.int().min(1).max(slow_mode_s_max).optional(),
      })
      .refine((asked) => Object.keys(asked).length > 0, "expected at least one of the settings"),
    output: settingsShape,
  }),
  /** What administrators and moderators have done, the newest first. */
  "audit.list": () => ({
    input: z.strictObject({
      before: z.int().min(1).optional(),
      target: z.string().max(audit_target_chars_max).optional(),
      actor: user.optional(),
      limit,
    }),
    output: z.object({ acts: z.array(auditShape), more: z.boolean() }),
  }),
};
