/** What goes by without being stored: what clients tell by `send`, and what they are told beside the rooms' logs. */

import { z } from "zod";
import { room, seq } from "./operation-fields.ts";

/** The `data` of a `send`. What is not one of these is passed over: a newer client may say more. */
export const sentNews = z.discriminatedUnion("type", [
  /** The person is writing in a room that this connection is subscribed to. Said again as long as they do. */
  z.object({ type: z.literal("typing"), room }),
  /** A device has got everything up to here. */
  z.object({ type: z.literal("received"), room, seq }),
]);
export type SentNews = z.infer<typeof sentNews>;

/** `data` of a `message` push: about a room, to those who asked for its joins and leaves. */
export type PassingNews =
  | { readonly type: "typing"; readonly room: string; readonly users: readonly string[] }
  /** Somebody who is here is shown in another way. */
  | {
      readonly type: "status";
      readonly room: string;
      readonly user: string;
      readonly status: ShownStatus;
      readonly text: string;
    };

/** `data` of a publication on a person's own line. It has no offset; hearing it twice changes nothing. */
export type LineNews =
  | { readonly type: "invited" | "joined" | "left"; readonly room: string }
  /** The room, or the person's place in it, is another one: ask for it again. */
  | { readonly type: "room"; readonly room: string }
  /** Another device of the person has read so far. */
  | { readonly type: "read"; readonly room: string; readonly seq: number };

/** What a person chooses to be shown as; "" is nothing in particular. */
export const statuses = ["", "away", "busy", "invisible"] as const;
export type Status = (typeof statuses)[number];

/** What others see. */
export type ShownStatus = "online" | "away" | "busy" | "offline";

export function linePush(channel: string, news: LineNews): string {
  return `{"push":{"channel":"${channel}","pub":{"data":${JSON.stringify(news)}}}}`;
}

/** A push without a channel: Centrifuge clients hand it over as a message, and no position of theirs moves by it. */
export function passingPush(data: string): string {
  return `{"push":{"message":{"data":${data}}}}`;
}
