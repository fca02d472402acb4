/** Operations on people, and on who is here. */

import { z } from "zod";
import { ids_per_call_max, status_text_chars_max, user_name_chars_max } from "./limits.ts";
import { nameSchema, room, textSchema, time, user, userShape } from "./operation-fields.ts";
import { statuses } from "./passing.ts";

const chosen = z.object({ status: z.enum(statuses), text: z.string(), hide_last_seen: z.boolean() });

export const personStatusShape = z.object({
  user: z.string(),
  /** `invisible` is told to the person alone. */
  status: z.enum(["online", "away", "busy", "offline", "invisible"]),
  text: z.string(),
  /** When the person was last here; null while they are, and where it is not known or hidden. */
  last_seen: time.nullable(),
});

export const peopleShapes = {
  "presence.list": () => ({
    input: z.strictObject({ room }),
    output: z.object({ users: z.array(userShape), count: z.int(), connections: z.int() }),
  }),
  "user.get": () => ({
    input: z.strictObject({ ids: z.array(z.string().max(40)).min(1).max(ids_per_call_max) }),
    output: z.object({ users: z.array(userShape) }),
  }),
  /** People whose name, or user name, begins so. */
  "user.find": () => ({
    input: z.strictObject({ query: nameSchema(user_name_chars_max) }),
    output: z.object({ users: z.array(userShape.extend({ username: z.string().nullable() })) }),
  }),
  /** What one is shown as, on all devices. What is left out stays. */
  "status.set": () => ({
    input: z.strictObject({
      status: z.enum(statuses),
      text: textSchema(status_text_chars_max).optional(),
      hide_last_seen: z.boolean().optional(),
    }),
    output: chosen,
  }),
  "status.get": () => ({
    input: z.strictObject({ ids: z.array(user).min(1).max(ids_per_call_max) }),
    output: z.object({ people: z.array(personStatusShape) }),
  }),
};
