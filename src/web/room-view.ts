/** The open room: its stream into the log, its older messages on demand, who is here, what is on its way. */

import type { ChatClient } from "../sdk/chat-client.ts";
import type { ChatRoom } from "../sdk/chat-room.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { Attention } from "./attention.ts";
import { byId } from "./elements.ts";
import { MessageLog } from "./message-log.ts";
import { wordsOf } from "./message-text.ts";
import { OutgoingList } from "./outgoing-list.ts";
import { PeoplePanel } from "./people-panel.ts";
import { rememberedName } from "./remembered.ts";

const page_events = 50;
/** Errors of the server do not end the page's wish for older messages: it asks again when the reader scrolls. */
const first_page_retry_ms = 1_000;

export class RoomView {
  readonly #client: ChatClient;
  readonly #log: MessageLog;
  readonly #outgoing: OutgoingList;
  readonly #panel: PeoplePanel;
  readonly #attention = new Attention();
  readonly #beginning = byId("beginning", HTMLElement);
  #room: ChatRoom | undefined;
  #name = "";
  /** The seq below which older messages are still to be had; undefined until the first page has come. */
  #olderBefore: number | undefined;
  #loading = false;

  constructor(client: ChatClient) {
    this.#client = client;
    const { people } = client;
    this.#log = new MessageLog({ people, older: () => void this.#loadOlder() });
    this.#panel = new PeoplePanel({ people, me: () => client.me?.id });
    this.#outgoing = new OutgoingList({
      retry: ({ id, data }) => this.#write(data, id),
      isInLog: (id, seq) => this.#log.has(id) || (this.#room?.position?.seq ?? 0) >= seq,
      changed: () => this.#log.toEnd(),
      me: () => client.me ?? { id: "", name: rememberedName() ?? "" },
      followsMine: () => client.me !== undefined && this.#log.lastWriter === client.me.id,
    });
    client.outbox.changes.add((change) => {
      if (change.message.room === this.#room?.id) this.#outgoing.change(change);
    });
    client.states.add(({ status }) => {
      if (status === "connected") void this.#refreshPeople();
    });
  }

  /** Shows a room by its name. The one that was open is left. */
  async open(name: string): Promise<void> {
    this.#room?.exit();
    const room = this.#client.room(`open:${name}`);
    this.#room = room;
    this.#name = name;
    byId("room-title", HTMLElement).textContent = name;
    this.#attention.open(name);
    this.#panel.set([], 0);
    this.#clear();
    this.#outgoing.reset(room.waiting());
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
            if (this.#room !== room) return;
            if (kind === "join") this.#panel.joined(user);
            else this.#panel.left(user);
          },
          ended: (error) => this.#sayBeginning(error.message),
        },
        { from: "now" },
      );
      if (this.#room !== room) return;
      void this.#refreshPeople();
      await this.#firstPage(room, start.seq);
      if (seen !== undefined && seen.epoch === start.epoch) this.#log.markNew(seen.seq, this.#client.me?.id);
    } catch (error) {
      // Another room was opened meanwhile, or this one is not to be had: `ended` says why.
      if (this.#room === room) this.#client.failures.tell(error);
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
    const me = this.#client.me?.id;
    const mine = event.user === me;
    this.#log.append(event, { mine });
    this.#outgoing.remove(event.id);
    if (this.#beginning.dataset["empty"] === "yes") this.#showBeginning();
    if (mine || event.kind !== "message") return;
    const who = this.#client.people.name(event.user) ?? "Somebody";
    if (this.#attention.message(who, wordsOf(event.data))) this.#log.markNew(event.seq - 1, me);
  }

  #clear(): void {
    this.#log.clear();
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
      this.#client.failures.tell(error);
      return false;
    } finally {
      this.#loading = false;
    }
  }

  #showBeginning(): void {
    const empty = this.#log.firstSeq === undefined;
    this.#sayBeginning(
      empty ? `Nobody has written in #${this.#name} yet. Say hello.` : `This is where #${this.#name} begins.`,
    );
    this.#beginning.dataset["empty"] = empty ? "yes" : "no";
  }

  #sayBeginning(text: string): void {
    this.#beginning.textContent = text;
    this.#beginning.hidden = false;
  }

  async #refreshPeople(): Promise<void> {
    const room = this.#room;
    if (room === undefined) return;
    try {
      const { users, count } = await room.presence();
      if (this.#room === room) this.#panel.set(users, count);
    } catch (error) {
      // The next connect asks again; joins and leaves come meanwhile.
      this.#client.failures.tell(error);
    }
  }
}
