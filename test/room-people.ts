/** People in rooms, for tests of what they may do there. */

import { errors, type ErrorCode } from "../src/protocol/errors.ts";
import type { Room } from "../src/protocol/room-operations.ts";
import { connectRaw, type Address, type ConnectOptions, type RawClient } from "./client.ts";

/** The error of a wire code by its name. */
export function codeOf(error: { readonly code: number } | undefined): "ok" | ErrorCode {
  if (error === undefined) return "ok";
  const names = Object.keys(errors) as ErrorCode[];
  return names.find((name) => errors[name].wire === error.code) ?? "internal";
}

/** What an operation is answered: `ok`, or the error's name. */
export async function told(client: RawClient, method: string, data: unknown): Promise<"ok" | ErrorCode> {
  return codeOf((await client.request("rpc", { method, data })).error);
}

/** What a `publish` is answered. */
export async function toldToWrite(client: RawClient, channel: string, data: unknown = { text: "hi" }) {
  return codeOf((await client.request("publish", { channel, data })).error);
}

/** A new guest whose connection has all of their rooms. */
export function arrive(address: Address, options: ConnectOptions = {}): Promise<RawClient> {
  return connectRaw(address, { data: { rooms: true }, ...options });
}

/** Another connection of the same guest. */
export function again(address: Address, client: RawClient, options: ConnectOptions = {}): Promise<RawClient> {
  return connectRaw(address, { token: client.connected?.data.token ?? "", ...options });
}

/** A room of that person with these members, all of whose connections have it live. */
export async function roomOf(
  owner: RawClient,
  members: readonly RawClient[] = [],
  settings: Record<string, unknown> = {},
): Promise<string> {
  const { kind = "public", ...rest } = settings;
  const { id: room } = await owner.rpc<Room>("room.create", { name: "Hall", kind, ...rest });
  for (const member of members) {
    if (kind === "private") await owner.rpc("member.invite", { room, user: member.user });
    await member.rpc("room.join", { room });
  }
  return room;
}

/** The kinds of events that came to a connection, messages as their words. */
export function kindsOf(client: RawClient, room: string): string[] {
  return client.log(room).map(({ kind, data }) => (kind === "" ? data : kind));
}

/** A UUIDv7 that differs by the number. */
export function messageId(n: number): string {
  return `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;
}
