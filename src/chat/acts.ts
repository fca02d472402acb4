/** What people do with rooms, places and messages, put together. */

import { Invites, type InvitesOptions } from "./invites.ts";
import { Members, type MembersOptions } from "./members.ts";
import { Messages, type MessagesOptions } from "./messages.ts";
import type { Moderation } from "./moderation.ts";
import { Reports, type ReportsOptions } from "./reports.ts";
import { Rooms, type RoomsOptions } from "./rooms.ts";
import { Screening } from "./screening.ts";

type Parts = RoomsOptions & MembersOptions & InvitesOptions & MessagesOptions & ReportsOptions;

/** All that is not made here. */
export type ActsOptions = Omit<Parts, "blocks" | "members" | "messages" | "rooms" | "screening"> & {
  readonly moderation: Moderation;
};

export function createActs(options: ActsOptions) {
  const { clock, db, moderation } = options;
  const { blocks, rules, settings } = moderation;
  const report = (message: { room: number; seq: number }, matching: readonly string[]): void =>
    void reports.reportByRule(message, matching);
  const screening = new Screening({ clock, db, report, rules, settings });
  const rooms = new Rooms({ ...options, blocks });
  const members = new Members({ ...options, blocks });
  const messages = new Messages({ ...options, blocks, screening });
  const reports: Reports = new Reports({ ...options, members, messages });
  return { rooms, members, messages, reports, invites: new Invites({ ...options, rooms }) };
}
