/** What is in the middle of the page: a room, or words about why there is none. */

import type { ListedRoom, Room } from "../protocol/room-operations.ts";
import { isOpenName } from "../protocol/topics.ts";
import { isAtLeast } from "../protocol/roles.ts";
import { addressOf, channelOfAddress, openNameOf } from "./address.ts";
import type { Attention } from "./attention.ts";
import { Composer } from "./composer.ts";
import { button, byId, make } from "./elements.ts";
import { MessageActs } from "./message-acts.ts";
import { PeoplePanel } from "./people-panel.ts";
import { PersonActs } from "./person-acts.ts";
import { RoomHeader } from "./room-header.ts";
import { roomName } from "./room-names.ts";
import { RoomView } from "./room-view.ts";
import { sentenceOf } from "./sentences.ts";
import { joinButton, type Beginning } from "./start-sheet.ts";
import type { PageParts } from "./page-parts.ts";
import { TypingLine } from "./typing-line.ts";

export interface StageOptions extends PageParts {
  readonly attention: Attention;
  /** Where the page goes without an address, on a server with open rooms. */
  readonly lobby: string | undefined;
  readonly start: (begin: Beginning) => void;
  /** Another room is open now, or none. */
  readonly opened: (channel: string | undefined) => void;
}

export class Stage {
  readonly #options: StageOptions;
  readonly #app = byId("app", HTMLElement);
  readonly #home = byId("home", HTMLElement);
  readonly #view: RoomView;
  readonly #header: RoomHeader;
  readonly #composer: Composer;
  readonly #panel: PeoplePanel;
  readonly #typing: TypingLine;
  #channel: string | undefined;
  /** What the open room was called last. */
  #name = "";
  #isHome = false;

  constructor(options: StageOptions) {
    this.#options = options;
    const { blocks, client, me, rooms, statuses } = options;
    const room = (): ListedRoom | undefined => rooms.get(this.#channel ?? "");
    const people = new PersonActs({ client, blocks, me, room, open: (id) => this.go(id) });
    const messages = new MessageActs({
      client,
      me,
      room,
      person: (id, anchor) => people.menu(this.#panel.known(id), anchor),
    });
    this.#panel = new PeoplePanel({ client, statuses, menu: (person, anchor) => people.menu(person, anchor) });
    this.#header = new RoomHeader({ client, me, statuses });
    this.#typing = new TypingLine({ client, isBlocked: (user) => blocks.has(user) });
    this.#composer = new Composer({
      send: (text) => {
        this.#typing.sent();
        this.#view.write(text);
      },
      writing: () => this.#typing.writing(),
    });
    this.#view = new RoomView({
      ...options,
      menu: (channel, event, anchor) => messages.menu(channel, event, anchor),
      heard: (event) => {
        this.#panel.heard(event);
        this.#typing.heard(event);
      },
      presence: (kind, user) => this.#panel.presence(kind, user),
      ended: (channel, error) => this.#ended(channel, error),
    });
    rooms.changes.add(() => this.#roomsChanged());
    client.people.changes.add(() => this.#describe());
    addEventListener("hashchange", () => this.show());
  }

  /** The channel that is open. */
  get channel(): string | undefined {
    return this.#channel;
  }

  go(channel: string): void {
    const address = addressOf(channel);
    if (location.hash === address) this.show();
    else location.hash = address;
  }

  /** Opens what the address names. */
  show(): void {
    const { lobby, rooms } = this.#options;
    const named = channelOfAddress();
    if (named !== undefined) {
      if (isOpenName(named) || rooms.loaded) return this.#open(named);
      return;
    }
    const first = lobby ?? rooms.all[0]?.id;
    if (first !== undefined) history.replaceState(null, "", addressOf(first));
    if (first !== undefined) this.#open(first);
    else if (rooms.loaded) this.#showHome("");
  }

  /** Opens the room of the address again, whatever is open. */
  again(): void {
    this.#channel = undefined;
    this.show();
  }

  #roomsChanged(): void {
    const { rooms } = this.#options;
    const channel = this.#channel;
    if (channel === undefined) {
      // Words about why there is no room stay, until the one that the address names is there.
      if (!this.#isHome || rooms.get(channelOfAddress() ?? "") !== undefined) this.show();
      return;
    }
    if (isOpenName(channel)) return;
    if (rooms.loaded && rooms.get(channel) === undefined) return this.#lost();
    this.#describe();
  }

  #open(channel: string): void {
    const { attention, opened, rooms } = this.#options;
    if (channel === this.#channel) return;
    const room = rooms.get(channel);
    if (room === undefined && !isOpenName(channel)) return void this.#look(channel);
    this.#channel = channel;
    this.#isHome = false;
    this.#home.hidden = true;
    this.#app.dataset["stage"] = "room";
    this.#describe();
    const isDirect = room?.kind === "direct";
    this.#panel.open(channel, { hasMembers: room !== undefined, isDirect });
    this.#typing.open(channel);
    attention.open(this.#name);
    this.#composer.open(this.#name);
    void this.#view.open(channel, { name: this.#name, isDirect });
    opened(channel);
  }

  /** Shows what is known of the open room. */
  #describe(): void {
    const { client, rooms } = this.#options;
    const channel = this.#channel;
    if (channel === undefined) return;
    const room = rooms.get(channel);
    this.#header.show(channel, room);
    this.#name = room === undefined ? `#${openNameOf(channel)}` : roomName(room, client.people);
    this.#view.rename(this.#name);
    this.#composer.obstacle = room === undefined ? "" : obstacleOf(room);
  }

  /** A room that one is not in: it may be one to join. */
  async #look(channel: string): Promise<void> {
    const { client, rooms } = this.#options;
    this.#leave();
    try {
      const room = await client.call("room.get", { room: channel });
      if (channelOfAddress() !== channel || this.#channel !== undefined) return;
      // One's own that the list does not have yet.
      if (room.role !== null) rooms.refresh(channel);
      else this.#showJoin(room);
    } catch (error) {
      if (channelOfAddress() === channel && this.#channel === undefined) this.#showHome(sentenceOf(error));
    }
  }

  #showJoin(room: Room): void {
    const { client, rooms } = this.#options;
    const words = room.topic === "" ? "You are not in this room yet." : room.topic;
    const joined = (): void => rooms.refresh(room.id);
    this.#fillHome(room.name, words, [joinButton({ client, room, joined })]);
  }

  /** The open room is no longer this person's. */
  #lost(): void {
    const sentence = `You are no longer in ${this.#name}.`;
    this.#leave();
    history.replaceState(null, "", "/");
    this.#showHome(sentence);
  }

  #ended(channel: string, error: Error): void {
    if (this.#channel !== channel) return;
    // Of a room with members the list knows more.
    if (!isOpenName(channel)) return this.#options.rooms.refresh(channel);
    this.#leave();
    this.#showHome(sentenceOf(error));
  }

  #leave(): void {
    this.#view.close();
    this.#panel.open("", { hasMembers: false, isDirect: false });
    this.#typing.open("");
    this.#channel = undefined;
    this.#options.attention.open("");
    this.#options.opened(undefined);
  }

  #showHome(sentence: string): void {
    const { client, me, start } = this.#options;
    const name = me.account?.name ?? client.me?.name ?? "";
    const ways = make("div", "home-ways");
    const add = (label: string, begin: Beginning): void => ways.append(button("secondary", label, () => start(begin)));
    add("Write to somebody", "person");
    add("Find a room", "room");
    add("Create a room", "create");
    this.#fillHome(sentence === "" ? `Hello, ${name}` : sentence, "Where do you want to begin?", [ways]);
  }

  #fillHome(title: string, words: string, nodes: readonly Node[]): void {
    this.#isHome = true;
    this.#app.dataset["stage"] = "home";
    this.#home.replaceChildren(make("h2", "", title), make("p", "", words), ...nodes);
    this.#home.hidden = false;
  }
}

function obstacleOf(room: ListedRoom): string {
  if (room.closed) return "This room is closed: nobody writes here any more.";
  const moderates = isAtLeast(room.role, "moderator");
  return room.post === "moderators" && !moderates ? "Only moderators write here." : "";
}
