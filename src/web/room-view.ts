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
import { OutgoingList } from "./outgoing-list.ts";
import { rememberedName } from "./remembered.ts";

const page_events = 50;
/** Errors of the server do not end the page's wish for older messages: it asks again when the reader scrolls. */
const first_page_retry_ms = 1_000;

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
  /** The seq below which older messages are still to be had; undefined until the first page has come. */
  #olderBefore: number | undefined;
  #loading = false;

  constructor(options: RoomViewOptions) {
    this.#options = options;
    const { blocks, client } = options;
    const { people } = client;
    this.#log = new MessageLog({
      people,
      older: () => void this.#loadOlder(),
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
      await this.#firstPage(room, start.seq);
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
    if (event.kind === "deleted") this.#log.delete(targetOf(event));
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
    this.#olderBefore = undefined;
    this.#beginning.hidden = true;
    this.#beginning.dataset["empty"] = "no";
  }

  /** The server's data was replaced: what the page shows is no more. */
  async #startOver(room: ChatRoom): Promise<void> {
    this.#clear();
    await this.#firstPage(room, room.position?.seq ?? 0);
  }

  /** What was before the stream began. Without it the page would look empty, so it is asked for until it comes. */
  async #firstPage(room: ChatRoom, top: number): Promise<void> {
    this.#olderBefore = top + 1;
    while (this.#room === room && this.#olderBefore === top + 1 && !(await this.#loadOlder())) {
      await new Promise((resolve) => setTimeout(resolve, first_page_retry_ms));
    }
    if (this.#room === room) this.#log.toEnd();
  }

  /** Gives whether there is an answer. */
  async #loadOlder(): Promise<boolean> {
    const [room, before] = [this.#room, this.#olderBefore];
    if (room === undefined || before === undefined || before <= 1 || this.#loading) {
      if (before === 1) this.#showBeginning();
      return before === undefined || before <= 1;
    }
    this.#loading = true;
    try {
      const page = await room.history({ before: Math.min(before, this.#log.firstSeq ?? before), limit: page_events });
      if (this.#room !== room) return true;
      this.#log.prepend(page.events);
      for (const { id } of page.events) this.#outgoing.remove(id);
      this.#outgoing.regroup();
      this.#olderBefore = page.more ? (page.events[0]?.seq ?? before) : 1;
      if (!page.more) this.#showBeginning();
      return true;
    } catch (error) {
      this.#options.client.failures.tell(error);
      return false;
    } finally {
      this.#loading = false;
    }
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
