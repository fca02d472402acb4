/** Who one is here, as the foot of the list shows it. */

import type { OutputOf } from "../protocol/operations.ts";
import { administers } from "../protocol/roles.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { Listeners } from "../sdk/listeners.ts";
import { byId, paintAvatar } from "./elements.ts";
import { rememberedName, type Who } from "./remembered.ts";
import type { Statuses } from "./statuses.ts";

export type Account = OutputOf<"account.get">;

export class Me {
  /** The account is known, or another. */
  readonly changes = new Listeners<Account>();
  readonly #client: ChatClient;
  readonly #statuses: Statuses;
  readonly who: Who;
  #account: Account | undefined;

  constructor(options: { client: ChatClient; statuses: Statuses; who: Who }) {
    const { client, statuses, who } = options;
    this.#client = client;
    this.#statuses = statuses;
    this.who = who;
    client.states.add(({ status }) => {
      this.show();
      if (status === "connected") void this.load();
    });
    statuses.changes.add(() => this.show());
    this.show();
  }

  get account(): Account | undefined {
    return this.#account;
  }

  get id(): string | undefined {
    return this.#client.me?.id;
  }

  get administers(): boolean {
    return this.#account !== undefined && administers(this.#account.role);
  }

  async load(): Promise<void> {
    try {
      this.#account = await this.#client.call("account.get", {});
      this.changes.tell(this.#account);
      this.show();
    } catch (error) {
      this.#client.failures.tell(error);
    }
  }

  show(): void {
    const name = this.#account?.name ?? this.#client.me?.name ?? rememberedName() ?? "";
    byId("me-name", HTMLElement).textContent = name;
    const { username = null } = this.#account ?? {};
    byId("me-who", HTMLElement).textContent = this.who === "guest" ? "Guest" : username === null ? "" : `@${username}`;
    paintAvatar(byId("me-avatar", HTMLElement), { id: this.id ?? "", name });
    const dot = byId("me-dot", HTMLElement);
    if (this.id !== undefined) dot.replaceChildren(this.#statuses.dot(this.id));
  }
}
