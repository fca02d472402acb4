/** What can be done with somebody: write to them, hear no more of them, and, as a moderator, keep order. */

import { reason_chars_max } from "../protocol/limits.ts";
import type { ListedRoom } from "../protocol/room-operations.ts";
import { roomRank, type RoomRole } from "../protocol/roles.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import type { Blocks } from "./blocks.ts";
import type { Me } from "./me.ts";
import { openMenu, type MenuItem } from "./menu.ts";
import type { PersonHere } from "./people-panel.ts";
import { askFirst, tell } from "./questions.ts";
import { sentenceOf } from "./sentences.ts";

const mute_ms = 60 * 60_000;

export interface PersonActsOptions {
  readonly client: ChatClient;
  readonly blocks: Blocks;
  readonly me: Me;
  /** The open room, where it has members. */
  readonly room: () => ListedRoom | undefined;
  readonly open: (room: string) => void;
}

type Acts = Pick<PersonActsOptions, "client">;

export class PersonActs {
  readonly #options: PersonActsOptions;

  constructor(options: PersonActsOptions) {
    this.#options = options;
  }

  menu(person: PersonHere, anchor: HTMLElement): void {
    const room = this.#options.room();
    const items = [this.#write(person), ...this.#moderation(person, room), this.#block(person)];
    openMenu(anchor, items);
  }

  #write({ id, name }: PersonHere): MenuItem {
    const { client, open } = this.#options;
    const run = async (): Promise<void> => open((await client.call("room.direct", { users: [id] })).id);
    return { label: `Write to ${name}`, run: () => void told(run()) };
  }

  #block({ id, name }: PersonHere): MenuItem {
    const { blocks } = this.#options;
    if (blocks.has(id))
      return { label: "Unblock", run: () => void told(blocks.unblock(id), `You hear of ${name} again.`) };
    const run = (): void =>
      askFirst({
        title: `Block ${name}?`,
        words: "You see nothing of what they write, and they cannot write to you alone. They are not told.",
        submit: "Block",
        danger: true,
        run: () => blocks.block(id),
      });
    return { label: "Block…", run, danger: true };
  }

  #moderation(person: PersonHere, room: ListedRoom | undefined): MenuItem[] {
    const { me } = this.#options;
    if (room === undefined || room.kind === "direct" || person.role === undefined) return [];
    const mine = me.administers ? Number.POSITIVE_INFINITY : roomRank(room.role);
    const above = mine >= roomRank("moderator") && mine > roomRank(person.role);
    const items: MenuItem[] = [];
    if (mine >= roomRank("owner") && person.role !== "owner") items.push(this.#role(room.id, person));
    if (above) items.push(this.#mute(room.id, person), this.#remove(room, person), this.#ban(room, person));
    return items;
  }

  #role(room: string, { id, name, role }: PersonHere): MenuItem {
    const next: RoomRole = role === "moderator" ? "member" : "moderator";
    const label = next === "moderator" ? "Make moderator" : "Make an ordinary member";
    const { client } = this.#options;
    const done = `${name} is ${next === "moderator" ? "a moderator" : "an ordinary member"} now.`;
    return { label, run: () => void told(client.call("member.role", { room, user: id, role: next }), done) };
  }

  #mute(room: string, { id, muted_until, name }: PersonHere): MenuItem {
    const { client } = this.#options;
    const muted = muted_until > Date.now();
    const label = muted ? "Let write again" : "Mute for an hour";
    const done = muted ? `${name} may write again.` : `${name} may not write here for an hour.`;
    const run = (): Promise<unknown> =>
      client.call("member.mute", { room, user: id, until: muted ? 0 : Date.now() + mute_ms });
    return { label, run: () => void told(run(), done) };
  }

  #remove(room: ListedRoom, person: PersonHere): MenuItem {
    const run = (): void =>
      askFirst({
        title: `Remove ${person.name}?`,
        words: `They are out of ${room.name} at once, and may come back as anybody may.`,
        submit: "Remove",
        danger: true,
        run: async () => void (await this.#options.client.call("member.remove", { room: room.id, user: person.id })),
      });
    return { label: "Remove from the room…", run, danger: true };
  }

  #ban(room: ListedRoom, person: PersonHere): MenuItem {
    return {
      label: "Ban…",
      danger: true,
      run: () => askBan(this.#options, { room, user: person.id, name: person.name }),
    };
  }
}

function askBan({ client }: Acts, asked: { room: ListedRoom; user: string; name: string }): void {
  const { name, room, user } = asked;
  askFirst({
    title: `Ban ${name}?`,
    words: `They are out of ${room.name} at once and cannot come back. The reason is for moderators.`,
    submit: "Ban",
    danger: true,
    field: { label: "Reason (optional)", name: "reason", optional: true, maxLength: reason_chars_max },
    run: async ({ reason = "" }) => {
      await client.call("member.ban", { room: room.id, user, ...(reason.trim() === "" ? {} : { reason }) });
    },
  });
}

/** Says how it went. */
export async function told(doing: Promise<unknown>, done?: string): Promise<void> {
  try {
    await doing;
    if (done !== undefined) tell(done);
  } catch (error) {
    tell(sentenceOf(error), "problem");
  }
}
