/** Something new: write to somebody, find a room, make one. */

import { room_name_chars_max, room_topic_chars_max } from "../protocol/limits.ts";
import type { Room } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { button, make } from "./elements.ts";
import { act, form, problemLine } from "./forms.ts";
import { Finder } from "./finder.ts";
import { peopleFinder } from "./people-finder.ts";
import { countWords } from "./room-names.ts";
import { Sheet } from "./sheet.ts";
import { tile } from "./conversations.ts";

export type Beginning = "person" | "room" | "create";

const ways: readonly (readonly [Beginning, string])[] = [
  ["person", "Find people"],
  ["room", "Find rooms"],
  ["create", "New room"],
];
const kinds = [
  ["public", "Public", "Everybody here may find it, join and read it."],
  ["private", "Private", "Only who is invited, or has a link, comes in."],
  ["broadcast", "Broadcast", "Everybody may join and read; moderators write."],
] as const;

export interface StartSheetOptions {
  readonly client: ChatClient;
  readonly begin: Beginning;
  /** The room to open now. */
  readonly open: (room: string) => void;
}

export class StartSheet {
  readonly #options: StartSheetOptions;
  readonly #sheet = new Sheet({ title: "New conversation", className: "start" });

  constructor(options: StartSheetOptions) {
    this.#options = options;
    this.#show(options.begin);
  }

  #show(beginning: Beginning): void {
    const tabs = make("div", "tabs");
    for (const [way, label] of ways) {
      const tab = button("", label, () => this.#show(way));
      tab.ariaPressed = String(way === beginning);
      tabs.append(tab);
    }
    const body = { person: () => this.#person(), room: () => this.#room(), create: () => this.#create() }[beginning]();
    this.#sheet.show(tabs, body);
  }

  #opened({ id }: Room): void {
    this.#sheet.close();
    this.#options.open(id);
  }

  #person(): HTMLElement {
    const { client } = this.#options;
    return peopleFinder({
      client,
      label: "Write",
      run: async ({ id }) => this.#opened(await client.call("room.direct", { users: [id] })),
    });
  }

  #room(): HTMLElement {
    const { client } = this.#options;
    return new Finder({
      label: "Name or topic",
      chars_max: room_name_chars_max,
      asksEmpty: true,
      nothing: "There is no such public room. You can create it.",
      find: async (query) => {
        const { rooms } = await client.call("room.list", {
          scope: "public",
          limit: 50,
          ...(query === "" ? {} : { query }),
        });
        return rooms.map((room) => {
          const people = `${countWords(room.members, 99_999)} ${room.members === 1 ? "member" : "members"}`;
          return {
            picture: tile(room),
            name: room.name,
            words: room.topic === "" ? people : `${people} · ${room.topic}`,
            label: room.role === null ? "Join" : "Open",
            run: async () => this.#opened(room.role === null ? await client.joinRoom(room.id) : room),
          };
        });
      },
    }).element;
  }

  #create(): HTMLElement {
    const { client } = this.#options;
    const choice = make("fieldset", "choice", make("legend", "", "Who comes in"));
    for (const [kind, name, words] of kinds) {
      const input = make("input", "");
      input.type = "radio";
      input.name = "kind";
      input.value = kind;
      input.defaultChecked = kind === "public";
      choice.append(make("label", "", input, make("span", "", make("strong", "", name), ` ${words}`)));
    }
    const whole = form({
      fields: [
        { label: "Name", name: "name", maxLength: room_name_chars_max },
        { label: "Topic (optional)", name: "topic", maxLength: room_topic_chars_max, optional: true },
      ],
      submit: "Create room",
      run: async ({ kind, name = "", topic = "" }) => {
        const asked = kinds.find(([one]) => one === kind)?.[0] ?? "public";
        this.#opened(
          await client.call("room.create", { name, kind: asked, ...(topic.trim() === "" ? {} : { topic }) }),
        );
      },
    });
    whole.querySelector(".problem")?.before(choice);
    return whole;
  }
}

/** Joins a public room that the address has led to. */
export function joinButton(options: { client: ChatClient; room: Room; joined: () => void }): HTMLElement {
  const { client, joined, room } = options;
  const problem = problemLine();
  const join = act({
    label: `Join ${room.name}`,
    className: "primary",
    problem,
    run: async () => {
      await client.joinRoom(room.id);
      joined();
    },
  });
  return make("div", "", join, problem);
}
