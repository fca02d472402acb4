/**
 * Senders and readers that bear any end of the server: a sender tries each message with the same id until it is
 * acknowledged, a reader comes back and resumes. All that happens to them goes to the checker.
 */

import type { Checker } from "./checker.ts";
import { connectRaw, type Address, type RawClient } from "./client.ts";

const retry_ms = 10;

export interface CrowdOptions {
  readonly node: Address;
  readonly checker: Checker;
  readonly rooms: readonly string[];
  readonly epoch: string;
  readonly senders: number;
  readonly inFlight: number;
  /** Each reads one room, from its beginning. */
  readonly readers: number;
  readonly random: () => number;
}

interface Outgoing {
  readonly room: string;
  readonly id: string;
  readonly data: object;
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}

export class Crowd {
  readonly #options: CrowdOptions;
  #sending = true;
  #reading = true;
  /** The highest acknowledged seq of each room: readers are done when they have it. */
  readonly #tops = new Map<string, number>();
  readonly #senders: Promise<void>[];
  readonly #readers: Promise<void>[];
  #made = 0;
  retries = 0;
  /** What a sender or a reader has found wrong; `finish` throws it too, but may be far away. */
  failure: Error | undefined;
  /** What the acknowledgements said of when each message was sent. */
  readonly times: { room: string; seq: number; time: number }[] = [];

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#senders = Array.from({ length: options.senders }, (_, at) => this.#send(at));
    this.#readers = Array.from({ length: options.readers }, (_, at) => this.#read(at));
    for (const one of [...this.#senders, ...this.#readers]) {
      one.catch((error: unknown) => (this.failure ??= error instanceof Error ? error : new Error(String(error))));
    }
  }

  /** Makes no new messages, waits until all are acknowledged and every reader has them. */
  async finish(): Promise<void> {
    this.#sending = false;
    await Promise.all(this.#senders);
    this.#reading = false;
    await Promise.all(this.#readers);
  }

  async #connect(token: string): Promise<RawClient> {
    for (;;) {
      try {
        return await connectRaw(this.#options.node, token === "" ? {} : { token });
      } catch {
        // The server is down just now.
        await pause(retry_ms);
      }
    }
  }

  async #send(at: number): Promise<void> {
    const { inFlight } = this.#options;
    let token = "";
    const waiting: Outgoing[] = [];
    while (this.#sending || waiting.length > 0) {
      const client = await this.#connect(token);
      token = client.connected?.data.token ?? token;
      const lanes = Array.from({ length: inFlight }, () => this.#lane(client, at, waiting));
      await Promise.all(lanes);
      client.terminate();
      await client.closed;
    }
  }

  /** Sends one message after another; what failed goes back to be tried again on another connection. */
  async #lane(client: RawClient, sender: number, waiting: Outgoing[]): Promise<void> {
    while (this.#sending || waiting.length > 0) {
      const message = waiting.shift() ?? this.#make(sender);
      try {
        const reply = await client.request("rpc", { method: "message.send", data: message });
        if (reply.error === undefined) {
          this.#acknowledged(message, reply.rpc?.data as { seq: number; time: number });
          continue;
        }
        if (reply.error.temporary !== true) throw new Error(`Expected a send to be taken; got ${reply.text}`);
        waiting.push(message);
      } catch (error) {
        waiting.push(message);
        this.retries++;
        if (error instanceof Error && error.message.startsWith("Expected a send")) throw error;
        return;
      }
    }
  }

  #make(sender: number): Outgoing {
    const { rooms, random } = this.#options;
    const room = rooms[Math.floor(random() * rooms.length)] ?? "";
    return { room, id: Bun.randomUUIDv7(), data: { sender, n: this.#made++ } };
  }

  #acknowledged(message: Outgoing, ack: { seq: number; time: number }): void {
    const { room, id } = message;
    this.#options.checker.acknowledged(room, id, ack.seq);
    this.times.push({ room, seq: ack.seq, time: ack.time });
    if (ack.seq > (this.#tops.get(room) ?? 0)) this.#tops.set(room, ack.seq);
  }

  async #read(at: number): Promise<void> {
    const { checker, epoch, rooms } = this.#options;
    const room = rooms[at % rooms.length] ?? "";
    const name = `reader ${at} of ${room}`;
    checker.reader(name, room, 0);
    const done = (): boolean => !this.#reading && checker.position(name) >= (this.#tops.get(room) ?? 0);
    while (!done()) {
      const client = await this.#connect("");
      let taken = 0;
      const take = (): boolean => {
        const log = client.log(room);
        for (; taken < log.length; taken++) checker.read(name, log[taken]?.seq ?? 0, log[taken]?.id ?? "");
        return done();
      };
      try {
        const result = await client.subscribe(room, { recover: true, epoch, offset: checker.position(name) });
        if (result.recovered !== true) throw new Error(`Expected ${name} to resume; got ${JSON.stringify(result)}`);
        // Nothing may come once the last message was read: then it is the end of the crowd that is waited for.
        while (!take()) await Promise.race([client.until(() => client.log(room).length > taken, "news"), pause(50)]);
      } catch (error) {
        if (error instanceof Error && error.message.includes("to resume")) throw error;
      } finally {
        take();
        client.terminate();
        await client.closed;
        take();
      }
    }
  }
}
