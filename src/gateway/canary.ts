/**
 * Whether the server does what it is for, asked by doing it: a message of our own goes through journal, database and
 * outbox to a socket of our own every few seconds. Its age is the answer.
 */

import type { Clock, Timer } from "../lib/clock.ts";
import { token } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { errors, type ErrorCode } from "../protocol/errors.ts";

const period_ms = 5_000;
/** While something is wrong, so that its end is noticed at once. */
const trouble_period_ms = 250;
/** Past it something is wrong, although nothing was refused. */
export const canary_age_ms_max = 12_000;

export interface CanaryRoom {
  readonly topic: string;
  beat(): Promise<{ readonly code: string }>;
}

export interface CanaryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly room: CanaryRoom;
}

export interface Health {
  readonly ready: boolean;
  /** A name of `protocol/errors.ts`, or `draining`, or `silent`. */
  readonly reason: string | undefined;
  readonly meaning: string | undefined;
  /** Since the last message of our own that came back. */
  readonly age_ms: number;
  /** How long that one was on its way. */
  readonly took_ms: number;
}

export class Canary {
  /** What the socket shows at the door; nobody else knows it. */
  readonly key = token(24);
  readonly #options: CanaryOptions;
  #socket: WebSocket | undefined;
  #timer: Timer | undefined;
  #trouble: string | undefined;
  #draining = false;
  #stopped = false;
  #beating = false;
  #sent_ms: number;
  #back_ms: number;
  #took_ms = 0;

  constructor(options: CanaryOptions) {
    this.#options = options;
    this.#sent_ms = options.clock.monotonic();
    this.#back_ms = this.#sent_ms;
  }

  get topic(): string {
    return this.#options.room.topic;
  }

  /** Time since a message of our own came back. */
  get age_ms(): number {
    return this.#options.clock.monotonic() - this.#back_ms;
  }

  /** The address of the canary's own door. Resolves when the first message has come back. */
  async start(url: string): Promise<void> {
    await this.#connect(url);
    await this.#beat();
  }

  health(): Health {
    const age_ms = Math.round(this.age_ms);
    const silent = age_ms > canary_age_ms_max ? "silent" : undefined;
    const reason = this.#draining ? "draining" : (this.#trouble ?? silent);
    return {
      ready: reason === undefined,
      reason,
      meaning: reason === undefined ? undefined : meaningOf(reason),
      age_ms,
      took_ms: Math.round(this.#took_ms * 10) / 10,
    };
  }

  /** Somebody's commit failed: look at once. */
  alarm(): void {
    if (this.#stopped || this.#beating || this.#trouble !== undefined) return;
    this.#timer?.cancel();
    void this.#beat();
  }

  drain(): void {
    this.#draining = true;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#socket?.close();
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    this.#sent_ms = this.#options.clock.monotonic();
    const before = this.#trouble;
    try {
      const { code } = await this.#options.room.beat();
      this.#trouble = code === "committed" ? undefined : code;
    } catch (error) {
      this.#trouble = "internal";
      this.#options.log.error("canary_failed", { error });
    }
    this.#beating = false;
    if (before !== this.#trouble) this.#tell();
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.#trouble === undefined ? period_ms : trouble_period_ms, () => {
      void this.#beat();
    });
  }

  #tell(): void {
    const { log } = this.#options;
    if (this.#trouble === undefined) log.info("storage_works_again");
    else log.error("storage_in_trouble", { reason: this.#trouble, meaning: meaningOf(this.#trouble) });
  }

  /** A certificate is for a name, and this goes to an address of this machine. */
  #connect(url: string): Promise<void> {
    return new Promise((resolve) => {
      const headers = { authorization: `Bearer ${this.key}` };
      const socket = new WebSocket(url, { headers, tls: { rejectUnauthorized: false } });
      this.#socket = socket;
      socket.onopen = () => resolve();
      socket.onmessage = () => this.#back();
      socket.onclose = () => {
        resolve();
        if (!this.#stopped) this.#options.clock.after(trouble_period_ms, () => void this.#connect(url));
      };
    });
  }

  #back(): void {
    this.#back_ms = this.#options.clock.monotonic();
    this.#took_ms = this.#back_ms - this.#sent_ms;
  }
}

function meaningOf(reason: string): string {
  if (reason === "draining") return "the server is going down";
  if (reason === "silent") return "a message of the server's own does not come back";
  return reason in errors ? errors[reason as ErrorCode].text : reason;
}
