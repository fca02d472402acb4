/** Fields that inputs and outputs of operations share. */

import { z } from "zod";
import { roomRoles, serverRoles } from "./roles.ts";
import { user_name_chars_max } from "./limits.ts";
import { isOpenName, isRoomId } from "./topics.ts";
import { isVisible } from "./visible.ts";

/** A name for people: trimmed, NFC, without controls, lone surrogates or direction overrides. */
export function nameSchema(chars_max: number) {
  return z
    .string()
    .transform((name) => name.normalize("NFC").trim())
    .pipe(z.string().min(1).max(chars_max).refine(isVisible, "has control or direction characters"));
}

/** Words on one line that may be empty: a topic, a reason, a status. */
export function textSchema(chars_max: number) {
  return z
    .string()
    .transform((text) => text.normalize("NFC").trim())
    .pipe(z.string().max(chars_max).refine(isVisible, "has control or direction characters"));
}

export const userName = nameSchema(user_name_chars_max);

export const isRoom = (id: string): boolean => isRoomId(id) || isOpenName(id);
export const room = z.string().refine(isRoom, "expected a room's id or open:<name>");
export const seq = z.int().min(0);
export const uuid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, "expected a UUID (version 7 is best)")
  .transform((id) => id.toLowerCase());

/** The id of a person, `users.id`. */
export const user = z.string().regex(/^[$a-z0-9]{1,40}$/, "expected a person's id");
/** The id of anything else that the server made. */
export const id = z.string().regex(/^[a-z0-9]{1,40}$/, "expected an id");
/** Unix milliseconds. */
export const time = z.int().min(0);
export const roomRole = z.enum(roomRoles);
export const serverRole = z.enum(serverRoles);

export const userShape = z.object({ id: z.string(), name: z.string() });
