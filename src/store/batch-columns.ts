/**
 * A batch as columns, for the way between the threads: cloning a few long arrays costs a third of cloning as many
 * objects as there are messages.
 */

import type { Draft, MessageDraft, Outcome, OutcomeCode } from "./draft.ts";

export interface DraftColumns {
  readonly rooms: number[];
  readonly actors: number[];
  readonly ids: string[];
  readonly datas: string[];
  /** Drafts that are no messages, with their places in the batch; rising. */
  readonly others: { readonly at: number; readonly draft: Exclude<Draft, MessageDraft> }[];
}

/** With who sent each message, which matters to the publish only. */
export interface SentColumns extends DraftColumns {
  readonly bys: string[];
}

export interface OutcomeColumns {
  /** A message that was committed, as nearly all are, has no entry in `others`. */
  readonly seqs: number[];
  readonly times: number[];
  readonly others: { readonly at: number; readonly outcome: Outcome }[];
}

const committed: OutcomeCode = "committed";

export function toColumns(drafts: readonly Draft[]): DraftColumns {
  const columns: DraftColumns = { rooms: [], actors: [], ids: [], datas: [], others: [] };
  for (let at = 0; at < drafts.length; at++) {
    const draft = drafts[at] as Draft;
    if (draft.kind === "message") {
      columns.rooms.push(draft.room);
      columns.actors.push(draft.actor);
      columns.ids.push(draft.id);
      columns.datas.push(draft.data);
    } else columns.others.push({ at, draft });
  }
  return columns;
}

export function toSentColumns(drafts: readonly Draft[]): SentColumns {
  const bys: string[] = [];
  for (const draft of drafts) if (draft.kind === "message") bys.push(draft.by);
  return { ...toColumns(drafts), bys };
}

/** Without `bys` nobody is named as the sender of a message. */
export function fromColumns(columns: DraftColumns, bys?: readonly string[]): Draft[] {
  const { rooms, actors, ids, datas, others } = columns;
  const drafts: Draft[] = [];
  let other = 0;
  let message = 0;
  while (drafts.length < rooms.length + others.length) {
    const next = others[other];
    if (next !== undefined && next.at === drafts.length) {
      drafts.push(next.draft);
      other++;
      continue;
    }
    const [room, actor] = [rooms[message] as number, actors[message] as number];
    const by = bys?.[message] ?? "";
    drafts.push({ kind: "message", room, actor, by, id: ids[message] as string, data: datas[message] as string });
    message++;
  }
  return drafts;
}

export function outcomesToColumns(drafts: readonly Draft[], outcomes: readonly Outcome[]): OutcomeColumns {
  const columns: OutcomeColumns = { seqs: [], times: [], others: [] };
  for (let at = 0; at < outcomes.length; at++) {
    const outcome = outcomes[at] as Outcome;
    columns.seqs.push(outcome.seq);
    columns.times.push(outcome.time);
    if (outcome.code !== committed || (drafts[at] as Draft).kind !== "message") columns.others.push({ at, outcome });
  }
  return columns;
}

export function outcomesFromColumns(drafts: readonly Draft[], columns: OutcomeColumns): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < drafts.length; at++) {
    const draft = drafts[at] as Draft;
    const room = draft.kind === "created" ? 0 : draft.room;
    outcomes.push({ code: committed, seq: columns.seqs[at] as number, time: columns.times[at] as number, room });
  }
  for (const { at, outcome } of columns.others) outcomes[at] = outcome;
  return outcomes;
}
