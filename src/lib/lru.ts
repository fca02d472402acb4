import { assert } from "./assert.ts";

/** A map of bounded size: when it is full, what was used longest ago goes. Every operation is constant time. */
export class Lru<K, V extends NonNullable<unknown>> {
  // A Map lists its keys in the order of insertion, so that the first one is always the one used longest ago.
  readonly #entries = new Map<K, V>();
  readonly #entries_max: number;

  constructor(entries_max: number) {
    assert(Number.isSafeInteger(entries_max) && entries_max >= 1, "a bounded map holds at least one entry");
    this.#entries_max = entries_max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Reading is a use. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** Writing is a use. Returns the value that had to go, if one had to. */
  set(key: K, value: V): V | undefined {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#entries_max) {
      const oldest = this.#entries.entries().next();
      if (!oldest.done) {
        this.#entries.delete(oldest.value[0]);
        this.#entries.set(key, value);
        return oldest.value[1];
      }
    }
    this.#entries.set(key, value);
    return undefined;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  /** All of them, the one used longest ago first; listing is no use. */
  entries(): Iterable<[K, V]> {
    return this.#entries.entries();
  }

  clear(): void {
    this.#entries.clear();
  }
}
