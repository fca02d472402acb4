/** People who are in several rooms and come back all at once, as they do when a server has started again. */

import { connectRaw, type ConnectOptions } from "./client.ts";
import type { ChatNode } from "./harness.ts";

const joining_at_once = 40;

export interface Members {
  readonly rooms: readonly string[];
  /** A guest's token for each person. */
  readonly tokens: readonly string[];
}

/** People who have joined so many rooms; none of them is connected any more. */
export async function membersOf(node: ChatNode, of: { people: number; rooms: number }): Promise<Members> {
  await using owner = await connectRaw(node, { data: { name: "Owner" } });
  const rooms: string[] = [];
  while (rooms.length < of.rooms)
    rooms.push((await owner.rpc<{ id: string }>("room.create", { name: `Room ${rooms.length}` })).id);
  const tokens: string[] = [];
  const join = async (): Promise<string> => {
    await using person = await connectRaw(node);
    for (const room of rooms) await person.rpc("room.join", { room });
    return person.connected?.data.token ?? "";
  };
  while (tokens.length < of.people) {
    const count = Math.min(joining_at_once, of.people - tokens.length);
    tokens.push(...(await Promise.all(Array.from({ length: count }, join))));
  }
  return { rooms, tokens };
}

/**
 * Everybody comes back at once and into all of their rooms: by the connect itself, or by a `subscribe` for each as SDKs send
 * them. Returns what was refused, and how long it took.
 */
export async function returnAll(
  node: ChatNode,
  { rooms, tokens }: Members,
  by: "connect" | "subscribe",
): Promise<{ refused: string[]; took_ms: number }> {
  const refused: string[] = [];
  const started_ms = performance.now();
  const come = async (token: string) => {
    const options: ConnectOptions = by === "connect" ? { token, data: { rooms: true } } : { token };
    const client = await connectRaw(node, options);
    const known = Object.keys(client.connected?.subs ?? {});
    const missing = rooms.filter((room) => !known.includes(room));
    if (by === "subscribe") await Promise.all(missing.map((room) => client.subscribe(room)));
    else if (missing.length > 0) throw new Error(`${missing.length} rooms are missing`);
    return client;
  };
  const clients = await Promise.allSettled(tokens.map(come));
  const took_ms = performance.now() - started_ms;
  for (const client of clients) {
    if (client.status === "fulfilled") await client.value.close();
    else refused.push(String(client.reason));
  }
  return { refused, took_ms };
}
