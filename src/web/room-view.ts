/** The open room: its stream into the log, its older messages on demand, what is on its way, and how far one has read. */

import type { ChatClient } from "../sdk/chat-client.ts";
import type { ChatRoom } from "../sdk/chat-room.ts";
import type { MyRooms } from "../sdk/my-rooms.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import type { Attention } from "./attention.ts";
import type { Blocks } from "./blocks.ts";
import { byId } from "./elements.ts";
import { MessageLog } from "./message-log.ts";
import { wordsOf } from "./message-text.ts";
import { OlderPages } from "./older-pages.ts";
import { OutgoingList } from "./outgoing-list.ts";
import { rememberedName } from "./remembered.ts";

const page_events = 50;

export interface RoomViewOptions {
  readonly client: ChatClient;
  readonly rooms: MyRooms;
  readonly blocks: Blocks;
  readonly attention: Attention;
  readonly menu: (room: string, event: RoomEvent, anchor: HTMLElement) => void;
  /** What came in the open room, for what stands around its log. */
  readonly heard: (event: RoomEvent) => void;
  readonly presence: (kind: "join" | "leave", user: string) => void;
  /** The room is not there for this person, or not any more. */
  readonly ended: (channel: string, error: Error) => void;
}

export class RoomView {
  readonly #options: RoomViewOptions;
  readonly #log: MessageLog;
  readonly #outgoing: OutgoingList;
  readonly #beginning = byId("beginning", HTMLElement);
  #room: ChatRoom | undefined;
  /** As one would say it. */
  #name = "";
  #isDirect = false;
  /** Undefined until it is known where the room's stream begins. */
  #older: OlderPages | undefined;

  constructor(options: RoomViewOptions) {
    this.#options = options;
    const { blocks, client } = options;
    const { people } = client;
    this.#log = new MessageLog({
      people,
      older: () => void this.#older?.load(),
      letGo: (before) => this.#letGo(before),
      atEnd: () => this.#seen(),
      menu: (event, anchor) => options.menu(event.room, event, anchor),
      isBlocked: (user) => blocks.has(user),
    });
    this.#outgoing = new OutgoingList({
      retry: ({ id, data }) => this.#write(data, id),
      isInLog: (id, seq) => this.#log.has(id) || (this.#room?.position?.seq ?? 0) >= seq,
      changed: () => this.#log.toEnd(),
      me: () => client.me ?? { id: "", name: rememberedName() ?? "" },
      followsMine: () => client.me !== undefined && this.#log.lastWriter === client.me.id,
    });
    blocks.changes.add(() => this.#log.showBlocks());
    client.outbox.changes.add((change) => {
      if (change.message.room === this.#room?.id) this.#outgoing.change(change);
    });
    for (const type of ["visibilitychange", "focus"]) addEventListener(type, () => this.#seen(), true);
  }

  /** The channel of the open room. */
  get channel(): string | undefined {
    return this.#room?.id;
  }

  close(): void {
    this.#room?.exit();
    this.#room = undefined;
    this.#clear();
    this.#outgoing.reset([]);
  }

  /** The room is called so now. */
  rename(name: string): void {
    if (this.#name === name) return;
    this.#name = name;
    if (!this.#beginning.hidden) this.#showBeginning();
  }

  /** Shows a room. The one that was open is left. */
  async open(channel: string, { isDirect, name }: { name: string; isDirect: boolean }): Promise<void> {
    const { client, ended, presence, rooms } = this.#options;
    this.#room?.exit();
    const room = client.room(channel);
    this.#room = room;
    this.#name = name;
    this.#isDirect = isDirect;
    this.#clear();
    this.#outgoing.reset(room.waiting());
    const read = rooms.get(channel)?.read_seq;
    const seen = await room.keptPosition();
    if (this.#room !== room) return;
    try {
      const start = await room.enter(
        {
          event: (event) => this.#event(room, event),
          gap: ({ reason }) => {
            if (reason === "another_log") void this.#startOver(room);
          },
          presence: (kind, user) => {
            if (this.#room === room) presence(kind, user);
          },
          ended: (error) => {
            if (this.#room === room) ended(channel, error);
          },
        },
        { from: "now" },
      );
      if (this.#room !== room) return;
      if (!(await this.#firstPage(room, start.seq))) return;
      const last = read ?? (seen?.epoch === start.epoch ? seen.seq : undefined);
      if (last !== undefined) this.#log.markNew(last, client.me?.id);
      this.#seen();
    } catch (error) {
      // Another room was opened meanwhile, or this one is not to be had: `ended` says why.
      if (this.#room === room) client.failures.tell(error);
    }
  }

  write(text: string): void {
    this.#write({ text });
  }

  #write(data: unknown, id?: string): void {
    const room = this.#room;
    if (room === undefined) return;
    // A refusal is shown beside the message, by the outbox's change.
    room.send(data, id === undefined ? {} : { id }).catch(() => {});
  }

  #event(room: ChatRoom, event: RoomEvent): void {
    if (this.#room !== room) return;
    const { attention, blocks, client, heard } = this.#options;
    const me = client.me?.id;
    const mine = event.user === me;
    if (event.kind === "deleted") this.#delete(targetOf(event));
    this.#log.append(event, { mine });
    this.#outgoing.remove(event.id);
    if (this.#beginning.dataset["empty"] === "yes") this.#showBeginning();
    heard(event);
    this.#seen(event.seq);
    if (mine || event.kind !== "message" || blocks.has(event.user)) return;
    const who = client.people.name(event.user) ?? "Somebody";
    if (attention.message(who, wordsOf(event.data))) this.#log.markNew(event.seq - 1, me);
  }

  /** Whoever looks at the end of a room has read it; up to an event that is being handled, if one is. */
  #seen(seq = this.#room?.position?.seq): void {
    if (this.#room === undefined || seq === undefined || document.hidden || !this.#log.follows) return;
    this.#options.rooms.seen(this.#room.id, seq);
  }

  #clear(): void {
    this.#log.clear({ isDirect: this.#isDirect });
    this.#older?.end();
    this.#older = undefined;
    this.#beginning.hidden = true;
    this.#beginning.dataset["empty"] = "no";
  }

  /** The server's data was replaced: what the page shows is no more. */
  async #startOver(room: ChatRoom): Promise<void> {
    this.#clear();
    await this.#firstPage(room, room.position?.seq ?? 0);
  }

  /** Gives whether the room is still open, and was not opened anew meanwhile. */
  async #firstPage(room: ChatRoom, top: number): Promise<boolean> {
    const older = new OlderPages({
      before: top + 1,
      // After an error of the server it is asked for again when the reader scrolls.
      page: (before) => room.history({ before, limit: page_events }),
      show: (events) => this.#showOlder(events),
      failed: (error) => this.#options.client.failures.tell(error),
    });
    this.#older = older;
    await older.first();
    if (this.#older !== older) return false;
    if (older.atBeginning) this.#showBeginning();
    this.#log.toEnd();
    return true;
  }

  #showOlder(events: readonly RoomEvent[]): void {
    this.#log.prepend(events);
    for (const { id } of events) this.#outgoing.remove(id);
    this.#outgoing.regroup();
    if (this.#older?.atBeginning === true) this.#showBeginning();
  }

  #delete(seq: number): void {
    this.#log.delete(seq);
    this.#older?.deleted(seq);
  }

  #letGo(before: number): void {
    this.#older?.letGo(before);
    this.#beginning.hidden = true;
  }

  #showBeginning(): void {
    const empty = this.#log.firstSeq === undefined;
    const name = this.#name;
    this.#beginning.textContent = empty
      ? `Nobody has written in ${name} yet. Say hello.`
      : this.#isDirect
        ? `This is where you and ${name} began.`
        : `This is where ${name} begins.`;
    this.#beginning.hidden = false;
    this.#beginning.dataset["empty"] = empty ? "yes" : "no";
  }
}

function targetOf({ data }: RoomEvent): number {
  return typeof data === "object" && data !== null && "target" in data ? Number(data.target) : 0;
}
