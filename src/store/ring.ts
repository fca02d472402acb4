/**
 * Recent events of the rooms that have somebody here, as the text of their publications, in memory of a fixed size. What was
 * written first goes first, whatever its room. A storm of reconnects reads from here and not from the database.
 *
 * The texts lie in buffers and not as strings: a string that lives for some seconds is among the old ones of the collector when
 * it goes, and by the time they are collected the next ones have needed memory that is not in any cache.
 */

const chunk_bytes_max = 256 * 1024;
/** So that most is left when the oldest goes. */
const chunks_min = 4;
/** The length of a text in bytes stands before it. */
const head_bytes = 4;
/** UTF-8 has so many for a unit of a string, at most. */
const bytes_per_unit = 3;
/** More events than these are not moved to put others before them. */
const moved_max = 1_000;

/** The newest events of one room, without holes. */
export class Ring {
  readonly #memory: RingMemory;
  /** Where the texts from `first` on are, ascending; those before `#start` are gone. */
  #places: number[] = [];
  #start = 0;
  #first: number;

  /** `next` is the seq of the event that will be appended first. */
  constructor(memory: RingMemory, next: number) {
    this.#memory = memory;
    this.#first = next;
  }

  /** The oldest seq that is here; one above `last` when the ring is empty. */
  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#first + this.#places.length - this.#start - 1;
  }

  append(text: string): void {
    const place = this.#memory.write(this, text);
    if (place === undefined) this.skipTo(this.last + 2);
    else this.#places.push(place);
  }

  /** Puts the events before `first` in front, the last of them with the seq below it, unless there are many behind them. */
  prepend(texts: readonly string[]): void {
    if (this.#places.length - this.#start > moved_max) return;
    const behind = this.#places.slice(this.#start).map((place) => this.#memory.read(place));
    this.skipTo(this.#first - texts.length);
    for (const text of [...texts, ...behind]) this.append(text);
  }

  /** The publication with that seq, which must be between `first` and `last`. */
  at(seq: number): string {
    return this.#memory.read(this.#places[this.#start + seq - this.#first] as number);
  }

  /** Forgets what is here, so that it is read from the database as it is now. */
  clear(): void {
    this.skipTo(this.last + 1);
  }

  /** Forgets what is here; the event that will be appended next has that seq. */
  skipTo(next: number): void {
    this.#places = [];
    this.#start = 0;
    this.#first = next;
  }

  /** The memory before that place is needed for something else. */
  drop(before: number): void {
    let at = this.#start;
    while (at < this.#places.length && (this.#places[at] as number) < before) at++;
    this.#first += at - this.#start;
    this.#start = at;
    if (at > 256 && at * 2 > this.#places.length) {
      this.#places = this.#places.slice(at);
      this.#start = 0;
    }
  }
}

class Chunk {
  readonly buffer: Buffer;
  /** Whoever has had something in here. */
  readonly rings = new Set<Ring>();
  used = 0;

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(bytes);
  }
}

/** The memory that all rings share. A place in it is counted in bytes from the first that was ever written. */
export class RingMemory {
  readonly #chunk_bytes: number;
  readonly #chunks_max: number;
  /** By their numbers, of which the highest ones are here. */
  readonly #chunks: Chunk[] = [];
  #newest = -1;

  constructor(bytes_max: number) {
    this.#chunk_bytes = Math.min(chunk_bytes_max, Math.floor(bytes_max / chunks_min));
    this.#chunks_max = Math.floor(bytes_max / this.#chunk_bytes);
  }

  /** Bytes in use, by events that were forgotten too: their room comes back with the oldest chunk. */
  get bytes(): number {
    return this.#chunks.reduce((sum, { used }) => sum + used, 0);
  }

  /** Writes a text of a ring. Returns its place, or undefined where it is too large for any. */
  write(ring: Ring, text: string): number | undefined {
    let chunk = this.#chunks[this.#newest % this.#chunks_max];
    if (chunk === undefined || !this.#fits(text, chunk.used)) {
      if (!this.#fits(text, 0)) return undefined;
      chunk = this.#turn();
    }
    const { buffer, used } = chunk;
    const bytes = buffer.write(text, used + head_bytes);
    buffer.writeUInt32LE(bytes, used);
    chunk.used += head_bytes + bytes;
    chunk.rings.add(ring);
    return this.#newest * this.#chunk_bytes + used;
  }

  /** The text at a place that was not given to another since. */
  read(place: number): string {
    const number = Math.floor(place / this.#chunk_bytes);
    const { buffer } = this.#chunks[number % this.#chunks_max] as Chunk;
    const start = place - number * this.#chunk_bytes + head_bytes;
    return buffer.toString("utf8", start, start + buffer.readUInt32LE(start - head_bytes));
  }

  #fits(text: string, used: number): boolean {
    const free = this.#chunk_bytes - used - head_bytes;
    return text.length * bytes_per_unit <= free || Buffer.byteLength(text) <= free;
  }

  /** Begins a chunk: a new one, or the oldest, whose events go. */
  #turn(): Chunk {
    this.#newest++;
    const at = this.#newest % this.#chunks_max;
    const oldest = this.#chunks[at];
    if (oldest === undefined) return (this.#chunks[at] = new Chunk(this.#chunk_bytes));
    const before = (this.#newest - this.#chunks_max + 1) * this.#chunk_bytes;
    for (const ring of oldest.rings) ring.drop(before);
    oldest.rings.clear();
    oldest.used = 0;
    return oldest;
  }
}
