/**
 * The load itself. Closed: so many messages are on their way at any time, a new one leaves when one has come back.
 * Open: so many messages a second, whatever the server does, with the time from the send to each receipt.
 */

import type { Clock } from "../../lib/clock.ts";
import { BusyLoop } from "./busy-loop.ts";
import type { LoadMember, LoadRoom, LoadTarget } from "./load-room.ts";
import { IdSource, readStamp } from "./message-template.ts";

export type Pace =
  | { readonly kind: "closed"; readonly in_flight: number }
  | { readonly kind: "open"; readonly messages_per_second: number };

export interface LoadOptions {
  readonly clock: Clock;
  readonly target: LoadTarget;
  readonly rooms: readonly LoadRoom[];
  readonly pace: Pace;
  readonly warmup_ms: number;
  readonly window_ms: number;
  /** Never sleeps; its CPU is then the time in which it had something to do. */
  readonly awake?: boolean;
  /** Called at the edges of the window, to look at the clocks of other processes. */
  readonly edge?: (at: "start" | "end") => void;
}

export interface LoadResult {
  readonly window_s: number;
  readonly deliveries: number;
  /** Messages that came back in the window. */
  readonly messages: number;
  /** Milliseconds from send to receipt; only of an open load. */
  readonly p50_ms: number | undefined;
  readonly p99_ms: number | undefined;
  /** Share of one core that this process had work for in the window. */
  readonly generator_cpu: number;
  /** Deliveries that had not come some seconds after the last send. */
  readonly missing: number;
  readonly holes: number;
  readonly errors: number;
  readonly closed: number;
}

const settle_ms_max = 3_000;
const settle_step_ms = 10;
/** Who was refused waits so long before the next send: a load is no attack. */
const refused_pause_ms = 50;
const samples_max = 2_000_000;
const marker = Buffer.from('"text":"');

export class Load {
  readonly #options: LoadOptions;
  readonly #ids = new IdSource();
  readonly #owed = new Map<LoadMember, number>();
  readonly #samples: Float64Array;
  #sampled = 0;
  #sampling = false;
  #sent = 0;
  #back = 0;
  #refusals = 0;
  #stopped = false;
  /** Chunks of bytes that came. */
  #chunks = 0;
  #busyLoop: BusyLoop | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#samples = new Float64Array(options.pace.kind === "open" ? samples_max : 0);
  }

  async run(): Promise<LoadResult> {
    const { pace, rooms, target, warmup_ms, window_ms, edge } = this.#options;
    const before = this.#delivered();
    target.events.released = (member, count) => this.#released(member, count);
    target.events.refused = (member) => this.#refused(member);
    if (pace.kind === "open") target.events.stamped = (bytes, start, end) => this.#stamped(bytes, start, end);
    for (const room of rooms) this.#listen(room);
    if (this.#options.awake === true) this.#busyLoop = new BusyLoop(this.#options.clock, () => this.#chunks);
    const pacer = pace.kind === "open" ? this.#paced(pace.messages_per_second) : this.#filled(pace.in_flight);
    await this.#wait(warmup_ms);
    const first = this.#look();
    edge?.("start");
    this.#sampling = true;
    await this.#wait(window_ms);
    this.#sampling = false;
    const last = this.#look();
    edge?.("end");
    pacer();
    this.#stopped = true;
    this.#busyLoop?.stop();
    await this.#settle(before);
    const { holes } = target.faults;
    const window_s = (last.at_ms - first.at_ms) / 1000;
    const sorted = this.#samples.subarray(0, this.#sampled).sort();
    return {
      window_s,
      deliveries: last.delivered - first.delivered,
      messages: last.back - first.back,
      p50_ms: quantile(sorted, 0.5),
      p99_ms: quantile(sorted, 0.99),
      generator_cpu: (last.busy_ms - first.busy_ms) / (window_s * 1000),
      missing: this.#missing(before),
      holes,
      errors: this.#refusals,
      closed: rooms.flatMap(({ members }) => members).filter(({ socket }) => !socket.open).length,
    };
  }

  #look(): { at_ms: number; delivered: number; back: number; busy_ms: number } {
    const at_ms = this.#options.clock.monotonic();
    const { user, system } = process.cpuUsage();
    const busy_ms = this.#busyLoop === undefined ? (user + system) / 1000 : at_ms - this.#busyLoop.idle_ms;
    return { at_ms, delivered: this.#delivered(), back: this.#back, busy_ms };
  }

  #listen({ members, senders }: LoadRoom): void {
    for (const { socket } of members) socket.onChunk = () => void this.#chunks++;
    for (const sender of senders)
      sender.socket.onChunk = () => {
        this.#chunks++;
        this.#refill(sender);
      };
  }

  #delivered(): number {
    let sum = 0;
    for (const room of this.#options.rooms) for (const member of room.members) sum += member.delivered;
    return sum;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  /** Deliveries of what was sent and not refused that have not come yet; all rooms have as many members. */
  #missing(before: number): number {
    const members = this.#options.rooms[0]?.members.length ?? 0;
    return before + (this.#sent - this.#refusals) * members - this.#delivered();
  }

  async #settle(before: number): Promise<void> {
    for (let waited = 0; waited < settle_ms_max && this.#missing(before) > 0; waited += settle_step_ms)
      await this.#wait(settle_step_ms);
  }

  #send(member: LoadMember, count: number): void {
    const { template, socket } = member;
    if (template === undefined || count === 0) return;
    const { clock } = this.#options;
    this.#sent += count;
    socket.write(template.frames(count, this.#ids, { wall_ms: clock.now(), monotonic_ms: clock.monotonic() }));
  }

  /** Spreads what may be on its way evenly over rooms and their senders. */
  #filled(in_flight: number): () => void {
    const { rooms } = this.#options;
    const counts = new Map<LoadMember, number>();
    for (let index = 0; index < in_flight; index++) {
      const { senders } = rooms[index % rooms.length] as LoadRoom;
      const sender = senders[Math.floor(index / rooms.length) % senders.length] as LoadMember;
      counts.set(sender, (counts.get(sender) ?? 0) + 1);
    }
    for (const [member, count] of counts) this.#send(member, count);
    return () => {};
  }

  #released(member: LoadMember, count: number): void {
    this.#back += count;
    if (this.#options.pace.kind === "open" || this.#stopped) return;
    this.#owed.set(member, (this.#owed.get(member) ?? 0) + count);
  }

  #refused(member: LoadMember): void {
    this.#refusals++;
    const { clock, pace } = this.#options;
    if (pace.kind === "open" || this.#stopped) return;
    clock.after(refused_pause_ms, () => {
      if (!this.#stopped) this.#send(member, 1);
    });
  }

  /** What came back in one chunk is replaced in one write. */
  #refill(sender: LoadMember): void {
    const owed = this.#owed.get(sender);
    if (owed === undefined || owed === 0 || this.#stopped) return;
    this.#owed.set(sender, 0);
    this.#send(sender, owed);
  }

  /** Sends what is due every millisecond, from one sender after another. */
  #paced(per_second: number): () => void {
    const { clock, rooms } = this.#options;
    const senders = rooms.flatMap((room) => room.senders);
    const start_ms = clock.monotonic();
    let sent = 0;
    const timer = clock.every(1, () => {
      const due = Math.floor(((clock.monotonic() - start_ms) * per_second) / 1000);
      for (; sent < due; sent++) this.#send(senders[sent % senders.length] as LoadMember, 1);
    });
    return () => timer.cancel();
  }

  #stamped(bytes: Buffer, start: number, end: number): void {
    if (!this.#sampling) return;
    const now_us = this.#options.clock.monotonic() * 1000;
    for (let at = bytes.indexOf(marker, start); at >= 0 && at < end; at = bytes.indexOf(marker, at)) {
      at += marker.length;
      if (this.#sampled < samples_max) this.#samples[this.#sampled++] = (now_us - readStamp(bytes, at)) / 1000;
    }
  }
}

function quantile(sorted: Float64Array, share: number): number | undefined {
  return sorted.length === 0 ? undefined : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
