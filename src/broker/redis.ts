/**
 * The broker on Redis or Valkey: publish/subscribe, nothing is kept there. One server, Sentinel, or a Cluster (with
 * sharded channels), by the address. Every command has a deadline, and a connection that is silent past it is made anew:
 * what was queued for it goes with it.
 */

import { Cluster, Redis } from "ioredis";
import { backoff } from "../lib/backoff.ts";
import { deadline, type Clock, type Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { outgoing_bytes_max, type Broker, type Hearing } from "./contract.ts";

const command_ms_max = 2_000;
const confirm_ms_max = 1_000;
/** How often both connections are asked for a sign of life. */
const watch_ms = 1_000;
const reconnect = { floor_ms: 20, ceiling_ms: 1_000, random: Math.random };
const default_port = 6_379;
const default_sentinel_port = 26_379;

export interface RedisBrokerOptions {
  /** `redis://host:port/0`, `rediss://…`, `redis-sentinel://host:port,host:port/name`, `redis-cluster://host:port,host:port`. */
  readonly url: string;
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

interface Address {
  readonly kind: "single" | "sentinel" | "cluster";
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  /** The number of the database, or the name of the Sentinel's group. */
  readonly path: string;
  readonly tls: boolean;
}

function addressOf(url: string): Address {
  const [, scheme = "", user = "", hosts = "", path = ""] =
    /^([a-z-]+):\/\/(?:([^@/]*)@)?([^/]+)\/?(.*)$/.exec(url) ?? [];
  const kind = scheme.includes("sentinel") ? "sentinel" : scheme.includes("cluster") ? "cluster" : "single";
  const usual = kind === "sentinel" ? default_sentinel_port : default_port;
  const listed = hosts.split(",").map((text) => {
    const [, host = "", port = ""] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
    return { host: host.replace(/^\[|\]$/g, ""), port: port === "" ? usual : Number(port) };
  });
  return { kind, hosts: listed, user, path, tls: scheme.startsWith("rediss") };
}

/** The two things that a broker's connections are used for, whatever is behind them. */
interface Lines {
  publish(channel: string, text: string): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  /** Asks both connections for a sign of life; makes those anew that give none. */
  watch(): void;
  readonly ready: boolean;
  close(): void;
}

interface Told {
  readonly message: (channel: string, text: string) => void;
  readonly ready: () => void;
  readonly lost: () => void;
  readonly error: (error: Error) => void;
}

export class RedisBroker implements Broker {
  readonly #options: RedisBrokerOptions;
  readonly #lines: Lines;
  readonly #wanted = new Set<string>();
  readonly #watcher: Timer;
  #hearing: Hearing | undefined;
  #outgoing_bytes = 0;
  #wasReady = false;
  #isLost = false;
  #closed = false;
  dropped = 0;

  constructor(options: RedisBrokerOptions) {
    this.#options = options;
    const told: Told = {
      message: (channel, text) => this.#hearing?.message(channel, text),
      ready: () => this.#ready(),
      lost: () => this.#lost(undefined),
      error: (error) => this.#lost(error),
    };
    const address = addressOf(options.url);
    this.#lines =
      address.kind === "cluster" ? clusterLines(address, options, told) : pairOfLines(address, options, told);
    this.#watcher = options.clock.every(watch_ms, () => this.#lines.watch());
  }

  get connected(): boolean {
    return this.#lines.ready;
  }

  listen(hearing: Hearing): void {
    this.#hearing = hearing;
  }

  publish(channel: string, text: string): void {
    const bytes = text.length;
    if (this.#closed || !this.#lines.ready || this.#outgoing_bytes + bytes > outgoing_bytes_max) {
      this.dropped++;
      return;
    }
    this.#outgoing_bytes += bytes;
    this.#lines.publish(channel, text).then(
      () => void (this.#outgoing_bytes -= bytes),
      () => {
        this.#outgoing_bytes -= bytes;
        this.dropped++;
      },
    );
  }

  async subscribe(channel: string): Promise<boolean> {
    this.#wanted.add(channel);
    if (!this.#lines.ready) return false;
    try {
      const late = { ms: confirm_ms_max, error: () => new Error("The broker has not confirmed.") };
      await deadline(this.#options.clock, this.#lines.subscribe(channel), late);
      return true;
    } catch {
      // It stays wanted: the next connection asks for it again.
      return false;
    }
  }

  unsubscribe(channel: string): void {
    if (!this.#wanted.delete(channel) || !this.#lines.ready) return;
    this.#lines.unsubscribe(channel).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher.cancel();
    // What was published in this turn is not written yet.
    await new Promise<void>((resume) => this.#options.clock.soon(resume));
    this.#lines.close();
  }

  /** Both connections are there, for the first time or again. */
  #ready(): void {
    for (const channel of this.#wanted) this.#lines.subscribe(channel).catch(() => undefined);
    if (this.#isLost || !this.#wasReady) this.#options.log.info("broker_connected");
    // One that was away at first has missed as much.
    if (this.#isLost || this.#wasReady) this.#hearing?.restored();
    this.#wasReady = true;
    this.#isLost = false;
  }

  /** Once until it is back: a broker that is away would fill the log. */
  #lost(error: Error | undefined): void {
    if (this.#isLost || this.#closed) return;
    this.#isLost = true;
    const meaning = "other nodes hear of messages by the database, within 3 s";
    this.#options.log.warn("broker_lost", { meaning, ...(error === undefined ? {} : { error }) });
  }
}

function commonOptions(address: Address, password: string | undefined) {
  return {
    ...(address.user === "" ? {} : { username: address.user }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls ? { tls: {} } : {}),
    connectTimeout: command_ms_max,
    commandTimeout: command_ms_max,
    retryStrategy: (attempt: number) => backoff(attempt, reconnect),
    // What cannot be sent now is late, and the database has it: nothing is kept back.
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  };
}

/** A connection that publishes and one that is subscribed, to one server or to whom a Sentinel names. */
function pairOfLines(address: Address, { password }: RedisBrokerOptions, told: Told): Lines {
  const common = commonOptions(address, password);
  const [first] = address.hosts;
  const place =
    address.kind === "sentinel"
      ? {
          sentinels: [...address.hosts],
          name: address.path,
          sentinelRetryStrategy: (attempt: number) => backoff(attempt, reconnect),
        }
      : { ...first, ...(address.path === "" ? {} : { db: Number(address.path) }) };
  const publisher = new Redis({ ...common, ...place, enableAutoPipelining: true });
  const subscriber = new Redis({ ...common, ...place });
  const both = [publisher, subscriber];
  const isReady = (): boolean => both.every(({ status }) => status === "ready");
  subscriber.on("message", told.message);
  for (const one of both) {
    one.on("error", told.error);
    one.on("close", told.lost);
    one.on("ready", () => {
      if (isReady()) told.ready();
    });
  }
  return {
    get ready() {
      return isReady();
    },
    publish: (channel, text) => publisher.publish(channel, text),
    subscribe: (channel) => subscriber.subscribe(channel),
    unsubscribe: (channel) => subscriber.unsubscribe(channel),
    watch() {
      for (const one of both) {
        if (one.status === "ready") one.ping().catch(() => one.disconnect(true));
      }
    },
    close() {
      for (const one of both) one.disconnect();
    },
  };
}

/** A cluster: channels are sharded, so that a message goes to one shard only. It keeps its subscriptions by itself. */
function clusterLines(address: Address, { password }: RedisBrokerOptions, told: Told): Lines {
  const { retryStrategy: _, ...common } = commonOptions(address, password);
  const cluster = new Cluster([...address.hosts], {
    redisOptions: common,
    shardedSubscribers: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: (attempt) => backoff(attempt, reconnect),
  });
  cluster.on("smessage", told.message);
  cluster.on("error", told.error);
  cluster.on("close", told.lost);
  cluster.on("ready", told.ready);
  return {
    get ready() {
      return cluster.status === "ready";
    },
    publish: (channel, text) => cluster.spublish(channel, text),
    subscribe: (channel) => cluster.ssubscribe(channel),
    unsubscribe: (channel) => cluster.sunsubscribe(channel),
    watch() {
      // Each of its connections has the deadline of a command; what a silent shard loses is found in the database.
      if (cluster.status === "ready") cluster.ping().catch(() => undefined);
    },
    close() {
      cluster.disconnect();
    },
  };
}
