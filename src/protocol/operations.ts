/**
 * The chat's operations as the wire knows them: names and the shapes of what goes in and comes out. They are RPC
 * methods; `chat/operations` gives each its rights, its cost and what it does. The SDK takes its types from here.
 */

import { z } from "zod";
import { accountShapes } from "./account-operations.ts";
import { lazily } from "./lazily.ts";
import { memberShapes } from "./member-operations.ts";
import { messageShapes } from "./message-operations.ts";
import { moderationShapes } from "./moderation-operations.ts";
import { seq, userName } from "./operation-fields.ts";
import { peopleShapes } from "./people-operations.ts";
import { roomShapes } from "./room-operations.ts";

export const operationShapes = lazily({
  ...roomShapes,
  ...memberShapes,
  ...messageShapes,
  ...peopleShapes,
  ...moderationShapes,
  ...accountShapes,
});

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
