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
  /** What came while the server is being asked: it counts after the answer, too, which may be older. */
  #meanwhile: (() => void)[] | undefined;
  /** The whole list is on its way: what comes counts only after it. */
  #loading = false;
  #online = false;
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
      this.#online = status === "connected";
      if (this.#online) void this.#reload();
    });
    client.events.add((event) => this.#came(() => this.#event(event)));
    client.lines.add((news) => this.#came(() => this.#news(news)));
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
    this.#toMark(id, seq);
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

  #came(apply: () => void): void {
    if (!this.#loading) apply();
    this.#meanwhile?.push(apply);
  }

  /** The server has answered, or does not. */
  #answered(): void {
    const meanwhile = this.#meanwhile ?? [];
    this.#meanwhile = undefined;
    this.#loading = false;
    for (const apply of meanwhile) apply();
    this.refresh();
    if (this.#marks.size > 0) this.#marking.soon();
    this.#tell();
  }

  async #reload(): Promise<void> {
    const load = ++this.#load;
    this.#loading = true;
    this.#meanwhile = [];
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
      this.#failed(error, () => load === this.#load && void this.#reload());
    }
    this.#answered();
  }

  /** What the loss of a connection has ended begins anew with the next one. */
  #failed(error: unknown, again: () => void): void {
    this.#options.client.failures.tell(error);
    if (isTemporary(error)) setTimeout(() => this.#online && again(), retry_ms);
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

  /** One question at a time: what is wanted meanwhile is asked for after the answer. */
  async #askAgain(): Promise<void> {
    if (this.#meanwhile !== undefined || this.#stale.size === 0) return;
    const ids = [...this.#stale].slice(0, ids_per_call_max);
    for (const id of ids) this.#stale.delete(id);
    const load = this.#load;
    this.#meanwhile = [];
    try {
      const { rooms } = await this.#call("room.list", { rooms: ids });
      if (load !== this.#load) return;
      const found = new Set(rooms.map(({ id }) => id));
      for (const id of ids) if (!found.has(id)) this.#rooms.delete(id);
      this.#keep(rooms);
    } catch (error) {
      if (load !== this.#load) return;
      this.#failed(error, () => load === this.#load && this.refresh(...ids));
    }
    this.#answered();
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
        if (room === undefined || news.seq < room.read_seq) return;
        if (news.seq === room.read_seq && room.unread === 0) return;
        if (room.unread > 0 && news.seq < room.last_seq) return this.refresh(news.room);
        // Also where nothing is unread: what has been read elsewhere may come here after this.
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

  #toMark(room: string, seq: number): void {
    this.#marks.set(room, Math.max(seq, this.#marks.get(room) ?? 0));
  }

  #mark(): void {
    if (!this.#online) return;
    const marks = [...this.#marks];
    this.#marks.clear();
    for (const [room, seq] of marks)
      this.#call("read.mark", { room, seq }).catch((error: unknown) => {
        if (isTemporary(error)) this.#toMark(room, seq);
        this.#failed(error, () => this.#marking.soon());
      });
  }
}
