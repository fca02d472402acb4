/** The composition root of a gateway: builds every part between the sockets of one thread and the database. No logic. */

import type { Broker } from "./broker/contract.ts";
import { Accounts } from "./chat/accounts.ts";
import { CanaryRoom } from "./chat/canary-room.ts";
import { watchEmptyRooms } from "./chat/empty-rooms.ts";
import type { LiveRoom } from "./chat/live-room.ts";
import { Messages } from "./chat/messages.ts";
import { Names } from "./chat/names.ts";
import { NewsWatch } from "./chat/news-watch.ts";
import { Nodes, type ForNodes } from "./chat/nodes.ts";
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
import { createAssets } from "./gateway/assets.ts";
import { createAuth } from "./gateway/auth.ts";
import { Canary, type Health } from "./gateway/canary.ts";
import { Commands } from "./gateway/commands.ts";
import { Flusher } from "./gateway/connection.ts";
import { sendAway } from "./gateway/farewell.ts";
import { registerGatewayFigures, type Sources } from "./gateway/figures.ts";
import { createHealth } from "./gateway/health.ts";
import { Ends } from "./gateway/ends.ts";
import { Heartbeat } from "./gateway/heartbeat.ts";
import { HttpDoor } from "./gateway/http.ts";
import type { PageFile } from "./gateway/page.ts";
import { PlainDoor } from "./gateway/plain.ts";
import { Rates } from "./gateway/rates.ts";
import { Gateway, type Tls } from "./gateway/server.ts";
import { SignInDoor } from "./gateway/sign-in.ts";
import { Sockets } from "./gateway/socket.ts";
import { exchangeTls } from "./gateway/tls.ts";
import type { Clock, Timer } from "./lib/clock.ts";
import { shortId } from "./lib/ids.ts";
import type { Log, LogOptions } from "./lib/log.ts";
import type { Metrics } from "./lib/metrics.ts";
import { addressTest } from "./lib/networks.ts";
import { lines_per_message_max, lines_per_second_min } from "./protocol/limits.ts";
import type { Appender, Publish, SeenOf } from "./store/appender.ts";
import type { Storage } from "./store/database.ts";
import { Journal, draft_wait_ms_max, shared_draft_wait_ms_max, type CommittedBatch } from "./store/journal.ts";
import { trimRoom } from "./store/trim.ts";

export interface Others {
  readonly broker: Broker;
  /** The others do not hear of each batch in another way. */
  readonly tells: boolean;
}

export interface AppOptions {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly version: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Told of each batch that the journal got back. */
  readonly observe?: (batch: CommittedBatch) => void;
  /** The way into a journal that is elsewhere; without it there is one here. */
  readonly openJournal?: (publish: Publish, seen: SeenOf | undefined) => Appender;
  /** Who else serves this database: other nodes, other gateways of this one. Without it nobody does. */
  readonly others?: Others | undefined;
  /** How the lines of `log` are made, for threads that write the same log. */
  readonly logLines?: LogOptions;
}

/** The chat on an open database: rooms, messages, who is here. `deliver` reaches everybody on a topic. */
export function createChat(options: AppOptions, storage: Storage, deliver: (topic: string, frame: string) => void) {
  const { clock, config, log } = options;
  const { db, epoch, history, committer } = storage;
  const nodes = openNodes(options, epoch);
  const vanished = (id: string): void => openRooms.vanished(id);
  const directory = new RoomDirectory({ db, ring_bytes_max: config.ringBytesMax, vanished, following: nodes });
  const names = new Names({ db, clock });
  const people = new People({ shared: config.database !== "" });
  const changed = nodes === undefined ? undefined : (room: LiveRoom): void => nodes.changed(room);
  const presence = new Presence({ clock, people, deliver, changed });
  const resume = new Resume({ history, budget: directory.budget, epoch, log });
  const outbox: Outbox = new Outbox({
    clock,
    directory,
    history,
    log,
    deliver,
    applyMembership: (change) => subscriptions.applyMembership(change),
    hasOthers: nodes !== undefined,
    tell: nodes === undefined || options.others?.tells !== true ? undefined : (told) => nodes.tell(told),
  });
  const publish = publishing(outbox, options.others, () => watch?.look());
  // A local file is written to by nobody else.
  const seen = config.database === "" ? undefined : (n: number) => directory.byKey(n)?.published;
  const observe = options.observe === undefined ? {} : { observe: options.observe };
  const journal =
    options.openJournal?.(publish, seen) ??
    new Journal({ committer, clock, log, publish, seen, wait_ms_max: draftWait(config), ...observe });
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
  const rooms = new Rooms({
    clock,
    db,
    directory,
    journal,
    adopt: (person, room) => subscriptions.adopt(person, room),
  });
  const prime = (room: LiveRoom, offset: number): Promise<void> | undefined => resume.prime(room, { epoch, offset });
  const messages = new Messages({ prime, clock, names, directory, history, journal, epoch, open });
  const accounts = new Accounts({ db, clock, names });
  const hint = (): void => nodes?.hint();
  const operations = createOperations({ accounts, clock, directory, hint, messages, names, people, presence, rooms });
  const watched = { client: storage.client, clock, directory, log, outbox, people, subscriptions };
  const watch = nodes === undefined ? undefined : new NewsWatch(watched);
  const empty = nodes === undefined ? undefined : watchEmptyRooms({ db, directory, clock, log, vanished });
  return {
    ...withOthers({ nodes, watch, empty }, { directory, outbox, presence, look: () => watch?.look() }),
    accounts,
    directory,
    openRooms,
    people,
    presence,
    resume,
    journal,
    subscriptions,
    messages,
    operations,
  };
}

interface Hearing {
  readonly nodes: Nodes | undefined;
  readonly watch: NewsWatch | undefined;
  readonly empty: Timer | undefined;
}

function withOthers({ nodes, watch, empty }: Hearing, chat: ForNodes) {
  return {
    /** Begins to hear others, before the first room is opened. */
    async start(): Promise<void> {
      await watch?.start();
      await nodes?.start(chat);
    },
    /** Nobody is here any more. */
    leave(): void {
      empty?.cancel();
      watch?.stop();
      nodes?.leave();
    },
  };
}

/** How long a draft waits, by where the database is. */
export function draftWait({ database }: Config): number {
  return database === "" ? draft_wait_ms_max : shared_draft_wait_ms_max;
}

/** Where batches of other gateways come here too, a change in a room that nobody has open concerns who wants all of theirs. */
function publishing(outbox: Outbox, others: Others | undefined, look: () => void): Publish {
  if (others?.tells !== false) return (...batch) => outbox.publish(...batch);
  return (drafts, outcomes, unseen) => {
    outbox.publish(drafts, outcomes, unseen);
    if (drafts.some(({ kind }) => kind !== "message")) look();
  };
}

function openNodes({ clock, log, others }: AppOptions, epoch: string): Nodes | undefined {
  return others === undefined ? undefined : new Nodes({ broker: others.broker, clock, log, run: shortId(), epoch });
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

/** What a gateway is opened with beside the chat's database. */
export interface GatewayParts {
  readonly tls: Tls | undefined;
  readonly page: readonly PageFile[];
  readonly metrics: Metrics;
  /** All of the process's figures. */
  readonly metricsText: () => string | Promise<string>;
  readonly ports: readonly number[];
  /** The ports may have several listeners of this process: those of other threads, and one that takes another's place. */
  readonly shared: boolean;
}

/** Everything between the sockets of one thread and the database. */
export interface OpenGateway {
  readonly url: string;
  readonly ports: readonly number[];
  readonly connections: () => number;
  readonly health: () => Health;
  /** A batch failed as a whole: look what is wrong. */
  alarm(): void;
  /** Another certificate for those who connect from now on. */
  renew(tls: Tls): void;
  /** Sends everybody away, and resolves once what they sent is answered. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

export async function openGateway(options: AppOptions, storage: Storage, parts: GatewayParts): Promise<OpenGateway> {
  const { clock, config, log } = options;
  const { metrics } = parts;
  const deliver = (topic: string, frame: string): void => gateway.deliver(topic, frame);
  const chat = createChat(options, storage, deliver);
  await chat.start();
  const { auth, rates, sockets } = await createDoors(options, storage, chat);
  const ends = new Ends({ clock, log, metrics });
  const { plainWelcome: welcome, plainClock: clockTicks } = config;
  const plain = config.open
    ? new PlainDoor({ ...chat, clock, deliver, ends, log, metrics, rates, welcome, clockTicks })
    : undefined;
  const origins = { publicUrl: config.publicUrl, allowed: config.allowedOrigins };
  const http = new HttpDoor({ ...chat, auth, clock, log, metrics, origins, rates, version: options.version });
  const assets = createAssets(parts.page);
  const room = await CanaryRoom.open({ ...chat, trim: (asked) => trimRoom(storage.client, asked) });
  const canary = new Canary({ clock, log, room });
  const health = createHealth({
    health: () => canary.health(),
    metrics: parts.metricsText,
    metricsFor: config.metrics,
  });
  const gateway: Gateway = new Gateway({
    clock,
    host: config.host,
    ports: parts.ports,
    shared: parts.shared,
    origins,
    trustedProxy: addressTest(config.trustedProxies),
    connections_max: config.connectionsMax,
    connections_per_address_max: config.connectionsPerAddressMax,
    flusher: new Flusher(),
    ends,
    plain,
    sockets,
    tls: parts.tls,
    canary,
    fetch: (request, from) =>
      health(request, from) ??
      http.fetch(request, from) ??
      assets(request, from.path) ??
      new Response("not found\n", { status: 404 }),
  });
  registerGatewayFigures(metrics, sourcesOf({ canary, chat, sockets }), clock);
  gateway.listen();
  await canary.start(gateway.canaryUrl);
  return {
    url: gateway.url,
    ports: gateway.ports,
    connections: () => sockets.size,
    health: () => canary.health(),
    alarm: () => canary.alarm(),
    renew: (tls) => exchangeTls(tls, { log, take: (renewed) => gateway.renew(renewed) }),
    async drain() {
      canary.drain();
      gateway.drain();
      const everybody = [...sockets.all(), ...(plain?.all() ?? [])];
      await sendAway(clock, everybody, () => gateway.open);
      canary.stop();
      await chat.journal.close();
      chat.leave();
    },
    stop: () => gateway.stop(),
  };
}

interface Watched {
  readonly canary: Canary;
  readonly chat: Chat;
  readonly sockets: Sockets;
}

function sourcesOf({ canary, chat, sockets }: Watched): Sources {
  return {
    connections: () => sockets.size,
    people: () => chat.people.size,
    roomsLive: () => chat.directory.size,
    ringBytes: () => chat.directory.budget.bytes,
    draftsPending: () => chat.journal.pending,
    canaryAge_ms: () => canary.age_ms,
  };
}
