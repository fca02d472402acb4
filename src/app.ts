/** The composition root of a gateway: builds every part between the sockets of one thread and the database. No logic. */

import { createChat, type AppOptions } from "./app-chat.ts";
import { CanaryRoom } from "./chat/canary-room.ts";
import { runOperatorAct } from "./chat/operator-acts.ts";
import { createAccountDoor } from "./gateway/account-door-parts.ts";
import { createAssets } from "./gateway/assets.ts";
import { createAuth } from "./gateway/auth.ts";
import { closeBanned } from "./gateway/banned.ts";
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
import { publicPlace } from "./gateway/public-place.ts";
import { Rates } from "./gateway/rates.ts";
import { Gateway, type Tls } from "./gateway/server.ts";
import { SentNewsDoor } from "./gateway/sent-news.ts";
import { SignInDoor } from "./gateway/sign-in.ts";
import { Sockets } from "./gateway/socket.ts";
import { exchangeTls } from "./gateway/tls.ts";
import { shortId } from "./lib/ids.ts";
import type { Metrics } from "./lib/metrics.ts";
import { addressTest } from "./lib/networks.ts";
import { lines_per_message_max, lines_per_second_min } from "./protocol/limits.ts";
import { limitsWith } from "./protocol/operation-limits.ts";
import type { Storage } from "./store/database.ts";
import { trimRoom } from "./store/trim.ts";

type Chat = ReturnType<typeof createChat>;

export async function createDoors(options: AppOptions, storage: Storage, chat: Chat) {
  const { clock, config, log, secrets, version } = options;
  const { people, resume, subscriptions } = chat;
  const auth = await createAuth({
    clock,
    accounts: chat.accounts,
    signIns: chat.signIns,
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
    messages_per_second_per_connection: config.messagesPerSecondPerConnection,
    reads_per_second: config.readsPerSecond,
    reads_burst: config.readsBurst,
    reads_per_second_per_address: config.readsPerSecondPerAddress,
    operations: limitsWith(config.operationLimits),
    guests_per_address_max: config.guestsPerAddressMax,
  });
  const node = shortId();
  const signIn = new SignInDoor({
    auth,
    clock,
    epoch,
    log,
    moderation: chat.moderation,
    node,
    version,
    people,
    rates,
    subscriptions,
    per_user_max,
  });
  const sentNews = new SentNewsDoor({ ...chat, ...chat.company, clock });
  const commands = new Commands({ ...chat, ...chat.company, clock, log, rates, sentNews, signIn });
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
  /** Does what the command line asks for. */
  readonly administer: (act: unknown) => Promise<unknown>;
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
  const { allowedOrigins: allowed, publicUrl } = config;
  const ports = (): readonly number[] => gateway.ports;
  const place = publicPlace({ publicUrl, allowed, host: config.host, tls: parts.tls !== undefined, ports });
  const { cookies } = place;
  const chat = createChat({ ...options, publicUrl: place.url }, storage, deliver);
  await chat.start();
  const { auth, rates, sockets } = await createDoors(options, storage, chat);
  const ends = new Ends({ clock, log, metrics });
  const { plainWelcome: welcome, plainClock: clockTicks } = config;
  const plain = config.open
    ? new PlainDoor({ ...chat, clock, deliver, ends, log, metrics, rates, welcome, clockTicks })
    : undefined;
  const origins = { publicUrl, allowed };
  const accountDoor = createAccountDoor({ ...chat, ...options, db: storage.db, place });
  const http = new HttpDoor({ ...chat, auth, clock, cookies, log, metrics, origins, rates, version: options.version });
  const assets = createAssets(parts.page);
  const canary = await openCanary(options, storage, chat);
  const health = createHealth({
    health: () => canary.health(),
    metrics: parts.metricsText,
    metricsFor: config.metrics,
  });
  const { addressBans } = chat.moderation;
  const banned = (address: string): boolean => addressBans.banned(address);
  const everybody = () => [...sockets.all(), ...(plain?.all() ?? [])];
  addressBans.changed = () => closeBanned(everybody(), banned);
  const listening = { ports: parts.ports, shared: parts.shared, tls: parts.tls };
  const doors = { banned, canary, clock, cookies, ends, origins, plain, sockets };
  const gateway: Gateway = new Gateway({
    ...doors,
    ...listening,
    host: config.host,
    trustedProxy: addressTest(config.trustedProxies),
    connections_max: config.connectionsMax,
    connections_per_address_max: config.connectionsPerAddressMax,
    flusher: new Flusher(),
    fetch: (request, from) =>
      health(request, from) ??
      accountDoor.fetch(request, from) ??
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
    administer: (act) => runOperatorAct(chat.operator, act),
    renew: (tls) => exchangeTls(tls, { log, take: (renewed) => gateway.renew(renewed) }),
    async drain() {
      canary.drain();
      gateway.drain();
      await sendAway(clock, everybody(), () => gateway.open);
      canary.stop();
      await chat.company.finish();
      await chat.journal.close();
      chat.leave();
    },
    stop: () => gateway.stop(),
  };
}

async function openCanary({ clock, log }: AppOptions, { client }: Storage, chat: Chat): Promise<Canary> {
  const room = await CanaryRoom.open({ ...chat, trim: (asked) => trimRoom(client, asked) });
  return new Canary({ clock, log, room });
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
    ringBytes: () => chat.directory.memory.bytes,
    draftsPending: () => chat.journal.pending,
    canaryAge_ms: () => canary.age_ms,
  };
}
