import type { Random } from "./random.ts";

/** What befalls a transaction. `unheard` is stored and `unknown` is not, and both are answered "outcome unknown". */
export type Fate = "stored" | "stalled" | "refused" | "full" | "failed" | "unknown" | "unheard";

/** How hard a world's life is; each seed has its own. */
export interface Weather {
  readonly storm_ms: number;
  readonly devices: number;
  readonly people: number;
  /** How much more often than otherwise people ask each other in, come and go. */
  readonly sociable: number;
  /** A device does something about so often. */
  readonly act_ms: number;
  readonly latency_ms: number;
  /** Frames arrive at multiples of this, so that some come in one turn; 0 for never. */
  readonly tick_ms: number;
  /** Share of slow links. */
  readonly slow: number;
  readonly weight: number;
  readonly cut_ms: number;
  readonly crash_ms: number;
  readonly commit_ms: number;
  readonly commits: Readonly<Record<Fate, number>>;
  readonly read_ms: number;
  readonly readFailures: number;
  readonly ringBytes: number;
  /** Share of messages that are some KiB long. */
  readonly longWords: number;
  /** Events that a room has at the beginning. */
  readonly past: number;
  /** A close by the server is told to it within the call, or in a later turn. */
  readonly closesAtOnce: boolean;
  /** How many share the database; alone a node has a file of its own. */
  readonly nodes: number;
  /** How many threads serve the sockets of a node that is alone. */
  readonly gateways: number;
  /** How long a letter between nodes takes at most, each half of its way. */
  readonly broker_ms: number;
  /** Share of letters between nodes that are lost; with all of them there is no broker. */
  readonly lostLetters: number;
  /** How often a node loses its broker for a while. */
  readonly brokerCut_ms: number;
}

const alone = { nodes: 1, gateways: 1 };
const gateways = { nodes: 1, gateways: 2 };
const two = { nodes: 2, gateways: 1 };

export function makeWeather(random: Random): Weather {
  const faults = random.pick([0, 1, 1, 4]);
  const commits = {
    stored: 100,
    stalled: faults * 0.5,
    refused: faults * 2,
    full: faults,
    failed: faults,
    unknown: faults * 2,
    unheard: faults * 2,
  };
  return {
    storm_ms: random.between(800, 3_500),
    devices: random.whole(2, 5),
    people: random.whole(2, 4),
    sociable: random.pick([1, 1, 5]),
    act_ms: random.pick([60, 120, 250]),
    latency_ms: random.pick([1, 5, 30, 150]),
    tick_ms: random.pick([0, 2, 20]),
    slow: random.pick([0, 0, 0.4]),
    weight: random.pick([1, 8, 32]),
    cut_ms: random.pick([400, 1_000, 4_000, 100_000]),
    crash_ms: random.pick([1_000, 3_000, 100_000]),
    commit_ms: random.pick([1, 10, 80]),
    commits,
    read_ms: random.pick([1, 5, 60]),
    readFailures: faults === 0 ? 0 : 0.02 * faults,
    ringBytes: random.pick([300, 2_000, 10_000, 1_000_000]),
    longWords: random.pick([0, 0, 0.05, 0.3]),
    past: random.pick([0, 3, 40, 260]),
    closesAtOnce: random.chance(0.5),
    ...random.pick([alone, alone, alone, gateways, two, two, { nodes: 3, gateways: 1 }]),
    broker_ms: random.pick([1, 5, 40]),
    lostLetters: random.pick([0, 0, 0.05, 1]),
    brokerCut_ms: random.pick([1_000, 4_000, 100_000]),
  };
}
