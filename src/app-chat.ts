/** The chat on an open database, put together: rooms, messages, people, who is here. No logic. */

import type { Broker } from "./broker/contract.ts";
import { createAccountParts } from "./chat/account-parts.ts";
import { Accounts } from "./chat/accounts.ts";
import { createActs } from "./chat/acts.ts";
import { Audit } from "./chat/audit.ts";
import { settled, type Commit } from "./chat/committed.ts";
import { createCompany, type Company } from "./chat/company.ts";
import { watchEmptyRooms, type EmptyRoomsOptions } from "./chat/empty-rooms.ts";
import { KnownUsers } from "./chat/known-users.ts";
import type { LiveRoom } from "./chat/live-room.ts";
import { createModeration, type Moderation } from "./chat/moderation.ts";
import { Names } from "./chat/names.ts";
import { NewsWatch, type NewsWatchOptions } from "./chat/news-watch.ts";
import { Nodes, type ForNodes } from "./chat/nodes.ts";
import { OpenRooms } from "./chat/open-rooms.ts";
import { createOperations } from "./chat/operations.ts";
import type { OperatorParts } from "./chat/operator-acts.ts";
import { Outbox } from "./chat/outbox.ts";
import { People, type Person } from "./chat/people.ts";
import { Places } from "./chat/places.ts";
import { Presence } from "./chat/presence.ts";
import { Resume } from "./chat/resume.ts";
import { RoomAdministration } from "./chat/room-administration.ts";
import { RoomDirectory } from "./chat/room-directory.ts";
import { Subscriptions } from "./chat/subscriptions.ts";
import type { Config, Secrets } from "./config.ts";
import type { Clock } from "./lib/clock.ts";
import { shortId } from "./lib/ids.ts";
import type { Log, LogOptions } from "./lib/log.ts";
import type { Appender, Publish, SeenOf } from "./store/appender.ts";
import type { Storage } from "./store/database.ts";
import { Journal, draft_wait_ms_max, shared_draft_wait_ms_max, type CommittedBatch } from "./store/journal.ts";

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
  /** The origin that people's browsers use; the setting's where the server does not listen yet. */
  readonly publicUrl?: () => string;
  /** How the lines of `log` are made, for threads that write the same log. */
  readonly logLines?: LogOptions;
}

/** The chat on an open database: rooms, messages, who is here. `deliver` reaches everybody on a topic. */
export function createChat(options: AppOptions, storage: Storage, deliver: (topic: string, frame: string) => void) {
  const { clock, config, log } = options;
  const { db, epoch, history, committer } = storage;
  const nodes = openNodes(options, epoch);
  const vanished = (id: string): void => openRooms.vanished(id);
  const directory = new RoomDirectory({ clock, db, ring_bytes_max: config.ringBytesMax, vanished, following: nodes });
  const names = new Names({ db, clock });
  const moved = (person: Person): void => company.online.moved(person);
  // Whoever else writes to the database tells of it too late for what is remembered of people's rows.
  const known = config.database === "" && options.others === undefined ? new KnownUsers() : undefined;
  const people = new People({ shared: config.database !== "", moved, rewritten: (id) => known?.forget(id) });
  const changed = nodes === undefined ? undefined : (room: LiveRoom): void => nodes.changed(room);
  const presence = new Presence({ clock, people, deliver, changed });
  const resume = new Resume({ history, epoch, log });
  const outbox: Outbox = new Outbox({
    clock,
    directory,
    history,
    log,
    deliver,
    apply: (change) => places.apply(change),
    doubt: (place) => places.doubt(place),
    hasOthers: nodes !== undefined,
    tell: nodes === undefined || options.others?.tells !== true ? undefined : (told) => nodes.tell(told),
  });
  const publish = publishing(outbox, options.others, () => hearing.look());
  const journal = openJournal(options, committer, { publish, seen: (n) => directory.byKey(n)?.published });
  const { open, openRoomsMax: rooms_max, openRoomsPerAddressMax: per_address_max } = config;
  const openRooms = new OpenRooms({ db, directory, journal, clock, open, rooms_max, per_address_max });
  const { client } = storage;
  const read = { client, clock, directory, openRooms, outbox, people, presence, resume, epoch };
  const subscriptions = new Subscriptions(read);
  const places: Places = new Places({
    clock,
    directory,
    outbox,
    people,
    subscriptions,
    shared: config.database !== "",
    placed: (person, n, fact) => company.lines.placed(person, n, fact),
    changed: (n) => company.lines.roomChanged(n),
  });
  const hint = (): void => nodes?.hint();
  const together = { clock, db, deliver, directory, hint, journal, log, nodes, people, presence };
  const company: Company = createCompany(together);
  const adopt = (person: Person, room: LiveRoom): void => places.adopt(person, room);
  const prime = (room: LiveRoom, offset: number): Promise<void> | undefined => resume.prime(room, { epoch, offset });
  const parts = { adopt, company, directory, hint, journal, known, names, people, presence, prime };
  const offer = createOffer(options, storage, parts);
  const { moderation } = offer;
  const changing = { client, clock, db, directory, log, moderation, outbox, people, places, presence, vanished };
  const hearing: Hearing = hearOthers(nodes, { ...changing, ...company });
  const { leave, start } = hearing;
  const chat = { company, directory, hint, journal, openRooms, people, presence, resume, subscriptions };
  return { ...chat, ...offer, leave, start };
}

interface OfferParts {
  readonly adopt: (person: Person, room: LiveRoom) => void;
  readonly company: Company;
  readonly directory: RoomDirectory;
  readonly hint: () => void;
  readonly journal: Appender;
  readonly known: KnownUsers | undefined;
  readonly names: Names;
  readonly people: People;
  readonly presence: Presence;
  readonly prime: (room: LiveRoom, offset: number) => Promise<void> | undefined;
}

/** All that the chat does when it is asked: by people through the operations, by whoever runs it through the acts. */
function createOffer(options: AppOptions, { db, epoch, history }: Storage, parts: OfferParts) {
  const { clock, config, log, publicUrl = () => config.publicUrl ?? "" } = options;
  const { company, hint, journal, names, people } = parts;
  const audit = new Audit({ db, clock });
  const accounts = new Accounts({ db, clock, names, known: parts.known });
  const moderation = createModeration({ audit, clock, config, db, hint, log });
  const online = (id: string): boolean => company.online.has(id);
  const logged = { audit, clock, db, epoch, history, log, moderation, online, open: config.open };
  const acts = createActs({ ...parts, ...logged });
  const { signIns, administration, keys } = createAccountParts({ audit, clock, db, hint, people, publicUrl });
  const signedIn = { accounts, administration, audit, clock, db, keys, signIns };
  const operations = createOperations({ ...parts, ...signedIn, ...acts, ...company, ...moderation });
  const commit: Commit = (draft) => settled(journal, draft);
  const rooms = new RoomAdministration({ accounts, audit, clock, commit, db, publicUrl });
  const operator: OperatorParts = { administration, rooms };
  return { accounts, administration, audit, messages: acts.messages, moderation, operations, operator, signIns };
}

/** What other nodes do comes to these parts. */
type Heard = NewsWatchOptions & EmptyRoomsOptions & Omit<ForNodes, "look"> & { readonly moderation: Moderation };

type Hearing = ReturnType<typeof hearOthers>;

/** Alone there is nobody to hear. */
function hearOthers(nodes: Nodes | undefined, heard: Heard) {
  const watch = nodes === undefined ? undefined : new NewsWatch(heard);
  const empty = nodes === undefined ? undefined : watchEmptyRooms(heard);
  const look = (): void => watch?.look();
  /** Begins to hear others, before the first room is opened. */
  const start = async (): Promise<void> => {
    await watch?.start();
    await heard.moderation.load();
    await nodes?.start({ ...heard, look });
  };
  /** Nobody is here any more. */
  const leave = (): void => {
    empty?.cancel();
    watch?.stop();
    nodes?.leave();
  };
  return { look, start, leave };
}

/** The way into the log: a journal of our own, unless there is one elsewhere. */
function openJournal(
  options: AppOptions,
  committer: Storage["committer"],
  to: { readonly publish: Publish; readonly seen: SeenOf },
): Appender {
  const { clock, config, log, observe } = options;
  // A local file is written to by nobody else.
  const outward = { publish: to.publish, seen: config.database === "" ? undefined : to.seen };
  const elsewhere = options.openJournal?.(outward.publish, outward.seen);
  if (elsewhere !== undefined) return elsewhere;
  const watched = observe === undefined ? {} : { observe };
  return new Journal({ committer, clock, log, ...outward, wait_ms_max: draftWait(config), ...watched });
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
    if (drafts.some(({ kind }) => kind !== "message" && kind !== "marks")) look();
  };
}

function openNodes({ clock, log, others }: AppOptions, epoch: string): Nodes | undefined {
  return others === undefined ? undefined : new Nodes({ broker: others.broker, clock, log, run: shortId(), epoch });
}
