/** Messages that somebody, or a rule, has put before those who keep order; and what was done about them. */

import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { ChatError } from "../protocol/errors.ts";
import { page_bytes_max } from "../protocol/limits.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { Right } from "../store/draft.ts";
import type { Database } from "../store/orm.ts";
import {
  addReport,
  byRule,
  closeReports,
  findReport,
  listReports,
  messageKey,
  messagesOf,
  type ReportedMessage,
  type ReportRow,
} from "../store/reports.ts";
import type { Audit } from "./audit.ts";
import type { Members } from "./members.ts";
import type { Messages } from "./messages.ts";
import { actsForServer, addressOf, rightToJudge, viewFor, viewOfJudge, type Caller } from "./policy.ts";
import { RawJson } from "./raw-json.ts";
import type { RoomDirectory } from "./room-directory.ts";

export interface ReportsOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly log: Log;
  readonly members: Members;
  readonly messages: Messages;
}

type Report = Omit<OutputOf<"report.list">["reports"][number], "message">;

const outcomes = { keep: "kept", delete: "deleted", mute: "muted", ban: "banned" } as const;

export class Reports {
  readonly #options: ReportsOptions;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  async report(caller: Caller, asked: CheckedInput<"message.report">): Promise<OutputOf<"message.report">> {
    const { clock, db, directory } = this.#options;
    const { reason, seq } = asked;
    const view = viewFor(caller, await directory.access(caller.person, asked.room));
    const found = await messagesOf(db.$client, [{ view, seq }]);
    if (found.size === 0) throw new ChatError("message_not_found");
    const report = { id: shortId(), room: view.room, seq, reporter: caller.person.n, reason, at: clock.now() };
    return { report: await addReport(db, report) };
  }

  /** Rules have found something in a message that is stored now. What goes wrong is for the log: the message is there. */
  async reportByRule(message: { room: number; seq: number }, rules: readonly string[]): Promise<void> {
    const { clock, db, log } = this.#options;
    const reason = rules.map((rule) => `rule:${rule}`).join(" ");
    try {
      await addReport(db, { ...message, id: shortId(), reporter: byRule, reason, at: clock.now() });
    } catch (error) {
      log.error("report_not_stored", { ...message, error });
    }
  }

  async list(caller: Caller, asked: CheckedInput<"report.list">): Promise<RawJson> {
    const { db, directory } = this.#options;
    const { after, limit, room, state } = asked;
    const administrator = actsForServer(caller);
    if (room === undefined && !administrator)
      throw new ChatError("permission_denied", "room: only administrators see the reports of all rooms");
    const access = room === undefined ? undefined : await directory.accessNow(caller.person, room);
    if (access !== undefined) rightToJudge(caller, access);
    // What is said of a moderator is for others to judge, and who has said it is not for them to know.
    const notBy = administrator ? undefined : caller.person.n;
    const found = await listReports(db, { room: access?.room.n, notBy, state, after, limit: limit + 1 });
    const rows = found.slice(0, limit);
    const seen = rows.map((row) => ({ view: viewOfJudge(caller, row.room.n, access), seq: row.seq }));
    const { texts, whole } = textsOf(rows, await messagesOf(db.$client, seen));
    return new RawJson(`{"reports":[${texts.join(",")}],"more":${found.length > limit || !whole}}`);
  }

  async handle(caller: Caller, asked: CheckedInput<"report.handle">): Promise<OutputOf<"report.handle">> {
    const { audit, clock, db } = this.#options;
    const { person } = caller;
    const row = await findReport(db, asked.report);
    const right = row === undefined ? undefined : await this.#right(caller, row.room.id);
    if (row === undefined || right === undefined) throw new ChatError("not_found", "there is no such report");
    if (right !== "server" && row.author?.n === person.n)
      throw new ChatError("permission_denied", "somebody else decides about what you have written");
    if (row.outcome !== null) throw new ChatError("bad_request", `this report is closed already: ${row.outcome}`);
    await this.#act(caller, row, asked);
    const outcome = outcomes[asked.outcome];
    const { room, seq } = row;
    const closed = await closeReports(db, { room: room.n, seq, outcome, by: person.n, at: clock.now() });
    const { note, until } = asked;
    const detail = { room: room.id, seq, outcome, right, until, note, closed };
    const target = row.author === null ? `room:${room.id}` : `user:${row.author.id}`;
    await audit.note({ actor: person.id, action: "report.handle", target, detail, address: addressOf(caller) });
    return { closed };
  }

  /** Undefined for who may not even know that there is a report. */
  async #right(caller: Caller, room: string): Promise<Right | undefined> {
    try {
      return rightToJudge(caller, await this.#options.directory.accessNow(caller.person, room));
    } catch (error) {
      if (error instanceof ChatError && errorsOfRight.has(error.code)) return undefined;
      throw error;
    }
  }

  async #act(caller: Caller, row: ReportRow, asked: CheckedInput<"report.handle">): Promise<void> {
    const { members, messages } = this.#options;
    const { note, outcome, until = 0 } = asked;
    const room = row.room.id;
    if (outcome === "keep") return;
    if (outcome === "delete") return void (await messages.delete(caller, { room, seq: row.seq }));
    if (row.author === null) throw new ChatError("message_not_found");
    const user = row.author.id;
    if (outcome === "ban") return void (await members.ban(caller, { room, user, until, reason: note }));
    if (until === 0) throw new ChatError("bad_request", "until: expected the time at which the mute ends");
    await members.mute(caller, { room, user, until });
  }
}

const errorsOfRight: ReadonlySet<string> = new Set(["room_not_found", "permission_denied"]);

/** As many as fit into one answer. What somebody has sent is passed on as it came. */
function textsOf(
  rows: readonly ReportRow[],
  messages: ReadonlyMap<string, ReportedMessage>,
): { texts: string[]; whole: boolean } {
  const texts: string[] = [];
  let bytes = 0;
  for (const { at, handled_at, handled_by, id, outcome, reason, reporter, room, seq } of rows) {
    const message = messages.get(messageKey({ room: room.n, seq }));
    bytes += message?.data.length ?? 0;
    if (bytes > page_bytes_max && texts.length > 0) return { texts, whole: false };
    const report: Report = { id, room: room.id, seq, reporter, reason, at, outcome, handled_by, handled_at };
    texts.push(`${JSON.stringify(report).slice(0, -1)},"message":${messageText(message)}}`);
  }
  return { texts, whole: true };
}

function messageText(message: ReportedMessage | undefined): string {
  if (message === undefined) return "null";
  const { data, time, user } = message;
  return `{"user":${JSON.stringify(user)},"time":${time},"data":${data}}`;
}
