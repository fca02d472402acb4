/** What the writing thread remembers of rooms and of places in them, between batches: it is the only writer. */

import type Database from "libsql";
import type { CommitSql } from "./commit-sql.ts";
import type { JudgedPlace, JudgedRoom } from "./commit-rules.ts";

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

export type MessageCell = number | string;

export interface RoomState extends Changeable<JudgedRoom> {
  last_seq: number;
  last_at: number;
  first_seq: number;
  history: "all" | "joined";
  members: number;
  /** The last seq before this batch; what it adds is announced. */
  before: number;
  /** Messages of this batch that are not written yet, cell by cell. */
  unwritten: MessageCell[];
}

export interface PlaceState extends Changeable<JudgedPlace> {
  joined_seq: number;
  left_seq: number;
}

export type Statements = { readonly [K in keyof CommitSql]: Database.Statement };

const rooms_remembered_max = 20_000;
const places_remembered_max = 100_000;
/** Room keys and user keys are packed into one number; both stay far below 2^26. */
export const user_keys_max = 2 ** 26;

type RoomCells = [
  ...[number, number, RoomState["kind"], RoomState["history"], number, number],
  ...[RoomState["post"], RoomState["invite"], number, number],
];
type PlaceCells = [PlaceState["state"], PlaceState["role"], number, number, number, number, number | null];

export class CommitState {
  readonly #statements: Statements;
  readonly #rooms = new Map<number, RoomState>();
  readonly #places = new Map<number, PlaceState | null>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Rooms or places were written by other means. */
  forget(): void {
    this.#rooms.clear();
    this.#places.clear();
  }

  /** Before a batch: what is remembered stays within its bounds. */
  trim(): void {
    if (this.#rooms.size > rooms_remembered_max || this.#places.size > places_remembered_max) this.forget();
  }

  room(n: number): RoomState | undefined {
    const remembered = this.#rooms.get(n);
    if (remembered !== undefined) return remembered;
    const row = this.#statements.room.get([n]) as RoomCells | undefined;
    if (row === undefined) return undefined;
    const [last_seq, last_at, kind, history, closed, first_seq, post, invite, slow_ms, members] = row;
    const log = { last_seq, last_at, first_seq, before: last_seq, unwritten: [] };
    const room = { ...log, kind, history, closed: closed !== 0, post, invite, slow_ms, members };
    this.#rooms.set(n, room);
    return room;
  }

  dropRoom(n: number): void {
    this.#rooms.delete(n);
  }

  place(room: number, user: number): PlaceState | null {
    const key = room * user_keys_max + user;
    const remembered = this.#places.get(key);
    if (remembered !== undefined) return remembered;
    const row = this.#statements.member.get([room, user]) as PlaceCells | undefined;
    const place = row === undefined ? null : placeOf(row);
    this.#places.set(key, place);
    return place;
  }

  /** The place from now on: what was there, with what has changed. */
  setPlace(key: { room: number; user: number }, changed: Partial<PlaceState>): void {
    const before = this.place(key.room, key.user) ?? nowhere;
    this.#places.set(key.room * user_keys_max + key.user, { ...before, ...changed });
  }
}

const nowhere: PlaceState = {
  state: "left",
  role: "member",
  muted_until: 0,
  banned_until: 0,
  last_sent_at: 0,
  joined_seq: 0,
  left_seq: 0,
};

function placeOf([state, role, muted_until, banned_until, last_sent_at, joined_seq, left_seq]: PlaceCells): PlaceState {
  return { state, role, muted_until, banned_until, last_sent_at, joined_seq, left_seq: left_seq ?? 0 };
}
