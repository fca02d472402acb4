import { createChat } from "../../src/app-chat.ts";
import { createDoors } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { Flusher } from "../../src/gateway/connection.ts";
import type { Sockets } from "../../src/gateway/socket.ts";
import type { Fields, Log } from "../../src/lib/log.ts";
import type { Storage } from "../../src/store/database.ts";
import { publicationSeq } from "../../src/protocol/events.ts";
import { jsonQuietTopic } from "../../src/protocol/topics.ts";
import { simulated } from "./database.ts";
import type { Link } from "./network.ts";
import { SimulatedClock } from "./timeline.ts";
import type { World } from "./world.ts";

const { config, secrets } = readConfig({ flags: { open: ["true"] }, env: {}, readFile: () => "" });
const acknowledged = /"rpc":\{"data":\{"seq":(\d+),"id":"([0-9a-f-]{36})"/g;

/** Joins, leaves and what only passes by have no place in the log; who wants none of them is on the quiet topic. */
function isAside(line: string, channel: string): boolean {
  return ["message", `channel":"${channel}","join`, `channel":"${channel}","leave`].some((kind) =>
    line.startsWith(`{"push":{"${kind}":`),
  );
}

/** One run of the server, from a start to a kill: everything of the real one between its sockets and its database. */
export class Node {
  readonly clock: SimulatedClock;
  readonly flusher = new Flusher();
  readonly topics = new Map<string, Set<Link>>();
  readonly links = new Set<Link>();
  readonly chat: ReturnType<typeof createChat>;
  readonly #world: World;
  /** The last seq that went to a room's topic. */
  readonly #delivered = new Map<string, number>();
  #sockets: Sockets | undefined;

  constructor(world: World) {
    this.#world = world;
    this.clock = new SimulatedClock(world.timeline, world.wall);
    const storage = world.database.open(this.clock) as Storage;
    const options = {
      config: {
        ...config,
        ringBytesMax: world.weather.ringBytes,
        messagesPerSecond: 1_000,
        messagesBurst: 1_000,
        openRoomsPerAddressMax: 0,
      },
      secrets,
      version: "simulated",
      log: this.#log(),
      clock: this.clock,
    };
    this.chat = createChat(options, storage, (topic, frame) => this.#deliver(topic, frame));
    void createDoors(options, storage, this.chat).then(({ sockets }) => {
      this.#sockets = sockets;
    });
  }

  get sockets(): Sockets {
    if (this.#sockets === undefined) throw new Error("Assertion failed: the doors are made in the turn of the start");
    return this.#sockets;
  }

  /** Ends it as a kill does: nothing of it happens any more. */
  kill(): void {
    this.clock.alive = false;
    for (const link of this.links) link.killed(this.#world.random.chance(0.5));
    this.links.clear();
  }

  /** What goes to one socket: an acknowledgement must not be on its way before its message is stored. */
  sent(frame: string): void {
    if (!frame.includes('"rpc":{"data":{"seq"')) return;
    for (const [, seq, id] of frame.matchAll(acknowledged)) {
      if (this.#world.database.ids.get(id as string) !== Number(seq))
        this.#world.fail(`acknowledged and not stored: ${id} at ${seq}`, undefined);
    }
  }

  #deliver(topic: string, frame: string): void {
    this.#checkPublished(topic, frame);
    for (const link of this.topics.get(topic) ?? []) link.send(frame);
  }

  /** Publish after commit, in seq order, the words that were stored. */
  #checkPublished(topic: string, frame: string): void {
    const channel = topic.slice(topic.indexOf("/") + 1);
    // A person's own line is no log: what comes on it is news without a place.
    if (channel.startsWith("user:")) {
      const line = `{"push":{"channel":"${channel}","pub":{"data":{"type":`;
      if (!frame.startsWith(line)) this.#world.fail(`not a line's news: ${frame}`, undefined);
      return;
    }
    const room = this.#world.database.byId.get(channel);
    if (room === undefined) return this.#world.fail(`published to ${channel}, which is no room`, undefined);
    const start = `{"push":{"channel":"${channel}","pub":`;
    const isQuiet = topic === jsonQuietTopic(channel);
    for (const line of frame.split("\n")) {
      if (!isQuiet && isAside(line, channel)) continue;
      if (!line.startsWith(start)) return this.#world.fail(`not a publication: ${line}`, undefined);
      const text = line.slice(start.length, -2);
      const seq = publicationSeq(text);
      const before = this.#delivered.get(topic) ?? 0;
      if (seq <= before) this.#world.fail(`published ${channel} ${seq} behind ${before}`, undefined);
      const { now_ms } = this.#world.timeline;
      if (!room.isText(seq, text, { sent_ms: now_ms, read_ms: 0 }))
        this.#world.fail(`published what is not stored: ${channel} ${seq}`, undefined);
      room.published(seq, now_ms);
      this.#delivered.set(topic, seq);
    }
  }

  /** The server's log: an error that no simulated fault explains is a bug. */
  #log(): Log {
    const told = (event: string, fields?: Fields): void => {
      if (this.#world.verbose) console.log(`${this.#world.timeline.now_ms.toFixed(1)} log ${event}`, fields?.["error"]);
      const chain: unknown[] = [];
      for (let at = fields?.["error"]; at instanceof Error; at = at.cause) chain.push(at.message);
      if (fields?.["error"] === undefined || chain.some((text) => String(text).includes(simulated))) return;
      this.#world.fail(`the server logged ${event}: ${chain.join(" < ")}`, undefined);
    };
    const quiet = (): void => undefined;
    const log: Log = { debug: quiet, info: quiet, warn: told, error: told, child: () => log };
    return log;
  }
}
