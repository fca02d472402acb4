/** Fields that what the command line asks for has in common. */

import { z } from "zod";

/** An id, or a user name. */
export const person = z.string().min(1).max(60);
/** A part of a name. */
export const search = z.string().max(60).optional();
/** Milliseconds; null: for ever. */
export const duration = z.int().min(1_000).nullable();
/** What a link is good for. */
export const inviteWish = { uses_max: z.int().min(1).max(100_000).nullable(), ttl_ms: duration };
