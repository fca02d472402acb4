/**
 * The chat's operations as the wire knows them: names and the shapes of what goes in and comes out. They are RPC
 * methods; `chat/operations` gives each its rights, its cost and what it does. The SDK takes its types from here.
 */

import { z } from "zod";
import { page_events_max, room_name_chars_max, text_bytes_max, user_name_chars_max } from "./limits.ts";
import { longerThan } from "./json.ts";
import { isOpenName, isRoomId } from "./topics.ts";

// C0 and C1 controls, and the characters that turn the direction of a text, which let one name pass for another.
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

/** A name for people: trimmed, NFC, without controls, lone surrogates or direction overrides. */
export function nameSchema(chars_max: number) {
  return z
    .string()
    .transform((name) => name.normalize("NFC").trim())
    .pipe(
      z
        .string()
        .min(1)
        .max(chars_max)
        .refine((name) => !hidden.test(name) && name.isWellFormed(), "has control or direction characters"),
    );
}

export const userName = nameSchema(user_name_chars_max);

const isRoom = (id: string): boolean => isRoomId(id) || isOpenName(id);
const room = z.string().refine(isRoom, "expected a room's id or open:<name>");
const seq = z.int().min(0);
const uuid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "expected a UUID (version 7 is best)")
  .transform((id) => id.toLowerCase());

const chatMessage = z.looseObject({
  text: z.string().refine((text) => !longerThan(text, text_bytes_max), `expected at most ${text_bytes_max} bytes`),
  reply_to: seq.optional(),
  mentions: z.array(z.string().max(40)).max(100).optional(),
  files: z.array(z.string().max(80)).max(20).optional(),
});

/**
 * What a message may hold. With a `text` it is a chat message, whose own fields are checked; any other JSON is custom:
 * stored and delivered, not searched.
 */
export const messageData = z.unknown().superRefine((data, context) => {
  if (typeof data !== "object" || data === null || !Object.hasOwn(data, "text")) return;
  for (const { message, path } of chatMessage.safeParse(data).error?.issues ?? []) {
    context.addIssue({ code: "custom", message, path });
  }
});

const lowerUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Whether an input of `message.send` has the shape that nearly all have: a room, an id in lower case, and a text without
 * any of the fields that need a closer look. Then the schema would give it back as it is, at ten times the cost.
 */
export function isPlainSend(input: unknown): input is { room: string; id: string; data: { text: string } } {
  if (typeof input !== "object" || input === null) return false;
  for (const key in input) if (key !== "room" && key !== "id" && key !== "data") return false;
  const { room: channel, id, data } = input as { room?: unknown; id?: unknown; data?: unknown };
  if (typeof channel !== "string" || !isRoom(channel) || typeof id !== "string" || !lowerUuid.test(id)) return false;
  if (typeof data !== "object" || data === null) return false;
  for (const key in data) if (key === "reply_to" || key === "mentions" || key === "files") return false;
  const { text } = data as { text?: unknown };
  return typeof text === "string" && !longerThan(text, text_bytes_max);
}

export const roomShape = z.object({
  id: z.string(),
  kind: z.enum(["public", "private", "direct", "broadcast", "open"]),
  name: z.string(),
  first_seq: seq,
  last_seq: seq,
  created_at: z.int(),
  role: z.enum(["owner", "admin", "member"]).nullable(),
  /** The first seq that the asking person may read; null for who is no member. */
  visible_from: seq.nullable(),
});
export type Room = z.infer<typeof roomShape>;

/** An event as the wire shows it everywhere: a Centrifuge publication. */
export const eventShape = z.object({
  offset: seq,
  data: z.unknown(),
  info: z.object({ user: z.string() }),
  time: z.int(),
  tags: z.record(z.string(), z.string()),
});

export const userShape = z.object({ id: z.string(), name: z.string() });

export const operationShapes = {
  "room.create": {
    input: z.strictObject({
      name: nameSchema(room_name_chars_max),
      kind: z.enum(["public", "private"]).default("public"),
    }),
    output: roomShape,
  },
  "room.join": { input: z.strictObject({ room }), output: roomShape },
  "room.leave": { input: z.strictObject({ room }), output: z.object({ seq }) },
  "room.list": {
    input: z.strictObject({
      scope: z.enum(["joined", "public"]).default("joined"),
      after: room.optional(),
      limit: z.int().min(1).max(500).default(100),
    }),
    output: z.object({ rooms: z.array(roomShape), more: z.boolean() }),
  },
  "room.get": { input: z.strictObject({ room }), output: roomShape },
  "message.send": {
    input: z.strictObject({ room, id: uuid, data: messageData }),
    output: z.object({ seq, id: z.string(), time: z.int() }),
  },
  "message.list": {
    input: z
      .strictObject({
        room,
        before: seq.optional(),
        after: seq.optional(),
        around: seq.optional(),
        from: seq.optional(),
        to: seq.optional(),
        limit: z.int().min(1).max(page_events_max).default(50),
      })
      .refine(
        (asked) =>
          [asked.before, asked.after, asked.around, asked.from].filter((given) => given !== undefined).length <= 1 &&
          (asked.from === undefined) === (asked.to === undefined),
        "give one of before, after, around, or from with to; none means the latest",
      ),
    output: z.object({
      events: z.array(eventShape),
      users: z.array(userShape),
      epoch: z.string(),
      first_seq: seq,
      last_seq: seq,
      more: z.boolean(),
    }),
  },
  "presence.list": {
    input: z.strictObject({ room }),
    output: z.object({ users: z.array(userShape), count: z.int(), connections: z.int() }),
  },
  "user.get": {
    input: z.strictObject({ ids: z.array(z.string().max(40)).min(1).max(100) }),
    output: z.object({ users: z.array(userShape) }),
  },
  /** Signs a guest out: the token is refused from now on, and every connection that it was used for is closed. */
  "session.end": { input: z.strictObject({}), output: z.object({}) },
} as const;

export type OperationName = keyof typeof operationShapes;
export type InputOf<N extends OperationName> = z.input<(typeof operationShapes)[N]["input"]>;
export type CheckedInput<N extends OperationName> = z.infer<(typeof operationShapes)[N]["input"]>;
export type OutputOf<N extends OperationName> = z.infer<(typeof operationShapes)[N]["output"]>;

/** What our own SDK and page put into connect's `data`. Other applications may put there what they like. */
export const connectData = z.looseObject({
  /** Subscribe this connection to the person's rooms and their own line. */
  rooms: z.literal(true).optional(),
  /** The name that a guest wants to go by. */
  name: userName.optional(),
  /** Positions kept across reloads: the epoch, and the last seq of each room. */
  epoch: z.string().max(64).optional(),
  positions: z.record(z.string(), seq).optional(),
});
export type ConnectData = z.input<typeof connectData>;
