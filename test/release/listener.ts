/**
 * A client that keeps nothing of what it hears but its place in its room, so that thousands of them fit into one test
 * for half an hour.
 */

import type { Address } from "../client.ts";

export interface Listening {
  readonly node: Address;
  readonly token: string;
  readonly room: string;
  readonly epoch: string;
}

interface Answer {
  readonly id: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly subscribe?: {
    readonly offset: number;
    readonly recovered?: boolean;
    readonly publications?: readonly { readonly offset: number }[];
  };
}

const connect_id = 1;
const subscribe_id = 2;
const first_publish_id = 3;

export class Listener {
  /** The last seq that it was given. */
  position: number;
  /** What was not as promised, in words. */
  readonly #wrong: string[];
  readonly #listening: Listening;
  readonly #socket: WebSocket;
  readonly #there = Promise.withResolvers<void>();
  readonly #publication: RegExp;
  #leaves = false;
  #next = first_publish_id;
  /** Messages of its own that are not acknowledged yet. */
  pending = 0;

  private constructor(listening: Listening, position: number, wrong: string[]) {
    this.#listening = listening;
    this.position = position;
    this.#wrong = wrong;
    this.#publication = new RegExp(String.raw`^\{"push":\{"channel":"${listening.room}","pub":\{"offset":(\d+),`);
    const { node, token } = listening;
    this.#socket = new WebSocket(node.ws);
    this.#socket.onopen = () => this.#say(connect_id, "connect", { token });
    this.#socket.onmessage = ({ data }) => {
      for (const line of String(data).split("\n")) this.#line(line);
    };
    this.#socket.onclose = ({ code, reason }) => {
      if (this.#leaves) return;
      this.#fault(`was closed with ${code} ${reason}`);
      this.#there.reject(new Error("The server closed the connection."));
    };
  }

  /** Resolves when it is in the room, behind `position`, and has begun to catch up. */
  static async enter(listening: Listening, from: { position: number; wrong: string[] }): Promise<Listener> {
    const listener = new Listener(listening, from.position, from.wrong);
    await listener.#there.promise;
    return listener;
  }

  publish(data: unknown): void {
    this.pending++;
    this.#say(this.#next++, "publish", { channel: this.#listening.room, data });
  }

  /** Goes without a word. */
  leave(): void {
    this.#leaves = true;
    this.#socket.close();
  }

  #say(id: number, method: string, body: unknown): void {
    this.#socket.send(JSON.stringify({ id, [method]: body }));
  }

  #fault(what: string): void {
    this.#wrong.push(`${this.#listening.room} at ${this.position}: ${what}`);
  }

  #line(line: string): void {
    if (line === "{}") return this.#socket.send("{}");
    const publication = this.#publication.exec(line);
    if (publication !== null) return this.#took(Number(publication[1]));
    if (line.startsWith('{"id":')) this.#answer(JSON.parse(line) as Answer);
  }

  #answer({ id, error, subscribe }: Answer): void {
    if (error !== undefined) return this.#fault(`was refused: ${error.code} ${error.message}`);
    if (id === connect_id) {
      const { room, epoch } = this.#listening;
      this.#say(subscribe_id, "subscribe", { channel: room, recover: true, epoch, offset: this.position });
    } else if (id === subscribe_id) {
      if (subscribe?.recovered !== true) this.#fault("could not resume");
      for (const { offset } of subscribe?.publications ?? []) this.#took(offset);
      this.#there.resolve();
    } else if (id >= first_publish_id) this.pending--;
  }

  #took(seq: number): void {
    if (seq !== this.position + 1) this.#fault(`got ${seq}`);
    this.position = seq;
  }
}
