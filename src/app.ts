/** The composition root: builds every part, starts it, stops it. No logic. */

import { Accounts } from "./chat/accounts.ts";
import { Messages } from "./chat/messages.ts";
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
import { Commands } from "./gateway/commands.ts";
import { Flusher } from "./gateway/connection.ts";
import { Heartbeat } from "./gateway/heartbeat.ts";
import { loadPage } from "./gateway/page.ts";
import { Rates } from "./gateway/rates.ts";
import { Gateway } from "./gateway/server.ts";
import { SignInDoor } from "./gateway/sign-in.ts";
import { Sockets } from "./gateway/socket.ts";
import type { Clock } from "./lib/clock.ts";
import { shortId } from "./lib/ids.ts";
import type { Log } from "./lib/log.ts";
import { lines_per_message_max, lines_per_second_min } from "./protocol/limits.ts";
import { openStorage, type Storage } from "./store/database.ts";
import { Journal } from "./store/journal.ts";

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
}

/** The chat on an open database: rooms, messages, who is here. `deliver` reaches everybody on a topic. */
export function createChat(options: AppOptions, storage: Storage, deliver: (topic: string, frame: string) => void) {
  const { clock, config, log } = options;
  const { db, epoch, history, committer } = storage;
  const directory = new RoomDirectory({ db, ring_bytes_max: config.ringBytesMax });
  const people = new People();
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
  const messages = new Messages({ db, clock, directory, history, journal, epoch, open });
  const accounts = new Accounts({ db, clock });
  const operations = createOperations({ accounts, db, directory, messages, people, presence, rooms });
  return { accounts, directory, people, presence, resume, journal, subscriptions, messages, operations };
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
  const remote = config.database === "" ? undefined : { url: config.database, token: secrets.databaseToken };
  const storage = await openStorage({ folder: config.data, remote, clock, log });
  try {
    const chat = createChat(options, storage, (topic, frame) => gateway.deliver(topic, frame));
    const { sockets } = await createDoors(options, storage, chat);
    const assets = createAssets(await loadPage());
    const gateway: Gateway = new Gateway({
      clock,
      host: config.host,
      ports: [config.port, ...config.listen],
      origins: { publicUrl: config.publicUrl, allowed: config.allowedOrigins },
      connections_max: config.connectionsMax,
      connections_per_address_max: config.connectionsPerAddressMax,
      flusher: new Flusher(),
      sockets,
      fetch: (request, path) => assets(request, path) ?? new Response("not found\n", { status: 404 }),
    });
    gateway.listen();
    log.info("storage", { durability: storage.durability, epoch: storage.epoch });
    return {
      url: gateway.url,
      async stop() {
        gateway.drain();
        for (const connection of sockets.all()) connection.close("shutdown");
        await chat.journal.close();
        await gateway.stop();
        await storage.close();
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}
