/** The composition root: builds every part, starts it, stops it. No logic. */

import { join } from "node:path";
import { Accounts } from "./chat/accounts.ts";
import { CanaryRoom } from "./chat/canary-room.ts";
import type { LiveRoom } from "./chat/live-room.ts";
import { Messages } from "./chat/messages.ts";
import { Names } from "./chat/names.ts";
import { OpenRooms } from "./chat/open-rooms.ts";
import { createOperations } from "./chat/operations.ts";
import { Outbox } from "./chat/outbox.ts";
import { People } from "./chat/people.ts";
import { Presence } from "./chat/presence.ts";
import { Resume } from "./chat/resume.ts";
import { RoomDirectory } from "./chat/room-directory.ts";
import { Rooms } from "./chat/rooms.ts";
import { Subscriptions } from "./chat/subscriptions.ts";
import type { Config, Secrets } from "./config.ts";
import { adminSocket, createAdmin } from "./gateway/admin.ts";
import { createAssets } from "./gateway/assets.ts";
import { createAuth } from "./gateway/auth.ts";
import { Canary } from "./gateway/canary.ts";
import { Commands } from "./gateway/commands.ts";
import { Flusher } from "./gateway/connection.ts";
import { sendAway } from "./gateway/farewell.ts";
import { countBatches, registerFigures, type Sources } from "./gateway/figures.ts";
import { createHealth } from "./gateway/health.ts";
import { Ends } from "./gateway/ends.ts";
import { Heartbeat } from "./gateway/heartbeat.ts";
import { HttpDoor } from "./gateway/http.ts";
import { loadPage } from "./gateway/page.ts";
import { PlainDoor } from "./gateway/plain.ts";
import { Rates } from "./gateway/rates.ts";
import { Gateway, listenForTools } from "./gateway/server.ts";
import { SignInDoor } from "./gateway/sign-in.ts";
import { Sockets } from "./gateway/socket.ts";
import { readTls } from "./gateway/tls.ts";
import type { Clock } from "./lib/clock.ts";
import { shortId } from "./lib/ids.ts";
import type { Log } from "./lib/log.ts";
import { Metrics } from "./lib/metrics.ts";
import { addressTest } from "./lib/networks.ts";
import { lines_per_message_max, lines_per_second_min } from "./protocol/limits.ts";
import { backUp } from "./store/backup.ts";
import { backUpRegularly } from "./store/backup-timer.ts";
import { openStorage, type OpenedStorage, type Storage } from "./store/database.ts";
import { Journal, type CommittedBatch } from "./store/journal.ts";
import { trimRoom } from "./store/trim.ts";

export interface App {
  readonly url: string;
  stop(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Told of each batch that the journal got back. */
  readonly observe?: (batch: CommittedBatch) => void;
}

/** The chat on an open database: rooms, messages, who is here. `deliver` reaches everybody on a topic. */
export function createChat(options: AppOptions, storage: Storage, deliver: (topic: string, frame: string) => void) {
  const { clock, config, log } = options;
  const { db, epoch, history, committer } = storage;
  const vanished = (id: string): void => openRooms.vanished(id);
  const directory = new RoomDirectory({ db, ring_bytes_max: config.ringBytesMax, vanished });
  const names = new Names({ db, clock });
  const people = new People({ shared: config.database !== "" });
  const presence = new Presence({ clock, deliver });
  const resume = new Resume({ history, budget: directory.budget, epoch, log });
  const outbox: Outbox = new Outbox({
    clock,
    directory,
    history,
    log,
    deliver,
    applyMembership: (change) => subscriptions.applyMembership(change),
  });
  const journal = new Journal({
    committer,
    clock,
    log,
    publish: (drafts, outcomes) => outbox.publish(drafts, outcomes),
    ...(options.observe === undefined ? {} : { observe: options.observe }),
  });
  const { open, openRoomsMax: rooms_max, openRoomsPerAddressMax: per_address_max } = config;
  const openRooms = new OpenRooms({ db, directory, journal, clock, open, rooms_max, per_address_max });
  const subscriptions = new Subscriptions({
    client: storage.client,
    clock,
    directory,
    openRooms,
    outbox,
    people,
    presence,
    resume,
    epoch,
  });
  const rooms = new Rooms({ db, directory, journal, adopt: (person, room) => subscriptions.adopt(person, room) });
  const prime = (room: LiveRoom, offset: number): Promise<void> | undefined => resume.prime(room, { epoch, offset });
  const messages = new Messages({ prime, clock, names, directory, history, journal, epoch, open });
  const accounts = new Accounts({ db, clock, names });
  const operations = createOperations({ accounts, clock, directory, messages, names, people, presence, rooms });
  return { accounts, directory, openRooms, people, presence, resume, journal, subscriptions, messages, operations };
}

type Chat = ReturnType<typeof createChat>;

export async function createDoors(options: AppOptions, storage: Storage, chat: Chat) {
  const { clock, config, log, secrets, version } = options;
  const { people, resume, subscriptions } = chat;
  const auth = await createAuth({
    accounts: chat.accounts,
    open: config.open,
    secret: secrets.jwtSecret,
    publicKey: config.jwtPublicKey,
    jwksUrl: config.jwksUrl,
    audience: config.jwtAudience,
    issuer: config.jwtIssuer,
  });
  const { epoch } = storage;
  const per_user_max = config.connectionsPerUserMax;
  const rates = new Rates({
    clock,
    messages_per_second: config.messagesPerSecond,
    messages_burst: config.messagesBurst,
    messages_per_second_per_address: config.messagesPerSecondPerAddress,
    guests_per_address_max: config.guestsPerAddressMax,
  });
  const node = shortId();
  const signIn = new SignInDoor({
    auth,
    clock,
    epoch,
    log,
    node,
    version,
    people,
    rates,
    subscriptions,
    per_user_max,
  });
  const commands = new Commands({ ...chat, clock, log, rates, signIn });
  const heartbeat = new Heartbeat(clock);
  const lines_per_second_max = Math.max(lines_per_second_min, lines_per_message_max * config.messagesPerSecond);
  const sockets = new Sockets({
    clock,
    commands,
    heartbeat,
    people,
    resume,
    signIn,
    subscriptions,
    lines_per_second_max,
  });
  return { auth, rates, sockets };
}

export async function startApp(options: AppOptions): Promise<App> {
  const { clock, config, log, secrets } = options;
  const tls = readTls({ cert: config.tlsCert, key: config.tlsKey }, { clock, log });
  const remote = config.database === "" ? undefined : { url: config.database, token: secrets.databaseToken };
  const storage = await openStorage({ folder: config.data, remote, clock, log });
  try {
    return await serve(options, storage, tls);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function serve(options: AppOptions, storage: OpenedStorage, tls: ReturnType<typeof readTls>): Promise<App> {
  const { clock, config, log } = options;
  const metrics = new Metrics();
  const count = countBatches(metrics);
  const observe = (batch: CommittedBatch): void => {
    count(batch);
    if (batch.failed) alarm();
  };
  let alarm = (): void => {};
  const deliver = (topic: string, frame: string): void => gateway.deliver(topic, frame);
  const chat = createChat({ ...options, observe }, storage, deliver);
  const { auth, rates, sockets } = await createDoors(options, storage, chat);
  const ends = new Ends({ clock, log, metrics });
  const { plainWelcome: welcome, plainClock: clockTicks } = config;
  const plain = config.open
    ? new PlainDoor({ ...chat, clock, deliver, ends, log, metrics, rates, welcome, clockTicks })
    : undefined;
  const origins = { publicUrl: config.publicUrl, allowed: config.allowedOrigins };
  const http = new HttpDoor({ ...chat, auth, clock, log, metrics, origins, rates, version: options.version });
  const assets = createAssets(await loadPage());
  const room = await CanaryRoom.open({ ...chat, trim: (asked) => trimRoom(storage.client, asked) });
  const canary = new Canary({ clock, log, room });
  alarm = () => canary.alarm();
  const health = createHealth({
    health: () => canary.health(),
    metrics: () => metrics.render(),
    metricsFor: config.metrics,
  });
  const gateway: Gateway = new Gateway({
    clock,
    host: config.host,
    ports: [config.port, ...config.listen],
    origins,
    trustedProxy: addressTest(config.trustedProxies),
    connections_max: config.connectionsMax,
    connections_per_address_max: config.connectionsPerAddressMax,
    flusher: new Flusher(),
    ends,
    plain,
    sockets,
    tls,
    canary,
    fetch: (request, from) =>
      health(request, from) ??
      http.fetch(request, from) ??
      assets(request, from.path) ??
      new Response("not found\n", { status: 404 }),
  });
  registerFigures(metrics, sourcesOf({ canary, chat, sockets, storage }), clock);
  gateway.listen();
  log.info("listening", { ports: gateway.ports });
  await canary.start(gateway.canaryUrl);
  const live = (): object => ({ url: gateway.url, connections: sockets.size, ...canary.health() });
  const tools = startTools(options, storage, live);
  log.info("storage", { durability: storage.durability, epoch: storage.epoch });
  return {
    url: gateway.url,
    async stop() {
      canary.drain();
      gateway.drain();
      const everybody = [...sockets.all(), ...(plain?.all() ?? [])];
      await sendAway(clock, everybody, () => gateway.open);
      canary.stop();
      await chat.journal.close();
      await Promise.all([gateway.stop(), tools.stop()]);
      await storage.close();
    },
  };
}

interface Watched {
  readonly canary: Canary;
  readonly chat: Chat;
  readonly sockets: Sockets;
  readonly storage: OpenedStorage;
}

function sourcesOf({ canary, chat, sockets, storage }: Watched): Sources {
  return {
    connections: () => sockets.size,
    people: () => chat.people.size,
    roomsLive: () => chat.directory.size,
    ringBytes: () => chat.directory.budget.bytes,
    draftsPending: () => chat.journal.pending,
    walBytes: () => storage.walBytes(),
    threadsReplaced: () => storage.threadsReplaced(),
    canaryAge_ms: () => canary.age_ms,
  };
}

/** What the one who runs the server does with it while it runs: status, backups, checks. */
function startTools(options: AppOptions, storage: OpenedStorage, live: () => object): { stop(): Promise<void> } {
  const { clock, config, log, version } = options;
  const { file: source } = storage;
  // A database elsewhere has the tools of its own server.
  if (source === undefined) return { stop: async () => {} };
  const backup = { source, version, clock, log };
  const admin = createAdmin({
    log,
    status: () => ({ version, pid: process.pid, epoch: storage.epoch, durability: storage.durability, ...live() }),
    backUp: (folder) => backUp({ ...backup, folder }),
    verify: () => storage.verify(),
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
