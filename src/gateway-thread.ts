/** A gateway thread: the chat and its doors, with ports to the main thread in place of the journal and the storage. */

import type { AppOptions } from "./app-chat.ts";
import { openGateway, type OpenGateway } from "./app.ts";
import { ThreadBroker } from "./broker/threads.ts";
import type { Config } from "./config.ts";
import { remoteOf, type FromGateway, type Opening, type ToGateway } from "./gateways.ts";
import { systemClock } from "./lib/clock.ts";
import { createLog } from "./lib/log.ts";
import { Metrics } from "./lib/metrics.ts";
import { JournalPort } from "./store/journal-port.ts";
import { openGatewayStorage, StoragePort } from "./store/storage-port.ts";

declare const self: Worker;

function post(message: FromGateway): void {
  self.postMessage(message);
}

const clock = systemClock;
const metrics = new Metrics();
const storagePort = new StoragePort((message) => post({ op: "storage", message }));
const broker = new ThreadBroker({ clock, post: (message) => post({ op: "broker", message }) });
const starting = { ready: false, reason: "starting", meaning: "the gateway is starting", age_ms: 0, took_ms: 0 };
/** Figures that somebody waits for. */
const scrapes = new Map<number, (text: string) => void>();
let nextScrape = 0;
let journalPort: JournalPort | undefined;
let gateway: OpenGateway | undefined;

/** What is set for the process is shared by its gateways: connections are dealt out evenly. */
function shareOf(config: Config): Config {
  const { connectionsMax, gateways, ringBytesMax } = config;
  return {
    ...config,
    connectionsMax: Math.ceil(connectionsMax / gateways),
    ringBytesMax: Math.ceil(ringBytesMax / gateways),
  };
}

function metricsText(): Promise<string> {
  return new Promise((resolve) => {
    const n = nextScrape++;
    scrapes.set(n, resolve);
    post({ op: "metrics", n });
  });
}

async function open(opening: Opening, number: number): Promise<void> {
  const { secrets, version, tls, page, ports, epoch, durability } = opening;
  const config = shareOf(opening.config);
  const log = createLog({ ...opening.log, clock, write: (line) => post({ op: "log", line }) }).child({
    gateway: number,
  });
  const storage = await openGatewayStorage({
    clock,
    remote: remoteOf({ config, secrets }),
    port: storagePort,
    epoch,
    durability,
  });
  const options: AppOptions = {
    config,
    secrets,
    version,
    log,
    clock,
    // What is committed here comes to all gateways by the journal; other nodes hear of it from one of them.
    others: { broker, tells: config.redis !== "" && number === 1 },
    openJournal(publish, seen) {
      journalPort = new JournalPort({ clock, publish, seen, post: (message) => post({ op: "journal", message }) });
      return journalPort;
    },
  };
  gateway = await openGateway(options, storage, { tls, page, metrics, metricsText, ports, shared: true });
  post({ op: "opened", url: gateway.url });
}

async function drain(): Promise<void> {
  await gateway?.drain();
  await gateway?.stop();
  // What it has said goes out before the thread ends.
  await broker.close();
  post({ op: "drained" });
}

function report(n: number): void {
  const connections = gateway?.connections() ?? 0;
  const health = gateway?.health() ?? starting;
  post({ op: "report", n, report: { connections, health, metrics: metrics.render() } });
}

async function administer(n: number, act: unknown): Promise<void> {
  try {
    post({ op: "administered", n, answer: await gateway?.administer(act), refusal: undefined });
  } catch (error) {
    const refusal = error instanceof Error ? error.message : String(error);
    post({ op: "administered", n, answer: undefined, refusal });
  }
}

function leave(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  post({ op: "lost", message, stack });
}

process.on("uncaughtException", leave);
process.on("unhandledRejection", leave);

self.onmessage = ({ data }: MessageEvent<ToGateway>) => {
  switch (data.op) {
    case "open":
      return void open(data.opening, data.gateway);
    case "journal":
      return journalPort?.receive(data.message);
    case "storage":
      return storagePort.receive(data.message);
    case "broker":
      return broker.receive(data.message);
    case "alarm":
      return gateway?.alarm();
    case "renew":
      return gateway?.renew(data.tls);
    case "look":
      return post({ op: "looked" });
    case "report":
      return report(data.n);
    case "metrics":
      scrapes.get(data.n)?.(data.text);
      scrapes.delete(data.n);
      return;
    case "administer":
      return void administer(data.n, data.act);
    case "drain":
      return void drain();
  }
};

post({ op: "ready" });
