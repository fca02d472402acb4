/** How people are shown: online, away, busy, or not here. Asked for those who are on the page, and moved by what comes. */

import type { ChatClient } from "../sdk/chat-client.ts";
import { ids_per_call_max } from "../protocol/limits.ts";
import type { ShownStatus } from "../protocol/passing.ts";
import { Gathering } from "../sdk/gathering.ts";
import { Listeners } from "../sdk/listeners.ts";
import { make } from "./elements.ts";

const ask_ms = 60;
const known_max = 500;

export interface Shown {
  readonly status: ShownStatus;
  readonly text: string;
}

const words: Readonly<Record<ShownStatus, string>> = {
  online: "online",
  away: "away",
  busy: "do not disturb",
  offline: "not here",
};

export class Statuses {
  readonly changes = new Listeners<undefined>();
  readonly #client: ChatClient;
  readonly #known = new Map<string, Shown>();
  readonly #wanted = new Set<string>();
  readonly #asking = new Gathering(ask_ms, () => void this.#ask());

  constructor(client: ChatClient) {
    this.#client = client;
    client.passing.add((news) => {
      if (news.type === "status" && this.#known.has(news.user)) this.#learn(news.user, news);
    });
    client.comings.add(({ kind, user }) => {
      const known = this.#known.get(user);
      if (known === undefined) return;
      // They may be away, or here by another room: the server knows.
      if (kind === "join" && known.status === "offline") this.#learn(user, { ...known, status: "online" });
      this.#want(user);
    });
    client.states.add(({ status }) => {
      if (status === "connected") for (const id of this.#known.keys()) this.#want(id);
    });
  }

  /** As it is known now; it is asked for where it is not. */
  of(user: string): Shown | undefined {
    const known = this.#known.get(user);
    if (known === undefined) this.#want(user);
    return known;
  }

  static words(status: ShownStatus): string {
    return words[status];
  }

  dot(user: string): HTMLElement {
    const shown = this.of(user)?.status ?? "offline";
    const dot = make("span", "presence", make("span", "hidden", `, ${words[shown]}`));
    dot.dataset["status"] = shown;
    dot.title = words[shown];
    return dot;
  }

  #learn(user: string, { status, text }: Shown): void {
    const before = this.#known.get(user);
    if (before?.status === status && before.text === text) return;
    if (this.#known.size > known_max) this.#known.clear();
    this.#known.set(user, { status, text });
    this.changes.tell(undefined);
  }

  #want(user: string): void {
    if (user === "") return;
    this.#wanted.add(user);
    this.#asking.soon();
  }

  async #ask(): Promise<void> {
    if (this.#client.state.status !== "connected") return;
    const ids = [...this.#wanted].slice(0, ids_per_call_max);
    for (const id of ids) this.#wanted.delete(id);
    const [next] = this.#wanted;
    if (next !== undefined) this.#want(next);
    try {
      const { people } = await this.#client.call("status.get", { ids });
      for (const { status, text, user } of people)
        this.#learn(user, { status: status === "invisible" ? "offline" : status, text });
    } catch (error) {
      this.#client.failures.tell(error);
    }
  }
}
