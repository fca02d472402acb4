import type { World } from "./world.ts";

/** A message that a device wants to be sent. */
export interface Letter {
  readonly room: string;
  /** The sender's own id; none for a `publish`, which makes no promise of once. */
  readonly id: string | undefined;
  /** Unlike any other letter's. */
  readonly data: string;
  attempts: number;
  /** The connection of the first attempt, and its number there. */
  readonly place: { link: number; turn: number };
  state: "waiting" | "sent" | "acknowledged" | "refused" | "abandoned";
  /** The seq of its first acknowledgement. */
  seq: number;
}

/** What a device has written, with the promises that were made about it. */
export class Letters {
  readonly all: Letter[] = [];
  readonly #world: World;
  readonly #user: string;

  constructor(options: { world: World; user: string }) {
    this.#world = options.world;
    this.#user = options.user;
  }

  write(room: string, options: { isPublish: boolean; pad: number }): Letter {
    const n = this.#world.count();
    const letter: Letter = {
      room,
      id: options.isPublish ? undefined : `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`,
      data: `{"text":"${n}${"x".repeat(options.pad)}"}`,
      attempts: 0,
      place: { link: 0, turn: 0 },
      state: "waiting",
      seq: 0,
    };
    this.all.push(letter);
    return letter;
  }

  /** Letters with an id that have no answer which ends the matter. */
  open(): Letter[] {
    return this.all.filter(({ id, state }) => id !== undefined && (state === "waiting" || state === "sent"));
  }

  acknowledged(letter: Letter, seq: number): void {
    if (letter.state === "acknowledged" && letter.seq !== seq && letter.id !== undefined)
      this.#fail(letter, `was acknowledged at ${letter.seq} and at ${seq}`);
    const stored = this.#world.database.stored.get(letter.data);
    if (stored === undefined || (letter.id !== undefined && stored.seq !== seq))
      this.#fail(letter, `was acknowledged at ${seq} and is stored at ${stored?.seq ?? "no place"}`);
    letter.state = "acknowledged";
    letter.seq = stored?.seq ?? seq;
  }

  /** The last word on a letter, from an attempt that was sent when it was stored already, or was not. */
  refused(letter: Letter, attempt: { code: number; wasStored: boolean }): void {
    // With its room a message goes, too.
    const isGone = this.#world.database.byId.get(letter.room)?.isGone === true;
    if (attempt.wasStored && !isGone) this.#fail(letter, `was stored, and its retry was refused with ${attempt.code}`);
    if (letter.state === "acknowledged") return;
    // What an earlier attempt, still on its way, comes to is not known.
    letter.state = letter.attempts === 1 ? "refused" : "abandoned";
  }

  /** All that must hold of letters once everything is quiet. */
  check(): void {
    const { database } = this.#world;
    const tops = new Map<string, number>();
    const inOrder = [...this.all].sort((a, b) => a.place.link - b.place.link || a.place.turn - b.place.turn);
    for (const letter of inOrder) {
      const stored = database.stored.get(letter.data);
      if (letter.state === "acknowledged" && stored === undefined) this.#fail(letter, "was acknowledged and is lost");
      if (letter.state === "refused" && stored !== undefined) this.#fail(letter, `was refused and is at ${stored.seq}`);
      if (stored === undefined || letter.attempts !== 1) continue;
      // What one connection sends to one room keeps its order; retries are another matter.
      const key = `${letter.place.link} ${letter.room}`;
      const before = tops.get(key);
      if (before !== undefined && before > stored.seq)
        this.#fail(letter, `is at ${stored.seq}, and one that was sent before it at ${before}`);
      tops.set(key, stored.seq);
    }
  }

  #fail(letter: Letter, what: string): void {
    const { attempts, data, id, room } = letter;
    this.#world.fail(
      `${this.#user}: ${data.slice(0, 20)} (${id}) in ${room}, ${attempts} attempts: ${what}`,
      undefined,
    );
  }
}
