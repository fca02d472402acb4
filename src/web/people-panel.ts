/** The people of the open room: of one with members all of them, those who are here first; of an open one who is here. */

import { roomRank, type RoomRole } from "../protocol/roles.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { Gathering } from "../sdk/gathering.ts";
import type { RoomEvent } from "../sdk/room-event.ts";
import { isMemberKind } from "../protocol/events.ts";
import { avatar, button, byId, make, redraw } from "./elements.ts";
import { icon } from "./icons.ts";
import { countWords } from "./room-names.ts";
import type { Statuses } from "./statuses.ts";

const names = new Intl.Collator(undefined, { sensitivity: "base" });
const page_people = 100;
/** Many who come at once are asked for once. */
const refresh_ms = 150;

/** Somebody as the panel shows them; without a role where the room has no members. */
export interface PersonHere {
  readonly id: string;
  readonly name: string;
  readonly role: RoomRole | undefined;
  readonly muted_until: number;
  readonly online: boolean;
}

export interface PeoplePanelOptions {
  readonly client: ChatClient;
  readonly statuses: Statuses;
  /** What can be done with somebody; undefined for nothing. */
  readonly menu: (person: PersonHere, anchor: HTMLElement) => void;
}

export class PeoplePanel {
  readonly #options: PeoplePanelOptions;
  readonly #list = byId("present", HTMLUListElement);
  readonly #title = byId("people-title", HTMLElement);
  readonly #count = byId("people-count", HTMLElement);
  readonly #people = new Map<string, PersonHere>();
  #channel = "";
  #hasMembers = false;
  #isDirect = false;
  /** How many there are, listed or not. */
  #total = 0;
  #next: string | null = null;
  readonly #refreshing = new Gathering(refresh_ms, () => void this.#load());

  constructor(options: PeoplePanelOptions) {
    this.#options = options;
    options.client.people.changes.add(() => this.#draw());
    options.statuses.changes.add(() => this.#draw());
    options.client.states.add(({ status }) => {
      if (status === "connected") this.#refresh();
    });
  }

  /** `isDirect`: everybody in it is alike. */
  open(channel: string, { hasMembers, isDirect }: { hasMembers: boolean; isDirect: boolean }): void {
    this.#channel = channel;
    this.#isDirect = isDirect;
    this.#hasMembers = hasMembers;
    this.#people.clear();
    this.#total = 0;
    this.#next = null;
    this.#draw();
    if (channel !== "") void this.#load();
  }

  /** Somebody as they are known here, by whatever they have done in the room. */
  known(id: string): PersonHere {
    const name = this.#options.client.people.name(id) ?? "somebody";
    return this.#people.get(id) ?? { id, name, role: undefined, muted_until: 0, online: true };
  }

  /** Somebody's place may have changed by this. */
  heard({ kind }: RoomEvent): void {
    if (isMemberKind(kind)) this.#refresh();
  }

  presence(kind: "join" | "leave", user: string): void {
    const { people } = this.#options.client;
    // They may have come back under another name.
    if (kind === "join") people.refresh(user);
    const known = this.#people.get(user);
    if (this.#hasMembers) {
      if (known === undefined) return this.#refresh();
      this.#people.set(user, { ...known, online: kind === "join" });
    } else if (kind === "leave") this.#people.delete(user);
    else
      this.#people.set(user, {
        id: user,
        name: people.name(user) ?? "…",
        role: undefined,
        muted_until: 0,
        online: true,
      });
    if (!this.#hasMembers)
      this.#total = Math.max(this.#total + (kind === "join" ? (known ? 0 : 1) : known ? -1 : 0), 0);
    this.#draw();
  }

  #refresh(): void {
    if (this.#channel !== "") this.#refreshing.soon();
  }

  /** The beginning of the list, or what comes after it. */
  async #load(after?: string): Promise<void> {
    const { client } = this.#options;
    const channel = this.#channel;
    if (channel === "") return;
    try {
      const found = this.#hasMembers ? await this.#members(channel, after) : await this.#present(channel);
      if (this.#channel !== channel) return;
      if (after === undefined) this.#people.clear();
      for (const person of found) this.#people.set(person.id, person);
      this.#draw();
    } catch (error) {
      // The next connect asks again; joins and leaves come meanwhile.
      client.failures.tell(error);
    }
  }

  async #members(room: string, after: string | undefined): Promise<PersonHere[]> {
    const { client } = this.#options;
    const page = await client.call("member.list", {
      room,
      limit: page_people,
      ...(after === undefined ? {} : { after }),
    });
    client.people.learn(page.members.map(({ user }) => user));
    if (this.#channel === room) {
      this.#total = page.count;
      this.#next = page.next;
    }
    return page.members.map(({ user, role, muted_until, online }) => ({ ...user, role, muted_until, online }));
  }

  async #present(channel: string): Promise<PersonHere[]> {
    const { users, count } = await this.#options.client.room(channel).presence();
    if (this.#channel === channel) this.#total = count;
    return users.map((user) => ({ ...user, role: undefined, muted_until: 0, online: true }));
  }

  #draw(): void {
    const { client } = this.#options;
    const me = client.me?.id;
    const people = [...this.#people.values()]
      .map((person) => ({ ...person, name: client.people.name(person.id) ?? person.name }))
      .sort(
        (one, other) =>
          Number(other.id === me) - Number(one.id === me) ||
          Number(other.online) - Number(one.online) ||
          roomRank(other.role) - roomRank(one.role) ||
          names.compare(one.name, other.name),
      );
    redraw(
      this.#list,
      people.map((person) => this.#item(person, person.id === me)),
    );
    const more = this.#total - people.length;
    const last = people.at(-1)?.id;
    if (more > 0 && this.#next !== null && last !== undefined) {
      const [next, words] = [this.#next, `Show more (${more})`];
      this.#list.append(
        make(
          "li",
          "person more",
          button("plain", words, () => void this.#load(next)),
        ),
      );
    } else if (more > 0)
      this.#list.append(make("li", "person more", people.length === 0 ? `${more} people` : `and ${more} more`));
    this.#title.textContent = this.#titleWords();
    this.#count.textContent = countWords(Math.max(this.#total, people.length), 99_999);
  }

  #titleWords(): string {
    if (this.#isDirect) return "In this conversation";
    return this.#hasMembers ? `Members · ${this.#total}` : "Here now";
  }

  #item(person: PersonHere, isMe: boolean): HTMLElement {
    const { menu, statuses } = this.#options;
    const picture = make("span", "pictured", avatar(person));
    const item = make("li", "person", picture, make("span", "name", person.name));
    if (this.#hasMembers) {
      picture.append(statuses.dot(person.id));
      item.classList.toggle("offline", !person.online);
    }
    if (isMe) item.append(make("span", "you", "you"));
    else if (person.muted_until > Date.now()) item.append(make("span", "you", "muted"));
    else if (!this.#isDirect && (person.role === "owner" || person.role === "moderator"))
      item.append(make("span", "you", person.role));
    if (isMe) return item;
    const more = button("more-button", "", () => menu(person, more));
    more.append(icon("more"));
    more.dataset["key"] = person.id;
    more.ariaLabel = `More about ${person.name}`;
    more.ariaHasPopup = "menu";
    item.append(more);
    return item;
  }
}
