/** Clients of one server whose gateways are several threads. */

import { connectRaw, type ConnectOptions, type RawClient } from "./client.ts";
import type { ChatNode } from "./harness.ts";
import type { ConnectResult } from "./wire.ts";

const tries_max = 200;

/** The gateway that a client is at: each names itself in its connect reply. */
export function gatewayOf(client: RawClient): string {
  return (client.connected as ConnectResult & { readonly node: string }).node;
}

/** A client at another gateway than those. The kernel deals connections out, so it comes again until it is. */
export async function connectElsewhere(
  node: ChatNode,
  than: readonly RawClient[],
  options: ConnectOptions = {},
): Promise<RawClient> {
  const taken = new Set(than.map(gatewayOf));
  for (let left = tries_max; left > 0; left--) {
    const client = await connectRaw(node, options);
    if (!taken.has(gatewayOf(client))) return client;
    await client.close();
  }
  throw new Error(`Expected another gateway within ${tries_max} connections.`);
}
