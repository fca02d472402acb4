/** Operations on messages. */

import { z } from "zod";
import { isRoom, room, seq, userShape, uuid } from "./operation-fields.ts";
import { longerThan } from "./json.ts";
import { page_events_max, text_bytes_max } from "./limits.ts";

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

/** An event as the wire shows it everywhere: a Centrifuge publication. */
export const eventShape = z.object({
  offset: seq,
  data: z.unknown(),
  info: z.object({ user: z.string() }),
  time: z.int(),
  tags: z.record(z.string(), z.string()),
});

export const messageShapes = {
  "message.send": () => ({
    input: z.strictObject({ room, id: uuid, data: messageData }),
    output: z.object({ seq, id: z.string(), time: z.int() }),
  }),
  "message.list": () => ({
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
  }),
  /** Moves one's own read mark, which only rises. It is written down within a second. */
  "read.mark": () => ({ input: z.strictObject({ room, seq }), output: z.object({}) }),
  /** Takes the words of a message away, for everybody; one's own, or in a room where one is a moderator. */
  "message.delete": () => ({ input: z.strictObject({ room, seq }), output: z.object({ seq }) }),
};
