/** People on several nodes who write to one room and read it, with the time that everything takes. */

import { createClient } from "@libsql/client";
import { uuidv7 } from "../../src/lib/ids.ts";
import { connectRaw, type Address, type RawClient } from "../client.ts";

export interface Answer {
  readonly id: string;
  readonly sent_ms: number;
  readonly took_ms: number;
  /** The error's code; undefined for an acknowledgement. */
  readonly code: number | undefined;
  readonly seq: number;
  readonly sender: number;
  readonly data: object;
}

interface Late {
  readonly at_ms: number;
  readonly late_ms: number;
}

const tick_ms = 10;

export class Traffic implements AsyncDisposable {
  readonly channel: string;
  readonly readers: RawClient[] = [];
  readonly senders: RawClient[] = [];
  readonly answers: Answer[] = [];
  /** How long after its sending each message came to each reader. */
  readonly late: Late[] = [];
  readonly #waiting = new Set<Promise<void>>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #made = 0;

  private constructor(channel: string) {
    this.channel = channel;
  }

  static async start(
    nodes: readonly Address[],
    of: { channel: string; readers: number; senders: number },
  ): Promise<Traffic> {
    const traffic = new Traffic(of.channel);
    for (const node of nodes) {
      for (let at = 0; at < of.readers; at++) {
        const reader = await connectRaw(node);
        await reader.subscribe(of.channel, { recover: true, epoch: reader.connected?.data.epoch ?? "", offset: 0 });
        traffic.readers.push(reader);
        void traffic.#watch(reader);
      }
      for (let at = 0; at < of.senders; at++) traffic.senders.push(await connectRaw(node));
    }
    return traffic;
  }

  /** Sends at a rate, by all senders in turn. */
  send(perSecond: number): void {
    const start_ms = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - start_ms) / 1_000) * perSecond;
      for (; sent < due; sent++) void this.one(sent);
    }, tick_ms);
  }

  /** Sends one message; the answer, whatever it is. */
  one(sender: number, message?: { id: string; data: object }): Promise<Answer> {
    const client = this.senders[sender % this.senders.length] as RawClient;
    const sent_ms = performance.now();
    const { id, data } = message ?? { id: uuidv7(), data: { n: this.#made++, t: sent_ms } };
    const asked = { method: "message.send", data: { room: this.channel, id, data } };
    const work = client.request("rpc", asked).then(({ error, rpc }) => {
      const seq = (rpc?.data as { seq: number } | undefined)?.seq ?? 0;
      const answer = { id, sent_ms, took_ms: performance.now() - sent_ms, code: error?.code, seq, sender, data };
      this.answers.push(answer);
      return answer;
    });
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.#waiting.add(settled);
    void settled.then(() => this.#waiting.delete(settled));
    return work;
  }

  /** Sends nothing more, and resolves once everything is answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#waiting);
  }

  /** The highest seq that was acknowledged. */
  get top(): number {
    return this.answers.reduce((top, { seq }) => Math.max(top, seq), 0);
  }

  /** Every reader has everything that was acknowledged. */
  async caughtUp(ms: number): Promise<void> {
    const { top } = this;
    await Promise.all(this.readers.map((reader) => reader.untilSeq(this.channel, top, ms)));
  }

  /** How late the latest was of those that were sent in a span of time. */
  latest(from_ms: number, to_ms: number): number {
    let latest = 0;
    for (const { at_ms, late_ms } of this.late)
      if (at_ms >= from_ms && at_ms < to_ms && late_ms > latest) latest = late_ms;
    return latest;
  }

  /** What is wrong: acknowledged and not stored, stored twice, a reader that has something else than the database. */
  async wrong(database: string): Promise<string[]> {
    const client = createClient({ url: database });
    const { rows } = await client.execute({
      sql: `SELECT g.seq, g.id FROM messages g JOIN rooms r ON r.n = g.room WHERE r.id = ? ORDER BY g.seq`,
      args: [this.channel],
    });
    client.close();
    const stored = rows.map((row) => ({ seq: Number(row[0]), id: row[1] as string }));
    const wrong = stored.filter(({ seq }, at) => seq !== at + 1).map(({ seq }) => `a hole before ${seq}`);
    const byId = new Map(stored.map(({ seq, id }) => [id, seq]));
    if (byId.size !== stored.length) wrong.push("a message is stored twice");
    for (const { id, code, seq } of this.answers)
      if (code === undefined && byId.get(id) !== seq) wrong.push(`${id} was acknowledged at ${seq} and is not there`);
    for (const [at, reader] of this.readers.entries()) {
      const log = reader.log(this.channel).map(({ seq, id }) => `${seq} ${id}`);
      const expected = stored.map(({ seq, id }) => `${seq} ${id}`);
      const first = expected.findIndex((line, place) => line !== log[place]);
      if (first >= 0 || log.length !== expected.length)
        wrong.push(`reader ${at} has ${log.length} of ${expected.length}: ${log[first]} instead of ${expected[first]}`);
    }
    return wrong.slice(0, 5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const client of [...this.readers, ...this.senders]) client.terminate();
  }

  async #watch(reader: RawClient): Promise<void> {
    let seen = 0;
    let open = true;
    void reader.closed.then(() => (open = false));
    while (open) {
      await reader.until(() => reader.log(this.channel).length > seen, "news", 600_000).catch(() => undefined);
      const log = reader.log(this.channel);
      for (; seen < log.length; seen++) {
        const at_ms = Number(/"t":([\d.]+)/.exec(log[seen]?.data ?? "")?.[1]);
        this.late.push({ at_ms, late_ms: performance.now() - at_ms });
      }
    }
  }
}
