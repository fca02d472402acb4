import { drainMicrotasks } from "bun:jsc";
import type { Clock, Timer } from "../../src/lib/clock.ts";

interface Entry {
  readonly at_ms: number;
  readonly order: number;
  run: (() => void) | undefined;
}

function earlier(one: Entry, other: Entry): boolean {
  return one.at_ms < other.at_ms || (one.at_ms === other.at_ms && one.order < other.order);
}

/**
 * The one queue of everything that will happen in a simulated world. A step takes the earliest entry, runs it, and then
 * all microtasks that came of it, as the runtime does between two callbacks. Nothing else runs: a world of one seed does
 * the same thing each time.
 */
export class Timeline {
  now_ms = 0;
  steps = 0;
  #order = 0;
  /** A binary heap. */
  readonly #heap: Entry[] = [];

  after(delay_ms: number, run: () => void): Timer {
    const entry: Entry = { at_ms: this.now_ms + Math.max(0, delay_ms), order: this.#order++, run };
    this.#push(entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /** False when there is nothing left to happen. */
  step(): boolean {
    const entry = this.#pop();
    if (entry === undefined) return false;
    const { run } = entry;
    if (run === undefined) return true;
    this.now_ms = entry.at_ms;
    this.steps++;
    run();
    drainMicrotasks();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Entry;
      if (!earlier(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1] as Entry, heap[below] as Entry)) below++;
      const child = heap[below] as Entry;
      if (!earlier(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

/** The wall clock of a world, which somebody sets now and then. */
export interface Wall {
  offset_ms: number;
}

/** The clock of one run of the server: when that run is killed, nothing that it has planned happens any more. */
export class SimulatedClock implements Clock {
  alive = true;
  readonly #timeline: Timeline;
  readonly #wall: Wall;

  constructor(timeline: Timeline, wall: Wall) {
    this.#timeline = timeline;
    this.#wall = wall;
  }

  now(): number {
    return Math.floor(this.#timeline.now_ms + this.#wall.offset_ms);
  }

  monotonic(): number {
    return this.#timeline.now_ms;
  }

  after(delay_ms: number, run: () => void): Timer {
    return this.#timeline.after(delay_ms, () => {
      if (this.alive) run();
    });
  }

  every(period_ms: number, run: () => void): Timer {
    const again = (): void => {
      if (!this.alive) return;
      timer = this.#timeline.after(period_ms, again);
      run();
    };
    let timer = this.#timeline.after(period_ms, again);
    return { cancel: () => timer.cancel() };
  }

  soon(run: () => void): void {
    this.after(0, run);
  }
}
