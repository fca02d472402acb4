/** What stands above the log: the room's name, its topic, and what can be done with it. */

import type { ListedRoom } from "../protocol/room-operations.ts";
import { isAtLeast } from "../protocol/roles.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { openNameOf } from "./address.ts";
import { byId } from "./elements.ts";
import { icon } from "./icons.ts";
import { InviteSheet } from "./invite-sheet.ts";
import type { Me } from "./me.ts";
import { openMenu, type MenuItem } from "./menu.ts";
import { askFirst } from "./questions.ts";
import { roomIcon, roomName } from "./room-names.ts";
import { showSettings } from "./room-settings.ts";
import { Statuses } from "./statuses.ts";
import { showAdding } from "./adding.ts";

export interface RoomHeaderOptions {
  readonly client: ChatClient;
  readonly me: Me;
  readonly statuses: Statuses;
}

export class RoomHeader {
  readonly #options: RoomHeaderOptions;
  readonly #title = byId("room-title", HTMLElement);
  readonly #icon = byId("room-icon", HTMLElement);
  readonly #topic = byId("room-topic", HTMLElement);
  readonly #more = byId("room-more", HTMLButtonElement);
  #room: ListedRoom | undefined;

  constructor(options: RoomHeaderOptions) {
    this.#options = options;
    this.#more.append(icon("more"));
    this.#more.addEventListener("click", () => {
      if (this.#room !== undefined) openMenu(this.#more, this.#items(this.#room));
    });
    options.statuses.changes.add(() => {
      if (this.#room !== undefined) this.show(this.#room.id, this.#room);
    });
  }

  /** An open room has no more than its channel. */
  show(channel: string, room: ListedRoom | undefined): void {
    const { client, statuses } = this.#options;
    this.#room = room;
    this.#title.textContent = room === undefined ? openNameOf(channel) : roomName(room, client.people);
    this.#icon.replaceChildren(icon(roomIcon(room?.kind ?? "open")));
    const [other, ...more] = room?.people ?? [];
    const pair = other !== undefined && more.length === 0 ? statuses.of(other.id) : undefined;
    const spoken =
      pair === undefined ? "" : [Statuses.words(pair.status), pair.text].filter((part) => part !== "").join(" · ");
    const topic = room?.kind === "direct" ? spoken : (room?.topic ?? "");
    this.#topic.textContent = topic;
    this.#topic.title = topic;
    this.#topic.hidden = topic === "";
    this.#more.hidden = room === undefined;
  }

  #items(room: ListedRoom): MenuItem[] {
    const { client, me } = this.#options;
    const moderates = me.administers || isAtLeast(room.role, "moderator");
    const items: MenuItem[] = [];
    if (room.kind !== "direct") {
      if (moderates || room.invite === "members")
        items.push({ label: "Invite somebody…", run: () => showAdding({ client, room }) });
      if (moderates) {
        items.push({ label: "Invite by a link…", run: () => new InviteSheet({ client, room }) });
        items.push({ label: "Name and topic…", run: () => showSettings({ client, room }) });
      }
    }
    items.push({
      label: room.kind === "direct" ? "Leave…" : "Leave the room…",
      danger: true,
      run: () => this.#leave(room),
    });
    return items;
  }

  #leave(room: ListedRoom): void {
    const { client } = this.#options;
    const words = {
      public: "You may join again whenever you like.",
      broadcast: "You may join again whenever you like.",
      private: "You come back only by an invitation or a link.",
      direct: "It comes back when one of you writes to the other again.",
      open: "",
    };
    askFirst({
      title: `Leave ${roomName(room, client.people)}?`,
      words: words[room.kind],
      submit: "Leave",
      danger: true,
      run: () => client.leaveRoom(room.id),
    });
  }
}
