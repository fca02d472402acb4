/** Operations on rooms. */

import { z } from "zod";
import { nameSchema, room, roomRole, seq, textSchema, user, userShape } from "./operation-fields.ts";
import {
  direct_people_max,
  ids_per_call_max,
  room_name_chars_max,
  room_topic_chars_max,
  slow_mode_s_max,
  unread_max,
} from "./limits.ts";

const second_ms = 1_000;

export const roomShape = z.object({
  id: z.string(),
  kind: z.enum(["public", "private", "direct", "broadcast", "open"]),
  name: z.string(),
  topic: z.string(),
  first_seq: seq,
  last_seq: seq,
  created_at: z.int(),
  /** No new messages and members; everything stays readable. */
  closed: z.boolean(),
  /** What who joins may read: everything, or from the joining on. */
  history: z.enum(["all", "joined"]),
  /** Who may write, and who may invite. */
  post: z.enum(["members", "moderators"]),
  invite: z.enum(["members", "moderators"]),
  /** What a member must wait between two messages. */
  slow_ms: z.int().min(0),
  /** How many members there are. */
  members: z.int().min(0),
  role: roomRole.nullable(),
  /** The first seq that the asking person may read; null for who is no member. */
  visible_from: seq.nullable(),
});
export type Room = z.infer<typeof roomShape>;

/** A room in a list; what follows `last_at` is null, empty or 0 for who is no member. */
export const listedRoomShape = roomShape.extend({
  /** Unix milliseconds of the last event. */
  last_at: z.int(),
  /** How far the person has read. */
  read_seq: seq,
  /** Messages of others behind that, at most 100. */
  unread: z.int().min(0).max(unread_max),
  /** Those of the unread ones that mention the person, or everybody. */
  mentions: z.int().min(0).max(unread_max),
  last_message: z
    .object({
      seq,
      time: z.int(),
      user: userShape,
      /** How it begins; null where it is no chat message. */
      text: z.string().nullable(),
    })
    .nullable(),
  /** The other people of a direct room. */
  people: z.array(userShape),
});
export type ListedRoom = z.infer<typeof listedRoomShape>;

const settings = {
  topic: textSchema(room_topic_chars_max).optional(),
  history: z.enum(["all", "joined"]).optional(),
  post: z.enum(["members", "moderators"]).optional(),
  invite: z.enum(["members", "moderators"]).optional(),
  slow_ms: z
    .int()
    .min(0)
    .max(slow_mode_s_max * second_ms)
    .optional(),
};

const changed = z.object({ seq });

export const roomShapes = {
  "room.create": () => ({
    input: z.strictObject({
      name: nameSchema(room_name_chars_max),
      kind: z.enum(["public", "private", "broadcast"]).default("public"),
      ...settings,
    }),
    output: roomShape,
  }),
  /** The one room of these people and the caller: made when it is first asked for. */
  "room.direct": () => ({
    input: z.strictObject({
      users: z
        .array(user)
        .min(1)
        .max(direct_people_max - 1),
    }),
    output: roomShape,
  }),
  "room.update": () => ({
    input: z
      .strictObject({ room, name: nameSchema(room_name_chars_max).optional(), ...settings })
      .refine((asked) => Object.keys(asked).length > 1, "expected at least one of the settings beside the room"),
    output: changed,
  }),
  /** Archives a room: no new messages and members; everything stays readable. */
  "room.close": () => ({ input: z.strictObject({ room }), output: changed }),
  "room.reopen": () => ({ input: z.strictObject({ room }), output: changed }),
  /** Takes a room away from everybody, for good. */
  "room.delete": () => ({ input: z.strictObject({ room }), output: changed }),
  "room.join": () => ({ input: z.strictObject({ room }), output: roomShape }),
  "room.leave": () => ({ input: z.strictObject({ room }), output: changed }),
  /**
   * `joined`: one's own rooms, the most recently active first. `invited`: those that one was asked into, in the same order.
   * `public`: those that anybody may join, the largest first; a page may be shorter than asked for. `after` is the `next` of
   * the page before.
   */
  "room.list": () => ({
    input: z
      .strictObject({
        scope: z.enum(["joined", "public", "invited"]).default("joined"),
        /** Those of one's rooms only. */
        rooms: z.array(room).min(1).max(ids_per_call_max).optional(),
        /** A part of the name or the topic of a public one. */
        query: nameSchema(room_name_chars_max).optional(),
        after: z
          .string()
          .regex(/^\d{1,16}\.[a-z0-9]{20}$/, "expected the next of the page before")
          .optional(),
        limit: z.int().min(1).max(500).default(100),
      })
      .refine(
        ({ query, rooms, scope }) =>
          (scope === "public" || query === undefined) && (scope === "joined" || rooms === undefined),
        "query is for public rooms, rooms is for one's own",
      ),
    output: z.object({ rooms: z.array(listedRoomShape), next: z.string().nullable() }),
  }),
  "room.get": () => ({ input: z.strictObject({ room }), output: roomShape }),
};
