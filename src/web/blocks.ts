/** Whom one does not want to hear of. The server hides what they said before; what comes live is hidden here. */

import type { ChatClient } from "../sdk/chat-client.ts";
import { Listeners } from "../sdk/listeners.ts";

export class Blocks {
  readonly changes = new Listeners<undefined>();
  readonly #client: Pick<ChatClient, "call" | "failures" | "states">;
  /** Another set after each change. */
  #blocked: ReadonlySet<string> = new Set();

  constructor(client: Pick<ChatClient, "call" | "failures" | "states">) {
    this.#client = client;
    client.states.add(({ status }) => {
      if (status === "connected") void this.#load();
    });
  }

  has(user: string): boolean {
    return this.#blocked.has(user);
  }

  async block(user: string): Promise<void> {
    await this.#client.call("user.block", { user });
    this.#blocked = new Set([...this.#blocked, user]);
    this.changes.tell(undefined);
  }

  async unblock(user: string): Promise<void> {
    await this.#client.call("user.unblock", { user });
    this.#blocked = new Set([...this.#blocked].filter((id) => id !== user));
    this.changes.tell(undefined);
  }

  async #load(): Promise<void> {
    try {
      const before = this.#blocked;
      const { users } = await this.#client.call("block.list", {});
      // Somebody was blocked meanwhile: the answer may not know.
      if (before !== this.#blocked) return void this.#load();
      this.#blocked = new Set(users.map(({ id }) => id));
      if (users.length > 0 || before.size > 0) this.changes.tell(undefined);
    } catch (error) {
      this.#client.failures.tell(error);
    }
  }
}
