/** Operations on the places that people have in rooms, and on the links by which they come. */

import { z } from "zod";
import { reason_chars_max, user_name_chars_max } from "./limits.ts";
import { id, nameSchema, room, roomRole, seq, textSchema, time, user, userShape } from "./operation-fields.ts";
import { roomShape } from "./room-operations.ts";

const place = z.strictObject({ room, user });
const changed = z.object({ seq });

export const memberShape = z.object({
  user: userShape,
  role: roomRole,
  state: z.enum(["joined", "invited", "banned"]),
  /** Unix milliseconds until which the member may not write; 0: not muted. */
  muted_until: time,
  /** Unix milliseconds at which a ban ends; 0: never. */
  banned_until: time,
  /** Why somebody was banned; only moderators see it. */
  reason: z.string().nullable(),
  /** They are here, by whatever room and device. */
  online: z.boolean(),
});

export const inviteShape = z.object({
  id: z.string(),
  kind: z.enum(["room", "server"]),
  room: z.string().nullable(),
  created_by: userShape.nullable(),
  created_at: time,
  expires_at: time.nullable(),
  uses_max: z.int().nullable(),
  uses: z.int(),
});

export const memberShapes = {
  /**
   * In the order in which people came to the server; those invited and banned are for moderators. A page of a search may
   * be empty though there is more: `next` is the `after` of the page behind it.
   */
  "member.list": () => ({
    input: z.strictObject({
      room,
      state: z.enum(["joined", "invited", "banned"]).default("joined"),
      role: roomRole.optional(),
      /** A part of the name. */
      query: nameSchema(user_name_chars_max).optional(),
      after: user.optional(),
      limit: z.int().min(1).max(500).default(100),
    }),
    output: z.object({ members: z.array(memberShape), count: z.int(), next: z.string().nullable() }),
  }),
  "member.invite": () => ({ input: place, output: changed }),
  /** Makes somebody a member without asking them: for the application that Confab serves. */
  "member.add": () => ({ input: place.extend({ role: roomRole.default("member") }), output: changed }),
  "member.remove": () => ({ input: place, output: changed }),
  "member.ban": () => ({
    input: place.extend({ until: time.default(0), reason: textSchema(reason_chars_max).optional() }),
    output: changed,
  }),
  "member.unban": () => ({ input: place, output: changed }),
  /** `until` in Unix milliseconds; 0 lets the member write again. */
  "member.mute": () => ({ input: place.extend({ until: time }), output: changed }),
  "member.role": () => ({ input: place.extend({ role: roomRole }), output: changed }),
  /** A link to a room, or, by an administrator, to the server. The token is shown this once. */
  "invite.create": () => ({
    input: z.strictObject({
      room: room.optional(),
      expires_at: time.optional(),
      uses_max: z.int().min(1).max(100_000).optional(),
    }),
    output: inviteShape.extend({ token: z.string() }),
  }),
  "invite.list": () => ({
    input: z.strictObject({ room: room.optional() }),
    output: z.object({ invites: z.array(inviteShape) }),
  }),
  "invite.revoke": () => ({ input: z.strictObject({ id }), output: z.object({}) }),
  /** Joins the room that a link leads to. */
  "invite.accept": () => ({ input: z.strictObject({ token: z.string().min(1).max(100) }), output: roomShape }),
};
