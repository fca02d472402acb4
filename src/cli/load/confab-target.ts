/** Brings a load's members into real rooms of a Confab: signed in, members by `room.join`, subscribed. */

import { createHmac } from "node:crypto";
import { concurrently } from "./concurrently.ts";
import { ConfabClient } from "./confab-client.ts";
import type { Faults, LoadEvents, LoadRoom, LoadTarget, Shape } from "./load-room.ts";
import { bodyText, MessageTemplate, places } from "./message-template.ts";
import type { Target } from "./raw-socket.ts";

const connecting_at_once = 64;
const token_s = 86_400;

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A host's token (HS256) for a user of the load. */
export function signToken(secret: string, subject: string, now_ms: number): string {
  const head = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded({ sub: subject, exp: Math.floor(now_ms / 1000) + token_s })}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}

export interface ConfabOptions {
  readonly target: Target;
  /** Gives the token of a user of the load; undefined signs guests in. */
  readonly token: ((subject: string) => string) | undefined;
  readonly progress?: (sentence: string) => void;
}

/** What a sender's messages look like: a `message.send` of a chat message. */
export function sendCommand(room: string, body_bytes: number): string {
  return `{"id":${places.number},"rpc":{"method":"message.send","data":{"room":"${room}","id":"${places.id}","data":${bodyText(body_bytes)}}}}`;
}

export class ConfabTarget implements LoadTarget {
  readonly events: LoadEvents = { released: () => {}, refused: () => {}, stamped: undefined };
  readonly faults: Faults = { errors: new Map(), holes: 0 };
  readonly #options: ConfabOptions;
  readonly #clients: ConfabClient[] = [];

  constructor(options: ConfabOptions) {
    this.#options = options;
  }

  async enter(shape: Shape): Promise<LoadRoom[]> {
    const { progress } = this.#options;
    const total = shape.rooms * shape.members;
    progress?.(`connecting ${total} members`);
    const subjects = Array.from({ length: total }, (_, index) => `load-${index}`);
    const clients = await concurrently(subjects, connecting_at_once, (subject) => this.connect(subject));
    progress?.("joining rooms");
    const rooms = Array.from({ length: shape.rooms }, (_, index) =>
      clients.slice(index * shape.members, (index + 1) * shape.members),
    );
    return await concurrently(rooms, 16, (members, index) => this.#fill(members, { index, shape }));
  }

  /** A connection that has not signed in yet. */
  async open(): Promise<ConfabClient> {
    const client = await ConfabClient.open(this.#options.target, this);
    this.#clients.push(client);
    return client;
  }

  /** The token of a user of the load; empty for a guest. */
  tokenOf(subject: string): string {
    return this.#options.token?.(subject) ?? "";
  }

  /** A connection that has signed in. */
  async connect(subject: string): Promise<ConfabClient> {
    const client = await this.open();
    await client.ask("connect", { token: this.tokenOf(subject) });
    return client;
  }

  close(): void {
    for (const client of this.#clients) client.socket.end();
    this.#clients.length = 0;
  }

  /** All join before anybody listens: a join is an event, and each would go to everybody who is there already. */
  async #fill(members: ConfabClient[], what: { index: number; shape: Shape }): Promise<LoadRoom> {
    const { senders, body_bytes } = what.shape;
    const owner = members[0] as ConfabClient;
    const { id } = (await owner.rpc("room.create", { name: `load ${what.index}` })) as { id: string };
    await concurrently(members.slice(1), connecting_at_once, (member) => member.rpc("room.join", { room: id }));
    await concurrently(members, connecting_at_once, async (member) => {
      const subscribed = (await member.ask("subscribe", { channel: id })) as { offset: number };
      member.position = subscribed.offset;
      member.channelLength = id.length;
    });
    const sending = members.slice(0, senders);
    for (const member of sending) member.template = new MessageTemplate(sendCommand(id, body_bytes));
    return { members, senders: sending };
  }
}
