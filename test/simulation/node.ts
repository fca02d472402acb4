import { createChat, type AppOptions } from "../../src/app-chat.ts";
import { createDoors } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { Flusher } from "../../src/gateway/connection.ts";
import type { Sockets } from "../../src/gateway/socket.ts";
import type { Storage } from "../../src/store/database.ts";
import { publicationSeq } from "../../src/protocol/events.ts";
import { jsonQuietTopic } from "../../src/protocol/topics.ts";
import type { SimulatedBroker } from "./broker.ts";
import type { ChatStorage } from "./database.ts";
import type { Link } from "./network.ts";
import type { Run } from "./room-log.ts";
import type { SimulatedClock } from "./timeline.ts";
import type { World } from "./world.ts";

const { config, secrets } = readConfig({ flags: { open: ["true"] }, env: {}, readFile: () => "" });
const acknowledged = /"rpc":\{"data":\{"seq":(\d+),"id":"([0-9a-f-]{36})"/g;

/** Joins, leaves and what only passes by have no place in the log; who wants none of them is on the quiet topic. */
function isAside(line: string, channel: string): boolean {
  return ["message", `channel":"${channel}","join`, `channel":"${channel}","leave`].some((kind) =>
    line.startsWith(`{"push":{"${kind}":`),
  );
}

export interface NodeOptions {
  readonly name: string;
  readonly clock: SimulatedClock;
  readonly storage: ChatStorage;
  /** It could not start. */
  readonly failed: () => void;
  readonly others: { readonly broker: SimulatedBroker; readonly tells: boolean } | undefined;
  readonly openJournal?: AppOptions["openJournal"];
}

/** The settings of a server with that database. */
export function serverConfig(database: string): AppOptions["config"] {
  const limits = { messagesPerSecond: 1_000, messagesBurst: 1_000, openRoomsPerAddressMax: 0 };
  return { ...config, ...limits, database };
}

/** One run of the server, from a start to a kill: everything of the real one between its sockets and its database. */
export class Node implements Run {
  readonly name: string;
  readonly started_ms: number;
  readonly clock: SimulatedClock;
  readonly flusher = new Flusher();
  readonly topics = new Map<string, Set<Link>>();
  readonly links = new Set<Link>();
  /** Where it is one of several. */
  readonly broker: SimulatedBroker | undefined;
  readonly chat: ReturnType<typeof createChat>;
  readonly #world: World;
  /** The last seq that went to a room's topic. */
  readonly #delivered = new Map<string, number>();
  #sockets: Sockets | undefined;

  constructor(world: World, { clock, failed, name, openJournal, others, storage }: NodeOptions) {
    this.#world = world;
    this.name = name;
    this.started_ms = world.timeline.now_ms;
    this.clock = clock;
    this.broker = others?.broker;
    const { nodes, ringBytes } = world.weather;
    const options = {
      config: { ...serverConfig(nodes > 1 ? "http://database" : ""), ringBytesMax: ringBytes },
      secrets,
      version: "simulated",
      log: world.log(name),
      clock,
      others,
      ...(openJournal === undefined ? {} : { openJournal }),
    };
    this.chat = createChat(options, storage as Storage, (topic, frame) => this.#deliver(topic, frame));
    this.#open(options, storage as Storage).catch(failed);
  }

  /** A node that is alone has nobody to hear: its doors are made in the turn of its start. */
  async #open(options: AppOptions, storage: Storage): Promise<void> {
    if (this.broker !== undefined) await this.chat.start();
    const { sockets } = await createDoors(options, storage, this.chat);
    this.#sockets = sockets;
  }

  /** It lets people in. */
  get isOpen(): boolean {
    return this.#sockets !== undefined;
  }

  get sockets(): Sockets {
    if (this.#sockets === undefined) throw new Error("Assertion failed: nobody comes before the doors are made");
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
      if (!room.isText(seq, text, { by: this, sent_ms: now_ms, read_ms: 0 }))
        this.#world.fail(`published what is not stored: ${channel} ${seq}`, undefined);
      room.published(seq, this, now_ms);
      this.#delivered.set(topic, seq);
    }
  }
}
