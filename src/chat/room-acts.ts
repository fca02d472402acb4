/** What the command line asks of rooms. */

import { z } from "zod";
import { reason_chars_max } from "../protocol/limits.ts";
import { room, roomRole, textSchema } from "../protocol/operation-fields.ts";
import { duration, inviteWish, person, search } from "./act-fields.ts";
import type { RoomAdministration } from "./room-administration.ts";

const place = { room, person };

export const roomActSchema = z.discriminatedUnion("act", [
  z.strictObject({ act: z.literal("room.list"), search }),
  z.strictObject({ act: z.literal("room.show"), room }),
  z.strictObject({ act: z.literal("room.close"), room }),
  z.strictObject({ act: z.literal("room.reopen"), room }),
  z.strictObject({ act: z.literal("room.delete"), room }),
  z.strictObject({ act: z.literal("room.role"), ...place, role: roomRole }),
  z.strictObject({ act: z.literal("room.add"), ...place, role: roomRole.default("member") }),
  z.strictObject({ act: z.literal("room.remove"), ...place }),
  z.strictObject({
    act: z.literal("room.ban"),
    ...place,
    for_ms: duration,
    reason: textSchema(reason_chars_max).optional(),
  }),
  z.strictObject({ act: z.literal("room.unban"), ...place }),
  z.strictObject({ act: z.literal("room.invite"), room, ...inviteWish }),
]);
type RoomAct = z.infer<typeof roomActSchema>;

/** Does it, and gives what is to be shown. */
export async function runRoomAct(rooms: RoomAdministration, act: RoomAct): Promise<object> {
  switch (act.act) {
    case "room.list":
      return await rooms.list(act.search);
    case "room.show":
      return await rooms.show(act.room);
    case "room.close":
      return await rooms.change(act.room, "closed");
    case "room.reopen":
      return await rooms.change(act.room, "reopened");
    case "room.delete":
      return await rooms.change(act.room, "gone");
    case "room.role":
      return await rooms.role(act, act.role);
    case "room.add":
      return await rooms.add(act, act.role);
    case "room.remove":
      return await rooms.remove(act);
    case "room.ban":
      return await rooms.ban(act, { for_ms: act.for_ms, reason: act.reason });
    case "room.unban":
      return await rooms.unban(act);
    case "room.invite":
      return await rooms.invite(act.room, act);
  }
}
