/** Who should be in a room of several nodes, and whether each of them says so. */

import { connectRaw, eventually, type Address, type RawClient } from "../client.ts";

export class RollCall implements Disposable {
  readonly #channel: string;
  /** One at each node that is asked, who is in the room as well. */
  readonly #watchers: RawClient[] = [];
  readonly #present = new Set<RawClient>();

  private constructor(channel: string) {
    this.#channel = channel;
  }

  static async start(nodes: readonly Address[], channel: string): Promise<RollCall> {
    const call = new RollCall(channel);
    for (const node of nodes) {
      const watcher = await connectRaw(node);
      call.#watchers.push(watcher);
      await call.enter(watcher);
    }
    return call;
  }

  async enter(client: RawClient): Promise<void> {
    await client.subscribe(this.#channel, { join_leave: true });
    this.#present.add(client);
  }

  async leave(client: RawClient): Promise<void> {
    await client.request("unsubscribe", { channel: this.#channel });
    this.#present.delete(client);
  }

  /** What is wrong at each node: users that are missing, and users that are listed and not there. */
  async wrong(): Promise<string[]> {
    const expected = new Set([...this.#present].map(({ user }) => user));
    const wrong: string[] = [];
    for (const [at, watcher] of this.#watchers.entries()) {
      const { users } = await watcher.rpc<{ users: { id: string }[] }>("presence.list", { room: this.#channel });
      const listed = new Set(users.map(({ id }) => id));
      const missing = [...expected].filter((user) => !listed.has(user)).length;
      const extra = [...listed].filter((user) => !expected.has(user)).length;
      if (missing + extra > 0) wrong.push(`node ${at}: ${missing} missing, ${extra} too many`);
    }
    return wrong;
  }

  /** How long it takes until every node lists who is there and nobody else. */
  async untilRight(ms: number): Promise<number> {
    const start_ms = performance.now();
    let wrong = await this.wrong();
    const right = async (): Promise<boolean> => (wrong = await this.wrong()).length === 0;
    await eventually(right, "who is there at every node", ms).catch((error: unknown) => {
      throw new Error(wrong.join(", "), { cause: error });
    });
    return performance.now() - start_ms;
  }

  [Symbol.dispose](): void {
    for (const client of new Set([...this.#watchers, ...this.#present])) client.terminate();
  }
}
