/** How far the application has come in each room, kept across reloads. */

import type { ClientStore } from "./store.ts";

export interface Position {
  /** The identity of the log; another one means that seqs mean other events. */
  readonly epoch: string;
  /** The last event that the application has handled. */
  readonly seq: number;
}

const keyOf = (room: string): string => `position/${room}`;
/** How often a position is written at most. A crash repeats that much to the application, and loses nothing. */
const write_ms = 300;

function parse(text: string | undefined): Position | undefined {
  if (text === undefined) return undefined;
  try {
    const { epoch, seq } = JSON.parse(text) as Partial<Position>;
    return typeof epoch === "string" && Number.isSafeInteger(seq) ? { epoch, seq: seq as number } : undefined;
  } catch {
    // Somebody else's value under our key: as if there were none.
    return undefined;
  }
}

export class Positions {
  readonly #store: ClientStore;
  readonly #failed: (error: unknown) => void;
  readonly #unwritten = new Map<string, Position>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: { store: ClientStore; failed: (error: unknown) => void }) {
    this.#store = options.store;
    this.#failed = options.failed;
  }

  async load(room: string): Promise<Position | undefined> {
    return this.#unwritten.get(room) ?? parse(await this.#store.get(keyOf(room)));
  }

  moved(room: string, position: Position): void {
    this.#unwritten.set(room, position);
    this.#timer ??= setTimeout(() => void this.flush(), write_ms);
  }

  /** Writes what is new. With a store that writes at once, all is written when this returns. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writes = [...this.#unwritten].map(([room, position]) =>
      this.#store.set(keyOf(room), JSON.stringify(position)),
    );
    this.#unwritten.clear();
    try {
      await Promise.all(writes);
    } catch (error) {
      this.#failed(error);
    }
  }
}
