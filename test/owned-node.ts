/** A server with somebody who owns it, for tests of what only administrators do. */

import { withDatabase } from "./checker.ts";
import { connectRaw, type RawClient } from "./client.ts";
import { startNode, type ChatNode, type NodeOptions } from "./harness.ts";
import { again } from "./room-people.ts";

export interface OwnedNode extends AsyncDisposable {
  readonly node: ChatNode;
  /** A connection of the owner; of a guest, who was given the role. */
  readonly root: RawClient;
  readonly token: string;
}

/** Gives a person a role on the server while it does not run. */
export async function giveRole(data: string, user: string, role: string): Promise<void> {
  const sql = "UPDATE users SET role = ? WHERE id = ?";
  await withDatabase(data, (client) => client.execute({ sql, args: [role, user] }));
}

export async function startOwnedNode(options: NodeOptions = {}): Promise<OwnedNode> {
  const node = await startNode(options);
  const first = await connectRaw(node);
  await node.stop();
  await giveRole(node.data, first.user, "owner");
  await node.restart();
  const root = await again(node, first);
  return {
    node,
    root,
    token: first.connected?.data.token ?? "",
    async [Symbol.asyncDispose]() {
      await root.close();
      await node[Symbol.asyncDispose]();
    },
  };
}

interface Act {
  readonly n: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  /** Where the one who did it came from; null for the command line. */
  readonly address: string | null;
  readonly detail: Record<string, unknown>;
}

/** The newest acts that were noted. */
export async function actsOf(root: RawClient, limit = 10): Promise<Act[]> {
  return (await root.rpc<{ acts: Act[] }>("audit.list", { limit })).acts;
}
