/** A node, which is one process: builds the storage, one gateway or several, and the tools; starts and stops them. No logic. */

import { join } from "node:path";
import { draftWait, type AppOptions } from "./app-chat.ts";
import { openGateway } from "./app.ts";
import { openBroker } from "./broker/open.ts";
import type { Broker } from "./broker/contract.ts";
import { BrokerHub } from "./broker/threads.ts";
import type { OperatorAct } from "./chat/operator-acts.ts";
import { isLoopback } from "./gateway/address.ts";
import { adminSocket, createAdmin } from "./gateway/admin.ts";
import { countBatches, registerBrokerFigures, registerProcessFigures, watchLoop } from "./gateway/figures.ts";
import { loadPage } from "./gateway/page.ts";
import { claimPorts, listenForTools, type Tls } from "./gateway/server.ts";
import { readTls, renewTls } from "./gateway/tls.ts";
import { Gateways, remoteOf } from "./gateways.ts";
import { Metrics } from "./lib/metrics.ts";
import { backUp } from "./store/backup.ts";
import { backUpRegularly } from "./store/backup-timer.ts";
import { openStorage, type OpenedStorage } from "./store/database.ts";
import { JournalHub } from "./store/journal-hub.ts";
import { Journal, type CommittedBatch } from "./store/journal.ts";

export interface App {
  readonly url: string;
  /** Does what the command line asks for. */
  administer(act: OperatorAct): Promise<unknown>;
  /** Reads the certificate's files again. */
  renew(): void;
  stop(): Promise<void>;
}

export async function startApp(options: AppOptions): Promise<App> {
  const { clock, config, log, secrets } = options;
  warnOfPlainHttp(options);
  const files = { cert: config.tlsCert, key: config.tlsKey };
  const tls = readTls(files, { clock, log });
  const storage = await openStorage({ folder: config.data, remote: remoteOf({ config, secrets }), clock, log });
  try {
    const { take, ...app } = await (config.gateways === 1 ? serve : serveByThreads)(options, storage, tls);
    return { ...app, renew: () => renewTls(files, { clock, log, take }) };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Sign-ins that travel in the clear can be taken by whoever listens. On this machine alone nobody does. */
function warnOfPlainHttp({ config, log }: AppOptions): void {
  const { host, publicUrl, tlsCert } = config;
  const plain =
    publicUrl === undefined
      ? tlsCert === undefined && host !== "localhost" && !isLoopback(host)
      : publicUrl.startsWith("http:");
  if (!plain) return;
  const meaning = "passwords and cookies travel in the clear: serve it by https, and set public_url to that origin";
  log.warn("plain_http", { url: publicUrl ?? `http://${host}`, meaning });
}

interface Served extends Omit<App, "renew"> {
  /** A certificate for those who connect from now on. */
  readonly take: (tls: Tls) => void;
}

/** One gateway, on the main thread. */
async function serve(options: AppOptions, storage: OpenedStorage, tls: Tls | undefined): Promise<Served> {
  const { config, log } = options;
  const metrics = new Metrics();
  const count = countBatches(metrics);
  let alarm = (): void => {};
  const observe = (batch: CommittedBatch): void => {
    count(batch);
    if (batch.failed) alarm();
  };
  registerProcessFigures(metrics, storage);
  // A local file is this process's alone: then there is nobody to tell.
  const broker = storage.file === undefined ? await brokerOf(options) : undefined;
  if (broker !== undefined) registerBrokerFigures(metrics, broker);
  const others = broker === undefined ? undefined : { broker, tells: true };
  const ports = [config.port, ...config.listen];
  const gateway = await openGateway({ ...options, observe, others }, storage, {
    tls,
    page: await loadPage(),
    metrics,
    metricsText: () => metrics.render(),
    // A new certificate comes with a second listener on the port; another program must not be there before.
    ports: tls === undefined ? ports : await claimPorts(config.host, ports),
    shared: tls !== undefined,
  });
  alarm = () => gateway.alarm();
  log.info("listening", { ports: gateway.ports });
  const { administer } = gateway;
  const live = () => ({ url: gateway.url, connections: gateway.connections(), ...gateway.health() });
  const tools = startTools(options, storage, { live, administer });
  log.info("storage", { durability: storage.durability, epoch: storage.epoch });
  return {
    url: gateway.url,
    administer,
    take: (renewed) => gateway.renew(renewed),
    async stop() {
      await gateway.drain();
      await Promise.all([gateway.stop(), tools.stop(), broker?.close()]);
      await storage.close();
    },
  };
}

function brokerOf({ clock, config, log, secrets }: AppOptions): Promise<Broker> {
  return openBroker({ redis: config.redis, password: secrets.redisPassword, clock, log });
}

/** Several gateways, each a thread; this one keeps the storage, the journal and the tools. */
async function serveByThreads(options: AppOptions, storage: OpenedStorage, tls: Tls | undefined): Promise<Served> {
  const { clock, config, log, secrets, version } = options;
  const { committer, durability, epoch } = storage;
  const metrics = new Metrics();
  registerProcessFigures(metrics, storage);
  watchLoop(metrics, clock);
  const count = countBatches(metrics);
  const hub = new JournalHub(clock);
  const journal = new Journal({
    committer,
    clock,
    log,
    wait_ms_max: draftWait(config),
    publish: (...batch) => hub.publish(...batch),
    seen: config.database === "" ? undefined : (room) => hub.seen(room),
    observe: (batch) => {
      count(batch);
      if (batch.failed) gateways.alarm();
    },
  });
  const broker = new BrokerHub(await brokerOf(options));
  const ports = await claimPorts(config.host, [config.port, ...config.listen]);
  const opening = { config, secrets, version, tls, page: await loadPage(), ports, epoch, durability };
  const gateways = new Gateways({
    clock,
    count: config.gateways,
    opening: { ...opening, log: { level: config.logLevel, format: options.logLines?.format ?? "json" } },
    metrics,
    threads: storage.threads,
    journal: (post) => hub.join(journal, post),
    broker: (post) => broker.join(post),
    write: (line) => options.logLines?.write(line),
  });
  const url = await gateways.start();
  log.info("listening", { ports, gateways: config.gateways });
  const administer = (act: unknown): Promise<unknown> => gateways.administer(act);
  const tools = startTools(options, storage, { live: async () => ({ url, ...(await gateways.status()) }), administer });
  log.info("storage", { durability, epoch });
  return {
    url,
    administer,
    take: (renewed) => gateways.renew(renewed),
    async stop() {
      await gateways.stop();
      await journal.close();
      await Promise.all([broker.close(), tools.stop()]);
      await storage.close();
    },
  };
}

/** What the one who runs the server does with it while it runs: status, backups, checks. */
function startTools(
  options: AppOptions,
  storage: OpenedStorage,
  gateways: {
    readonly live: () => object | Promise<object>;
    readonly administer: (act: unknown) => Promise<unknown>;
  },
): { stop(): Promise<void> } {
  const { clock, config, log, version } = options;
  const { file: source } = storage;
  // A database elsewhere has the tools of its own server.
  if (source === undefined) return { stop: async () => {} };
  const backup = { source, version, clock, log };
  const admin = createAdmin({
    log,
    status: async () => ({
      version,
      pid: process.pid,
      epoch: storage.epoch,
      durability: storage.durability,
      ...(await gateways.live()),
    }),
    backUp: (folder) => backUp({ ...backup, folder }),
    verify: () => storage.verify(),
    administer: gateways.administer,
  });
  const door = listenForTools(join(config.data, adminSocket), admin);
  const { backupFolder: folder, backupEveryMinutes: every_minutes, backupKeep: keep } = config;
  const timer =
    folder === undefined || every_minutes === 0
      ? undefined
      : backUpRegularly({ ...backup, folder, every_minutes, keep });
  return {
    async stop() {
      timer?.cancel();
      await door.stop();
    },
  };
}
