/** Entries up to which a list is searched; past it a real map takes over. */
const listed_max = 32;

/**
 * A map for the many that hold a few entries each. A real one takes over a kilobyte for ten; a flat list of keys and
 * values takes a fifth of that, and looking through it is as fast. Deleting while iterating is safe, as with a Map.
 */
export class SmallMap<K, V extends NonNullable<unknown>> {
  #list: (K | V)[] | undefined;
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map?.size ?? (this.#list?.length ?? 0) / 2;
  }

  get(key: K): V | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    const at = this.#find(key);
    return at < 0 ? undefined : (this.#list?.[at + 1] as V);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    if (this.#map !== undefined) {
      this.#map.set(key, value);
      return;
    }
    this.#list ??= [];
    const at = this.#find(key);
    if (at >= 0) this.#list[at + 1] = value;
    else if (this.#list.length < 2 * listed_max) this.#list.push(key, value);
    else this.#grow(key, value);
  }

  delete(key: K): boolean {
    if (this.#map !== undefined) return this.#map.delete(key);
    const at = this.#find(key);
    if (at < 0) return false;
    // A new list: whoever goes through the old one right now misses nobody.
    this.#list = this.#list?.toSpliced(at, 2);
    return true;
  }

  *keys(): Generator<K> {
    if (this.#map !== undefined) {
      yield* this.#map.keys();
      return;
    }
    const list = this.#list ?? [];
    for (let at = 0; at < list.length; at += 2) yield list[at] as K;
  }

  #find(key: K): number {
    const list = this.#list;
    if (list === undefined) return -1;
    for (let at = 0; at < list.length; at += 2) if (list[at] === key) return at;
    return -1;
  }

  #grow(key: K, value: V): void {
    const map = new Map<K, V>();
    for (const known of this.keys()) map.set(known, this.get(known) as V);
    this.#list = undefined;
    this.#map = map.set(key, value);
  }
}
