/** PROMISES.md T16: 2,000 sockets, 200 messages a second, a twentieth of the sockets come anew each minute; for half an hour. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { footprint, type Footprint } from "../checker.ts";
import { connectRaw, eventually, percentile } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { inMiB } from "../process-memory.ts";
import { jwtSecret, signed, inSeconds } from "../tokens.ts";
import { unlimited } from "../writing.ts";
import { Listener, type Listening } from "./listener.ts";

const MiB = 1024 * 1024;
const minutes = Number(process.env["SOAK_MINUTES"] ?? 30);
const rooms = 100;
const per_room = 20;
const per_second = 200;
const churn_ms = 60_000 / ((rooms * per_room) / 20);
const entering_at_once = 50;
const look_ms = 1_000;
const turn_ms = 20;
/** Who goes is not the neighbour of who went before. */
const stride = 7_919;
const descriptors_more_max = 5;
/**
 * Of the resident memory, each hour. To reach is one MiB; half an hour tells it to five, for neighbouring minutes differ by as
 * much as two. Twenty bytes kept of each message would be more.
 */
const rise_bytes_max = 8 * MiB;
const wal_bytes_max = 64 * MiB;
/** Caches, the compiler's code and the heap have their size by then. */
const settled_share = 0.5;

interface Look extends Footprint {
  readonly at_ms: number;
  readonly wal_bytes: number;
}

function look({ data, pid }: ChatNode): Look {
  return {
    at_ms: performance.now(),
    ...footprint(pid),
    wal_bytes: statSync(join(data, "confab.db-wal")).size,
  };
}

interface Point {
  readonly hours: number;
  readonly bytes: number;
}

/** What is least in each minute: the heap between two collections is a saw. */
function floors(looks: readonly Look[]): Point[] {
  const byMinute = Map.groupBy(looks, ({ at_ms }) => Math.floor(at_ms / 60_000));
  // The last minute is not whole.
  return [...byMinute].slice(0, -1).map(([minute, of]) => ({
    hours: minute / 60,
    bytes: Math.min(...of.map(({ rss_bytes }) => rss_bytes)),
  }));
}

/** Bytes an hour: the median of the slopes between any two points, for some minutes have no sweep of the heap. */
function slope(points: readonly Point[]): number {
  const slopes = points.flatMap((one, at) =>
    points.slice(at + 1).map((other) => (other.bytes - one.bytes) / (other.hours - one.hours)),
  );
  return percentile(slopes, 0.5);
}

async function seats(node: ChatNode): Promise<Listening[]> {
  await using first = await connectRaw(node);
  const epoch = first.connected?.data.epoch ?? "";
  const names = Array.from({ length: rooms }, (_, at) => `open:soak-${at}`);
  for (const room of names) await first.subscribe(room);
  return await Promise.all(
    Array.from({ length: rooms * per_room }, async (_, at) => ({
      node,
      token: await signed({ sub: `person-${at}`, exp: inSeconds(86_400) }),
      room: names[at % rooms] as string,
      epoch,
    })),
  );
}

/** Everybody in their seats; the first of each room writes, the others go and come back. */
class Audience {
  readonly wrong: string[] = [];
  readonly #seats: readonly Listening[];
  readonly #listeners: Listener[] = [];
  readonly #returning = new Set<Promise<void>>();
  published = 0;
  left = 0;

  constructor(taken: readonly Listening[]) {
    this.#seats = taken;
  }

  async enter(): Promise<void> {
    const begins = { position: 0, wrong: this.wrong };
    for (let at = 0; at < this.#seats.length; at += entering_at_once) {
      const entering = this.#seats.slice(at, at + entering_at_once);
      this.#listeners.push(...(await Promise.all(entering.map((seat) => Listener.enter(seat, begins)))));
    }
  }

  publish(): void {
    const writer = this.#listeners[this.published % rooms] as Listener;
    writer.publish({ text: `message ${this.published++} of a long half hour` });
  }

  /** One goes and comes back at once, as the same person. */
  change(): void {
    const others = this.#listeners.length - rooms;
    const at = rooms + ((this.left++ * stride) % others);
    const gone = this.#listeners[at] as Listener;
    gone.leave();
    const from = { position: gone.position, wrong: this.wrong };
    const returning = Listener.enter(this.#seats[at] as Listening, from).then((listener) => {
      this.#listeners[at] = listener;
      this.#returning.delete(returning);
    });
    this.#returning.add(returning);
  }

  async caughtUp(): Promise<void> {
    await Promise.all(this.#returning);
    const written = (room: number): number => Math.ceil((this.published - room) / rooms);
    const hasAll = ({ pending, position }: Listener, at: number): boolean =>
      pending === 0 && position === written(at % rooms);
    await eventually(() => this.#listeners.every(hasAll), "everybody has everything", 30_000);
  }

  leave(): void {
    for (const listener of this.#listeners) listener.leave();
  }
}

/** Works for so long, and looks at the server each second. */
async function work(audience: Audience, node: ChatNode): Promise<Look[]> {
  const looks: Look[] = [];
  const start_ms = performance.now();
  for (let past_ms = 0; past_ms < minutes * 60_000; past_ms = performance.now() - start_ms) {
    while (audience.published < (past_ms / 1000) * per_second) audience.publish();
    while (audience.left < past_ms / churn_ms) audience.change();
    while (looks.length < past_ms / look_ms) looks.push(look(node));
    await Bun.sleep(turn_ms);
  }
  return looks;
}

test(
  `T16: ${minutes} minutes of work leave memory, descriptors and the log as they are`,
  async () => {
    await using node = await startNode({
      binary: true,
      args: ["--open", "--open-rooms-per-address-max", String(rooms), ...unlimited, "--ring-bytes-max", "4MiB"],
      env: { CONFAB_JWT_SECRET: jwtSecret },
    });
    const audience = new Audience(await seats(node));
    await audience.enter();
    const looks = await work(audience, node);
    await audience.caughtUp();
    audience.leave();
    expect(audience.wrong).toEqual([]);

    const settled = looks.slice(Math.floor(looks.length * settled_share));
    const [first, last] = [settled[0] as Look, settled.at(-1) as Look];
    const wal_bytes = Math.max(...looks.map((of) => of.wal_bytes));
    const minima = floors(looks).map(({ bytes }) => inMiB(bytes));
    const rise_bytes = slope(floors(settled));
    console.log(`figure: T16 memory, the least of each minute: ${minima.join(", ")}`);
    console.log(
      `figure: T16 ${minutes} minutes, ${audience.published} messages, ${audience.left} came back: memory ${inMiB(rise_bytes)} an hour (${inMiB(rise_bytes_max)}), descriptors ${first.descriptors} to ${last.descriptors}, log ${inMiB(wal_bytes)} at most (${inMiB(wal_bytes_max)})`,
    );
    expect(Math.abs(last.descriptors - first.descriptors)).toBeLessThanOrEqual(descriptors_more_max);
    expect(wal_bytes).toBeLessThanOrEqual(wal_bytes_max);
    expect(rise_bytes).toBeLessThanOrEqual(rise_bytes_max);
  },
  (minutes + 5) * 60_000,
);
