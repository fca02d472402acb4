/** The drafts of a batch that are no messages: places in rooms, rooms themselves, words that are taken away. */

import { listed_members_max } from "../protocol/limits.ts";
import { judgeDeletion, judgePlace, judgeRoomChange, visibleFrom } from "./commit-rules.ts";
import type { CommitState, PlaceState, RoomState, Statements } from "./commit-state.ts";
import {
  refusal,
  type DeletionDraft,
  type Draft,
  type MarksDraft,
  type MembershipDraft,
  type MessageDraft,
  type Outcome,
  type RoomChangeDraft,
  type RoomDraft,
} from "./draft.ts";

export interface ChangeCommitOptions {
  readonly statements: Statements;
  readonly state: CommitState;
  /** Gives the room's next seq to an event. */
  readonly advance: (n: number, room: RoomState) => number;
}

export class ChangeCommit {
  readonly #options: ChangeCommitOptions;
  /** Rooms whose number of members this batch has changed. */
  readonly #counted = new Map<number, RoomState>();
  #time = 0;

  constructor(options: ChangeCommitOptions) {
    this.#options = options;
  }

  begin(time: number): void {
    this.#time = time;
    this.#counted.clear();
  }

  apply(draft: Exclude<Draft, MessageDraft | MarksDraft>): Outcome {
    switch (draft.kind) {
      case "created":
        return this.#created(draft);
      case "deleted":
        return this.#deleted(draft);
      case "changed":
      case "closed":
      case "reopened":
      case "gone":
        return this.#roomChange(draft);
      default:
        return this.#membership(draft);
    }
  }

  /** Writes down how many members the rooms of this batch have now. */
  count(): void {
    for (const [n, room] of this.#counted) this.#options.statements.counted.run([n, room.members]);
  }

  #membership(draft: MembershipDraft): Outcome {
    const { state } = this.#options;
    const room = state.room(draft.room);
    if (room === undefined) return refusal(draft.room, "room_not_found");
    const target = state.place(draft.room, draft.target);
    const actor = draft.actor === draft.target ? target : state.place(draft.room, draft.actor);
    const verdict = judgePlace(draft, { room, actor, target, now: this.#time });
    if (verdict === "repeated") {
      const seq = (target?.state === "joined" ? target.joined_seq : target?.left_seq) ?? 0;
      return { code: "repeated", seq, time: room.last_at, room: draft.room };
    }
    if (verdict !== undefined) return refusal(draft.room, verdict);
    const silent = isCounted(draft.kind) && room.members > listed_members_max;
    const seq = silent ? room.last_seq : room.last_seq + 1;
    this.#place(draft, { room, target, seq, silent });
    if (!silent) return this.#event(draft, { room, target: draft.target });
    this.#options.statements.placed.run([draft.room, draft.target, seq, this.#time]);
    return { code: "committed", seq, time: Math.max(this.#time, room.last_at), room: draft.room, silent: true };
  }

  /** Writes the place as it is from this event on. */
  #place(
    draft: MembershipDraft,
    at: { room: RoomState; target: PlaceState | null; seq: number; silent: boolean },
  ): void {
    const { room, target, seq } = at;
    const { statements, state } = this.#options;
    const key = { room: draft.room, user: draft.target };
    const until = draft.until ?? 0;
    switch (draft.kind) {
      case "joined": {
        const from = visibleFrom(room, at);
        statements.joined.run([key.room, key.user, draft.role, from, seq]);
        state.setPlace(key, { state: "joined", role: draft.role, joined_seq: seq, left_seq: 0 });
        return this.#add(draft.room, room, 1);
      }
      case "left":
      case "removed":
      case "unbanned":
        statements.left.run([key.room, key.user, seq]);
        state.setPlace(key, { state: "left", left_seq: seq });
        break;
      case "invited":
        statements.invited.run([key.room, key.user, seq, draft.actor]);
        state.setPlace(key, { state: "invited", role: "member" });
        break;
      case "banned":
        statements.banned.run([key.room, key.user, seq, until, draft.reason ?? null]);
        state.setPlace(key, { state: "banned", role: "member", left_seq: seq, banned_until: until });
        break;
      case "muted":
        statements.muted.run([key.room, key.user, until]);
        return state.setPlace(key, { muted_until: until });
      case "role":
        statements.role.run([key.room, key.user, draft.role]);
        return state.setPlace(key, { role: draft.role });
    }
    if (target?.state === "joined") this.#add(draft.room, room, -1);
  }

  #add(n: number, room: RoomState, count: number): void {
    room.members += count;
    this.#counted.set(n, room);
  }

  #event(draft: MembershipDraft | RoomChangeDraft | DeletionDraft, at: { room: RoomState; target: number }): Outcome {
    const { advance, statements } = this.#options;
    const seq = advance(draft.room, at.room);
    const time = at.room.last_at;
    statements.change.run([draft.room, seq, draft.kind, at.target, draft.actor, time, draft.data]);
    return { code: "committed", seq, time, room: draft.room };
  }

  #created(draft: RoomDraft): Outcome {
    const { statements } = this.#options;
    const { id, kind, name, history, topic = "", post = "members", invite = "members", slow_ms = 0 } = draft.room;
    const direct_key = draft.room.direct_key ?? null;
    const made = [id, kind, name, history, draft.actor, this.#time, topic, post, invite, slow_ms, direct_key];
    const written = statements.created.run(made);
    const [n, seq, time] = statements.roomByName.get([id, direct_key]) as [number, number, number];
    if (written.changes === 0) return { code: "repeated", seq, time, room: n };
    if (kind === "open") return { code: "committed", seq: 0, time: this.#time, room: n };
    const { actor, by, data } = draft;
    const who = { room: n, actor, by, target: actor, about: by, role: "owner", right: "server", data } as const;
    return this.#membership({ kind: "joined", ...who });
  }

  #roomChange(draft: RoomChangeDraft): Outcome {
    const { statements, state } = this.#options;
    const room = state.room(draft.room);
    if (room === undefined) return refusal(draft.room, "room_not_found");
    const verdict = judgeRoomChange(draft, room, state.place(draft.room, draft.actor));
    if (verdict === "repeated") return { code: "repeated", seq: room.last_seq, time: room.last_at, room: draft.room };
    if (verdict !== undefined) return refusal(draft.room, verdict);
    const { set } = draft;
    if (draft.kind === "changed") {
      const { name, topic, history, post, invite, slow_ms } = set;
      const cells = [name, topic, history, post, invite, slow_ms].map((cell) => cell ?? null);
      statements.changed.run([draft.room, ...cells]);
      room.history = history ?? room.history;
      room.post = post ?? room.post;
      room.invite = invite ?? room.invite;
      room.slow_ms = slow_ms ?? room.slow_ms;
    } else if (draft.kind === "gone") {
      statements.gone.run([draft.room, this.#time]);
      state.dropRoom(draft.room);
    } else {
      room.closed = draft.kind === "closed";
      statements.closed.run([draft.room, room.closed ? this.#time : null]);
    }
    return this.#event(draft, { room, target: 0 });
  }

  #deleted(draft: DeletionDraft): Outcome {
    const { statements, state } = this.#options;
    const room = state.room(draft.room);
    if (room === undefined) return refusal(draft.room, "room_not_found");
    const found = statements.found.get([draft.room, draft.target]) as [number, number | null] | undefined;
    const actor = state.place(draft.room, draft.actor);
    const verdict = judgeDeletion(draft, { room, actor, own: found?.[0] === draft.actor });
    if (found === undefined) return refusal(draft.room, verdict === "room_not_found" ? verdict : "message_not_found");
    if (verdict !== undefined) return refusal(draft.room, verdict);
    if (found[1] !== null) return { code: "repeated", seq: found[1], time: room.last_at, room: draft.room };
    statements.deleted.run([draft.room, draft.target, room.last_seq + 1]);
    statements.unrevised.run([draft.room, draft.target]);
    return this.#event(draft, { room, target: draft.target });
  }
}

/** Joins and leaves, which are a count in a big room; what moderators do is an event in any. */
function isCounted(kind: MembershipDraft["kind"]): boolean {
  return kind === "joined" || kind === "left";
}
