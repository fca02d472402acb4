/** The ways into the journal: the journal itself, and a gateway thread's port to it with a real channel between them. */

import { systemClock } from "../../src/lib/clock.ts";
import type { Appender, Publish, SeenOf } from "../../src/store/appender.ts";
import type { Committer, Draft, Outcome, Unseen } from "../../src/store/draft.ts";
import { JournalHub } from "../../src/store/journal-hub.ts";
import { JournalPort, type FromJournal, type ToJournal } from "../../src/store/journal-port.ts";
import { Journal } from "../../src/store/journal.ts";
import { keptLog } from "../storage.ts";

export interface Batch {
  readonly drafts: readonly Draft[];
  readonly outcomes: readonly Outcome[];
  readonly unseen: readonly Unseen[];
}

export interface Entry {
  readonly appender: Appender;
  /** What was published here, and what was told to waiters, in the order in which it happened. */
  readonly batches: Batch[];
  readonly events: string[];
}

export interface Party extends AsyncDisposable {
  /** Ways into the same journal. */
  readonly entries: readonly Entry[];
  /** Drafts that have come to the journal and are not answered. */
  readonly pending: () => number;
}

/** Every room is open there, and what was published has gone out. */
function entryOf(make: (publish: Publish, seen: SeenOf) => Appender): Entry {
  const batches: Batch[] = [];
  const events: string[] = [];
  const tops = new Map<number, number>();
  const publish: Publish = (drafts, outcomes, unseen) => {
    batches.push({ drafts, outcomes, unseen });
    for (const draft of drafts) events.push(`published ${draft.data}`);
    for (const { room, seq } of outcomes) tops.set(room, seq);
  };
  const appender = make(publish, (room) => tops.get(room) ?? 0);
  return { appender, batches, events };
}

const clock = systemClock;

export function journalParty(committer: Committer): Party {
  const entry = entryOf((publish, seen) => new Journal({ committer, clock, log: keptLog().log, publish, seen }));
  return {
    entries: [entry],
    pending: () => entry.appender.pending,
    [Symbol.asyncDispose]: () => entry.appender.close(),
  };
}

/** Two gateways on one journal. */
export function portParty(committer: Committer): Party {
  const hub = new JournalHub(clock);
  const publish = hub.publish.bind(hub);
  const journal = new Journal({ committer, clock, log: keptLog().log, publish, seen: (room) => hub.seen(room) });
  const channels: MessageChannel[] = [];
  const entries = [1, 2].map(() => {
    const channel = new MessageChannel();
    channels.push(channel);
    const { port1: main, port2: gateway } = channel;
    const take = hub.join(journal, (message) => main.postMessage(message));
    main.onmessage = ({ data }: { data: unknown }) => take(data as ToJournal);
    return entryOf((announce, seen) => {
      const post = (message: ToJournal): void => gateway.postMessage(message);
      const port = new JournalPort({ clock, post, publish: announce, seen });
      gateway.onmessage = ({ data }: { data: unknown }) => port.receive(data as FromJournal);
      return port;
    });
  });
  return {
    entries,
    pending: () => journal.pending,
    async [Symbol.asyncDispose]() {
      for (const { appender } of entries) await appender.close();
      await journal.close();
      for (const { port1, port2 } of channels) {
        port1.close();
        port2.close();
      }
    },
  };
}
