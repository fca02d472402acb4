/**
 * The rooms of the person with what is unread in them, kept right by what comes live: a list for a page's side. Counts are
 * the server's at each connect, and move from there by events; where an event is not enough, the room is asked for again.
 */

import { ids_per_call_max, unread_max } from "../protocol/limits.ts";
import type { LineNews } from "../protocol/passing.ts";
import type { ListedRoom, Room } from "../protocol/room-operations.ts";
import type { Call } from "./call.ts";
import type { ChatClient } from "./chat-client.ts";
import { isTemporary } from "./failures.ts";
import { Gathering } from "./gathering.ts";
import { Listeners } from "./listeners.ts";
import type { RoomEvent } from "./room-event.ts";

const rooms_max = 500;
/** Rooms that are asked for again go together. */
const refresh_ms = 80;
const retry_ms = 2_000;
/** Who scrolls through a room says once in a while how far they are. */
const mark_ms = 400;
const everybody = ["all", "room"];

export interface MyRoomsOptions {
  readonly client: Pick<ChatClient, "call" | "events" | "failures" | "lines" | "me" | "people" | "states">;
  /** Whose messages are no news. */
  readonly isBlocked?: (user: string) => boolean;
}

export class MyRooms {
  /** The list is another one. */
  readonly changes = new Listeners<undefined>();
  readonly #options: MyRoomsOptions;
  readonly #call: Call;
  readonly #rooms = new Map<string, ListedRoom>();
  readonly #invitations = new Map<string, Room>();
  readonly #stale = new Set<string>();
  readonly #marks = new Map<string, number>();
  /** What came while the list was on its way. */
  #held: RoomEvent[] | undefined;
  #loaded = false;
  readonly #refreshing = new Gathering(refresh_ms, () => void this.#askAgain());
  readonly #marking = new Gathering(mark_ms, () => this.#mark());
  /** Rises with each load: an older answer is void. */
  #load = 0;

  constructor(options: MyRoomsOptions) {
    this.#options = options;
    const { client } = options;
    this.#call = client.call;
    client.states.add(({ status }) => {
      if (status === "connected") void this.#reload();
    });
    client.events.add((event) => {
      if (this.#held === undefined) this.#event(event);
      else this.#held.push(event);
    });
    client.lines.add((news) => this.#news(news));
  }

  /** Whether the list has come at least once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** The most recently active first. */
  get all(): ListedRoom[] {
    return [...this.#rooms.values()].sort((one, other) => other.last_at - one.last_at || (one.id < other.id ? -1 : 1));
  }

  /** Rooms that the person was asked into. */
  get invitations(): Room[] {
    return [...this.#invitations.values()];
  }

  get(id: string): ListedRoom | undefined {
    return this.#rooms.get(id);
  }

  /** The person has seen all up to here. */
  seen(id: string, seq: number): void {
    const room = this.#rooms.get(id);
    if (room === undefined || (seq <= room.read_seq && room.unread === 0)) return;
    const isAll = seq >= room.last_seq;
    this.#rooms.set(id, {
      ...room,
      read_seq: Math.max(seq, room.read_seq),
      ...(isAll ? { unread: 0, mentions: 0 } : {}),
    });
    if (isAll) this.#tell();
    this.#marks.set(id, seq);
    this.#marking.soon();
  }

  /** Asks for rooms again whose place in the list may have changed. */
  refresh(...ids: string[]): void {
    for (const id of ids) this.#stale.add(id);
    if (this.#stale.size > 0) this.#refreshing.soon();
  }

  forgetInvitation(id: string): void {
    if (this.#invitations.delete(id)) this.#tell();
  }

  #tell(): void {
    this.changes.tell(undefined);
  }

  async #reload(): Promise<void> {
    const load = ++this.#load;
    this.#held = [];
    try {
      const [{ rooms }, invited] = await Promise.all([
        this.#call("room.list", { limit: rooms_max }),
        this.#call("room.list", { scope: "invited" }),
      ]);
      if (load !== this.#load) return;
      this.#rooms.clear();
      this.#invitations.clear();
      for (const room of invited.rooms) this.#invitations.set(room.id, room);
      this.#keep(rooms);
      this.#loaded = true;
    } catch (error) {
      if (load !== this.#load) return;
      this.#options.client.failures.tell(error);
      if (isTemporary(error)) setTimeout(() => load === this.#load && void this.#reload(), retry_ms);
    }
    const held = this.#held;
    this.#held = undefined;
    for (const event of held) this.#event(event);
    this.#tell();
  }

  #keep(rooms: readonly ListedRoom[]): void {
    for (const room of rooms) {
      const last_seq = Math.max(room.last_seq, room.last_message?.seq ?? 0);
      this.#rooms.set(room.id, { ...room, last_seq });
      this.#invitations.delete(room.id);
      this.#options.client.people.learn([
        ...room.people,
        ...(room.last_message === null ? [] : [room.last_message.user]),
      ]);
    }
  }

  async #askAgain(): Promise<void> {
    const ids = [...this.#stale].slice(0, ids_per_call_max);
    for (const id of ids) this.#stale.delete(id);
    if (this.#stale.size > 0) this.refresh();
    const load = this.#load;
    try {
      const { rooms } = await this.#call("room.list", { rooms: ids });
      if (load !== this.#load) return;
      const found = new Set(rooms.map(({ id }) => id));
      for (const id of ids) if (!found.has(id)) this.#rooms.delete(id);
      this.#keep(rooms);
      this.#tell();
    } catch (error) {
      // The next connect asks for everything.
      this.#options.client.failures.tell(error);
    }
  }

  #event(event: RoomEvent): void {
    const room = this.#rooms.get(event.room);
    if (room === undefined || event.seq <= room.last_seq) return;
    const isMessage = event.kind === "message";
    const moved = { ...room, last_seq: event.seq, last_at: event.time.getTime() };
    this.#rooms.set(room.id, isMessage ? this.#withMessage(moved, event) : moved);
    if (!isMessage) this.refresh(room.id);
    this.#tell();
  }

  #withMessage(room: ListedRoom, event: RoomEvent): ListedRoom {
    const { client, isBlocked } = this.#options;
    const me = client.me?.id ?? "";
    if (isBlocked?.(event.user) === true) return room;
    const { text, mentions } = (event.data ?? {}) as { text?: unknown; mentions?: unknown };
    const user = { id: event.user, name: client.people.name(event.user) ?? "" };
    const last_message = {
      seq: event.seq,
      time: event.time.getTime(),
      user,
      text: typeof text === "string" ? text : null,
    };
    // Writing moves one's own mark.
    if (event.user === me) return { ...room, last_message, unread: 0, mentions: 0, read_seq: event.seq };
    if (event.seq <= room.read_seq) return { ...room, last_message };
    const isMentioned =
      Array.isArray(mentions) && mentions.some((one) => one === me || everybody.includes(String(one)));
    return {
      ...room,
      last_message,
      unread: Math.min(unread_max, room.unread + 1),
      mentions: Math.min(unread_max, room.mentions + (isMentioned ? 1 : 0)),
    };
  }

  #news(news: LineNews): void {
    switch (news.type) {
      case "joined":
      case "room":
        return this.refresh(news.room);
      case "invited":
        return void this.#invited(news.room);
      case "left":
        this.#rooms.delete(news.room);
        this.#invitations.delete(news.room);
        return this.#tell();
      case "read": {
        const room = this.#rooms.get(news.room);
        if (room === undefined || news.seq < room.read_seq || room.unread === 0) return;
        if (news.seq < room.last_seq) return this.refresh(news.room);
        this.#rooms.set(room.id, { ...room, unread: 0, mentions: 0, read_seq: news.seq });
        return this.#tell();
      }
    }
  }

  async #invited(id: string): Promise<void> {
    try {
      const room = await this.#call("room.get", { room: id });
      if (room.role !== null) return;
      this.#invitations.set(id, room);
      this.#tell();
    } catch (error) {
      this.#options.client.failures.tell(error);
    }
  }

  #mark(): void {
    for (const [room, seq] of this.#marks)
      this.#call("read.mark", { room, seq }).catch((error: unknown) => this.#options.client.failures.tell(error));
    this.#marks.clear();
  }
}
