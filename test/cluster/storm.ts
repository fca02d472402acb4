/**
 * Everything that one sign-in can do at once on two nodes: its sockets send, subscribe, recover and call operations, new
 * ones come with their positions, and the same is asked over HTTP. What was answered when is noted.
 */

import type { Browser } from "../accounts.ts";
import { openRaw, within, type RawClient } from "../client.ts";
import type { ChatNode } from "../harness.ts";
import { post, type HttpAnswer } from "../http-client.ts";

export type Place = 0 | 1;
export const places: readonly Place[] = [0, 1];

/** The ways in of one sign-in. */
export interface Hand {
  open(place: Place, address: string): Promise<RawClient>;
  /** What goes into connect. */
  readonly token: string | undefined;
  call(place: Place, asked: { operation: string; body: object; address: string }): Promise<HttpAnswer>;
}

export function byToken(nodes: readonly ChatNode[], token: string): Hand {
  const node = (place: Place): ChatNode => nodes[place] as ChatNode;
  return {
    token,
    open: (place, address) => openRaw(node(place), { headers: { "x-forwarded-for": address } }),
    call: (place, { address, body, operation }) =>
      post(node(place), operation, { token, body, headers: { "x-forwarded-for": address } }),
  };
}

export function byCookie(browsers: readonly Browser[]): Hand {
  // The cookies as they are now: who signs out in a browser has none afterwards, and a thief of them still has.
  const kept = browsers.map(({ headers, node }) => ({ headers, node }));
  const of = (place: Place) => kept[place] as (typeof kept)[number];
  return {
    token: undefined,
    open: (place, address) =>
      openRaw(of(place).node, { headers: { ...of(place).headers, "x-forwarded-for": address } }),
    call: (place, { address, body, operation }) =>
      post(of(place).node, operation, { body, headers: { ...of(place).headers, "x-forwarded-for": address } }),
  };
}

export interface Attempt {
  readonly what: string;
  readonly place: Place;
  readonly started: number;
  readonly answered: number;
  readonly accepted: boolean;
}

export interface Sent extends Attempt {
  readonly id: string;
  readonly seq: number | undefined;
}

const sockets_each = 2;
const refused_pause_ms = 50;
/** How long it takes until all of it is under way is no promise. */
const rise_ms_max = 60_000;
let storms = 0;

export class Storm implements AsyncDisposable {
  readonly attempts: Attempt[] = [];
  readonly sends: Sent[] = [];
  readonly clients: RawClient[] = [];
  readonly #hand: Hand;
  readonly #room: string;
  readonly #address = `198.51.100.${++storms}`;
  readonly #ends: Promise<{ readonly place: Place; readonly at: number; readonly code: number }>[] = [];
  readonly #loops: Promise<void>[] = [];
  #watchers: (() => void)[] = [];
  #ending = Number.POSITIVE_INFINITY;
  #calm = false;

  constructor(options: { hand: Hand; room: string }) {
    this.#hand = options.hand;
    this.#room = options.room;
  }

  /** All of it begins. */
  async rise(): Promise<void> {
    await this.#hand.call(0, { operation: "room.join", body: { room: this.#room }, address: this.#address });
    for (const place of places) {
      for (let n = 0; n < sockets_each; n++) this.#loops.push(this.#talk(place, await this.#enter(place, true)));
      this.#loops.push(this.#come(place), this.#call(place));
    }
  }

  /** From now on whoever comes in stays until the server puts them out. */
  noteEnding(): number {
    this.#ending = performance.now();
    return this.#ending;
  }

  /** Waits until so many attempts of each kind were answered so on each node, since the end began if they were refused. */
  async until(how: "accepted" | "refused", count: number): Promise<void> {
    const kinds = how === "accepted" ? ["send", "subscribe", "operation", "resume", "http"] : ["resume", "http"];
    const enough = (place: Place, kind: string): boolean =>
      this.attempts.filter(
        ({ accepted, place: by, what }) => by === place && what === kind && accepted === (how === "accepted"),
      ).length >= (kind === "resume" ? count / 4 : count);
    const work = async (): Promise<void> => {
      while (!places.every((place) => kinds.every((kind) => enough(place, kind))))
        await new Promise<void>((resume) => this.#watchers.push(resume));
    };
    await within(work(), () => `${count} ${how}: ${JSON.stringify(this.#tally())}`, rise_ms_max);
  }

  #tally(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { accepted, place, what } of this.attempts) {
      const key = `${what} on ${place} ${accepted ? "accepted" : "refused"}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** Every socket was closed for good by the server; when the last one was, by node. */
  async ended(ms: number): Promise<Record<Place, number>> {
    const moments = { 0: 0, 1: 0 };
    let seen = 0;
    // One may come in meanwhile.
    while (seen < this.#ends.length) {
      const ends = this.#ends.slice(seen);
      seen += ends.length;
      for (const { at, code, place } of await within(Promise.all(ends), () => "the end of each socket", ms)) {
        if (at < this.#ending) continue;
        if (code !== 3503) throw new Error(`Expected an end by 3503; got ${code}`);
        moments[place] = Math.max(moments[place], at);
      }
    }
    return moments;
  }

  /** No new attempts; waits for the answers of those that are on their way. */
  async calm(): Promise<void> {
    this.#calm = true;
    await Promise.all(this.#loops);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.terminate();
    await this.calm();
  }

  async #enter(place: Place, stays: boolean): Promise<RawClient> {
    const client = await this.#hand.open(place, this.#address);
    this.clients.push(client);
    try {
      const { token } = this.#hand;
      const data = { rooms: true, positions: { [this.#room]: 0 } };
      await client.connect({ ...(token === undefined ? {} : { token }), data });
    } catch (error) {
      client.terminate();
      throw error;
    }
    if (stays || performance.now() > this.#ending)
      this.#ends.push(client.closed.then(({ code }) => ({ place, code, at: performance.now() })));
    return client;
  }

  async #attempt<T>(what: string, place: Place, work: () => Promise<T | undefined>): Promise<T | undefined> {
    const started = performance.now();
    // A socket that was closed under a question has not accepted it, as far as its asker knows.
    const result = await work().catch(() => undefined);
    const answered = performance.now();
    this.attempts.push({ what, place, started, answered, accepted: result !== undefined });
    for (const watch of this.#watchers.splice(0)) watch();
    return result;
  }

  async #send(place: Place, ask: (body: object) => Promise<number | undefined>, what = "send"): Promise<void> {
    const id = Bun.randomUUIDv7();
    const seq = await this.#attempt(what, place, () => ask({ room: this.#room, id, data: { text: id } }));
    this.sends.push({ ...(this.attempts.at(-1) as Attempt), id, seq });
  }

  /** One socket, until it is closed: writes, looks, and leaves and comes back to the room. */
  async #talk(place: Place, client: RawClient): Promise<void> {
    let isOpen = true;
    void client.closed.then(() => (isOpen = false));
    const rpc = async (method: string, data: object) => {
      const { error, rpc: answer } = await client.request("rpc", { method, data });
      return error === undefined ? (answer?.data as { seq?: number }) : undefined;
    };
    const channel = this.#room;
    while (isOpen && !this.#calm) {
      const sends = [0, 1, 2].map(() => this.#send(place, async (body) => (await rpc("message.send", body))?.seq));
      await Promise.all([
        ...sends,
        this.#attempt("operation", place, () => rpc("message.list", { room: channel, limit: 5 })),
        this.#attempt("operation", place, () => rpc("room.list", {})),
        client.request("unsubscribe", { channel }).catch(() => {}),
        this.#attempt("subscribe", place, async () => {
          const { error } = await client.request("subscribe", { channel, recover: true, offset: 0 });
          return error === undefined ? true : undefined;
        }),
      ]);
    }
  }

  /** New sockets, one after the other. */
  async #come(place: Place): Promise<void> {
    while (!this.#calm) {
      const client = await this.#attempt("resume", place, () => this.#enter(place, false));
      if (client === undefined) await Bun.sleep(refused_pause_ms);
      else if (performance.now() > this.#ending) await client.closed;
      else await client.close();
    }
  }

  async #call(place: Place): Promise<void> {
    const ask = async (operation: string, body: object) => {
      const { json, status } = await this.#hand.call(place, { operation, body, address: this.#address });
      return status === 200 ? (json as { seq?: number }) : undefined;
    };
    while (!this.#calm) {
      const before = this.attempts.length;
      await this.#send(place, async (body) => (await ask("message.send", body))?.seq, "http");
      await this.#attempt("http", place, () => ask("message.list", { room: this.#room, limit: 1 }));
      if (!this.attempts.slice(before).some(({ accepted }) => accepted)) await Bun.sleep(refused_pause_ms);
    }
  }
}

/** Each of them has that event. */
export async function untilAll(clients: readonly RawClient[], room: string, seq: number): Promise<void> {
  await Promise.all(clients.map((client) => client.untilSeq(room, seq)));
}
