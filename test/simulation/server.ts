import { draftWait } from "../../src/app-chat.ts";
import type { Log } from "../../src/lib/log.ts";
import { JournalHub } from "../../src/store/journal-hub.ts";
import { JournalPort, type FromJournal, type ToJournal } from "../../src/store/journal-port.ts";
import { Journal } from "../../src/store/journal.ts";
import { SimulatedBroker } from "./broker.ts";
import type { ChatStorage } from "./database.ts";
import { Node, serverConfig, type NodeOptions } from "./node.ts";
import { SimulatedClock, type Wall } from "./timeline.ts";
import type { World } from "./world.ts";

/** How long a message between two threads takes at most. */
const thread_ms = 3;

export interface ServerOptions {
  readonly name: string;
  readonly wall: Wall;
  /** It could not start. */
  readonly failed: () => void;
}

/** Starts what dies together: a server that is alone, one of several nodes, or the gateways of one journal. */
export function startServer(world: World, { failed, name, wall }: ServerOptions): Node[] {
  const { broker_ms, gateways, lostLetters, nodes } = world.weather;
  const clock = new SimulatedClock(world.timeline, wall);
  const storage = world.database.open(clock);
  const options = { clock, failed, name, storage };
  if (gateways > 1) return startGateways(world, options);
  if (nodes === 1) return [new Node(world, { ...options, others: undefined })];
  const broker = new SimulatedBroker({ world, clock, delay_ms: broker_ms, lost: lostLetters });
  return [new Node(world, { ...options, others: { broker, tells: true } })];
}

type Parts = Omit<NodeOptions, "others" | "openJournal"> & { readonly storage: ChatStorage };

/** Threads with one journal in the main one: each committed batch comes to all of them. */
function startGateways(world: World, parts: Parts): Node[] {
  const { clock, name, storage } = parts;
  const hub = new JournalHub(clock);
  const log = world.log(name);
  const journal = openJournal({ clock, hub, log, storage });
  return Array.from({ length: world.weather.gateways }, (_, at) => {
    const broker = new SimulatedBroker({ world, clock, delay_ms: thread_ms, lost: 0 });
    const openPort: NodeOptions["openJournal"] = (publish) => {
      const toJournal = inTurn<ToJournal>(world, clock, (message) => take(message));
      const port = new JournalPort({ clock, publish, post: toJournal });
      const take = hub.join(
        journal,
        inTurn<FromJournal>(world, clock, (message) => port.receive(message)),
      );
      return port;
    };
    const others = { broker, tells: false };
    return new Node(world, { ...parts, name: `${name}.${at + 1}`, others, openJournal: openPort });
  });
}

function openJournal(parts: { clock: SimulatedClock; hub: JournalHub; log: Log; storage: ChatStorage }): Journal {
  const { clock, hub, log, storage } = parts;
  const { committer } = storage;
  const publish = hub.publish.bind(hub);
  return new Journal({ committer, clock, log, wait_ms_max: draftWait(serverConfig("")), publish });
}

/** Messages that one thread posts to another: each takes its time, and none overtakes another. */
function inTurn<T>(world: World, clock: SimulatedClock, receive: (message: T) => void): (message: T) => void {
  let last_ms = 0;
  return (message) => {
    const { now_ms } = world.timeline;
    last_ms = Math.max(last_ms, now_ms + world.random.between(0, thread_ms));
    clock.after(last_ms - now_ms, () => receive(message));
  };
}
