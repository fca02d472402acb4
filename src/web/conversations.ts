/** One's rooms and direct conversations, the most recently active first; above them what one was asked into. */

import type { ListedRoom, Room } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { Gathering } from "../sdk/gathering.ts";
import type { MyRooms } from "../sdk/my-rooms.ts";
import { addressOf } from "./address.ts";
import { avatar, byId, make, redraw } from "./elements.ts";
import { act, problemLine } from "./forms.ts";
import { icon } from "./icons.ts";
import { countWords, roomIcon, roomName } from "./room-names.ts";
import type { Statuses } from "./statuses.ts";
import { shortTime } from "./times.ts";

/** A busy room moves the list a hundred times a second: nobody can read that. */
const draw_ms = 50;

export interface ConversationsOptions {
  readonly client: ChatClient;
  readonly rooms: MyRooms;
  readonly statuses: Statuses;
  /** The channel that is open. */
  readonly current: () => string | undefined;
  readonly accepted: (room: string) => void;
}

export class Conversations {
  readonly #options: ConversationsOptions;
  readonly #list = byId("conversations", HTMLUListElement);
  readonly #invitations = byId("invitations", HTMLUListElement);
  readonly #part = byId("invitations-part", HTMLElement);
  readonly #none = byId("no-conversations", HTMLElement);
  readonly #drawing = new Gathering(draw_ms, () => this.#draw());

  constructor(options: ConversationsOptions) {
    this.#options = options;
    const { client, rooms, statuses } = options;
    for (const source of [rooms.changes, statuses.changes]) source.add(() => this.draw());
    client.people.changes.add(() => this.draw());
  }

  draw(): void {
    this.#drawing.soon();
  }

  #draw(): void {
    const { rooms } = this.#options;
    redraw(
      this.#list,
      rooms.all.map((room) => this.#item(room)),
    );
    this.#none.hidden = !rooms.loaded || rooms.all.length > 0 || rooms.invitations.length > 0;
    const invitations = rooms.invitations;
    this.#part.hidden = invitations.length === 0;
    const shown = [...this.#invitations.children].map((item) => (item as HTMLElement).dataset["key"]);
    // What is being answered is not drawn anew under the finger.
    if (shown.join() !== invitations.map(({ id }) => id).join())
      this.#invitations.replaceChildren(...invitations.map((room) => this.#invitation(room)));
  }

  #item(room: ListedRoom): HTMLElement {
    const { client, current, statuses } = this.#options;
    const name = roomName(room, client.people);
    const link = make("a", "conversation");
    link.href = addressOf(room.id);
    link.dataset["key"] = room.id;
    if (room.id === current()) link.ariaCurrent = "page";
    const [other] = room.people;
    const isPair = room.kind === "direct" && room.people.length === 1 && other !== undefined;
    const picture = make("span", "pictured", isPair ? avatar({ id: other.id, name }) : tile(room));
    if (isPair) picture.append(statuses.dot(other.id));
    const title = make("span", "conversation-name", name);
    title.dir = "auto";
    const time = make("span", "conversation-time", shortTime(new Date(room.last_at)));
    const last = make("span", "conversation-last", ...this.#last(room));
    const badge = badgeOf(room);
    link.append(
      picture,
      make("span", "conversation-words", title, time, last, ...(badge === undefined ? [] : [badge])),
    );
    link.classList.toggle("unread", room.unread > 0);
    return make("li", "", link);
  }

  #last({ kind, last_message, topic }: ListedRoom): (Node | string)[] {
    const { client } = this.#options;
    if (last_message === null) return [topic === "" ? "Nobody has written yet" : topic];
    const { text, user } = last_message;
    const said = text ?? "…";
    if (user.id === client.me?.id) return [`You: ${said}`];
    return [kind === "direct" ? said : `${client.people.name(user.id) ?? user.name}: ${said}`];
  }

  #invitation(room: Room): HTMLElement {
    const { accepted, client, rooms } = this.#options;
    const problem = problemLine();
    const accept = act({
      label: "Join",
      className: "small primary",
      problem,
      run: async () => {
        await client.joinRoom(room.id);
        rooms.forgetInvitation(room.id);
        accepted(room.id);
      },
    });
    const decline = act({
      label: "Decline",
      className: "small secondary",
      problem,
      run: async () => {
        await client.leaveRoom(room.id);
        rooms.forgetInvitation(room.id);
      },
    });
    const item = make(
      "li",
      "invitation",
      tile(room),
      make("span", "conversation-name", room.name),
      accept,
      decline,
      problem,
    );
    item.dataset["key"] = room.id;
    return item;
  }
}

export function tile({ id, kind }: Pick<Room, "id" | "kind">): HTMLElement {
  // The same colours as people have, by the room.
  const element = avatar({ id, name: "" });
  element.classList.add("tile");
  element.replaceChildren(icon(roomIcon(kind)));
  return element;
}

function badgeOf({ mentions, unread }: ListedRoom): HTMLElement | undefined {
  if (unread === 0) return undefined;
  const words = mentions > 0 ? `, ${mentions} for you` : "";
  const badge = make("span", "badge", countWords(unread), make("span", "hidden", ` unread${words}`));
  if (mentions > 0) {
    badge.classList.add("for-me");
    badge.prepend("@ ");
  }
  return badge;
}
