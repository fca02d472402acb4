/**
 * Two honest clients in a room while others misbehave: one writes at a steady pace, the other notes how long each message
 * took. The pulse of the server, as its users feel it.
 */

import { connectRaw, percentile, type RawClient } from "./client.ts";

const period_ms = 10;

export interface Pulse extends AsyncDisposable {
  /** Latencies in ms while `work` went on. */
  during(work: () => Promise<unknown>): Promise<readonly number[]>;
}

class SteadyPulse implements Pulse {
  readonly #writer: RawClient;
  readonly #reader: RawClient;
  readonly #channel: string;

  constructor(writer: RawClient, reader: RawClient, channel: string) {
    this.#writer = writer;
    this.#reader = reader;
    this.#channel = channel;
  }

  async during(work: () => Promise<unknown>): Promise<readonly number[]> {
    const channel = this.#channel;
    const log = this.#reader.log(channel);
    const first = log.length;
    const sent: number[] = [];
    const latencies: number[] = [];
    const seen = this.#watch(first, (index) => latencies.push(performance.now() - (sent[index] ?? 0)));
    const timer = setInterval(() => {
      sent.push(performance.now());
      this.#writer.send(
        `{"id":${1_000_000 + first + sent.length},"publish":{"channel":"${channel}","data":{"text":"beat"}}}`,
      );
    }, period_ms);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    await this.#reader.until(() => log.length >= first + sent.length, `${sent.length} beats`);
    seen.stop();
    return latencies;
  }

  /** Tells of each new publication in the turn in which it came. */
  #watch(first: number, tell: (index: number) => void): { stop(): void } {
    let told = 0;
    let going = true;
    const log = this.#reader.log(this.#channel);
    const look = (): boolean => {
      for (; told < log.length - first; told++) tell(told);
      return !going;
    };
    void this.#reader.until(look, "the end of the pulse", 600_000).catch(() => {});
    return {
      stop: () => {
        look();
        going = false;
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await this.#reader[Symbol.asyncDispose]();
  }
}

export async function startPulse(node: { readonly ws: string }, channel = "open:pulse"): Promise<Pulse> {
  const [writer, reader] = [await connectRaw(node), await connectRaw(node)];
  await writer.subscribe(channel);
  await reader.subscribe(channel);
  // The log exists from its first publication on.
  await writer.request("publish", { channel, data: {} });
  await reader.untilSeq(channel, 1);
  return new SteadyPulse(writer, reader, channel);
}

export function p99(latencies: readonly number[]): number {
  return percentile(latencies, 0.99);
}

/** Does nothing for a while: a window in which something is measured. */
export function quiet(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}

export interface Felt {
  /** 99th percentiles in ms: of a quiet window, and of one with trouble right after it. */
  readonly before: number;
  readonly during: number;
  /** What was measured, for the figure. */
  readonly text: string;
}

const rounds_max = 3;

/**
 * How much more the others wait while there is trouble. What else this machine does shows up in one of the windows as
 * well: a round that is over the bound is measured again, twice at most, quiet window and all.
 */
export async function feltBy(
  pulse: Pulse,
  trouble: () => Promise<unknown>,
  options: { quiet_ms: number; extra_ms_max: number },
): Promise<Felt> {
  for (let round = 1; ; round++) {
    const before = p99(await pulse.during(() => quiet(options.quiet_ms)));
    const during = p99(await pulse.during(trouble));
    const text = `p99 of the others ${before.toFixed(1)} → ${during.toFixed(1)} ms`;
    if (during < before + options.extra_ms_max || round === rounds_max) return { before, during, text };
  }
}
