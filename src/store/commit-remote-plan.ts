/**
 * How a batch is cut into what can be done together. Drafts of a room are cut into runs of one kind, for each must see
 * what those before it did; the n-th runs of all rooms are done together, as a set. What is rare is done draft by draft.
 */

import type { Draft, RoomDraft } from "./draft.ts";

export interface Placed<D extends Draft> {
  /** Where in the batch it is. */
  readonly place: number;
  readonly draft: D;
}

/** Drafts of one kind that do not depend on each other. */
export interface Run {
  readonly kind: Draft["kind"];
  readonly placed: Placed<Draft>[];
  /** Nothing of the batch has touched these rooms before. */
  readonly first: boolean;
}

export interface Plan {
  /** In the order to be done. */
  readonly runs: Run[];
  readonly rooms: Set<number>;
  readonly newRooms: string[];
  /** Places of messages that have the id of an earlier one of the batch, with that one's place. */
  readonly copies: Map<number, number>;
}

/** Kinds of which many are done at once. */
const sets: ReadonlySet<Draft["kind"]> = new Set(["message", "marks", "joined", "left"]);

/** Where a room stands while its drafts are cut into runs. */
interface RoomRun {
  level: number;
  kind: Draft["kind"];
  readonly people: Set<number>;
}

/** What does not depend on anything else of its level. */
interface Level {
  readonly sets: Map<Draft["kind"], Run>;
  readonly singles: Run[];
}

/** New rooms first, for nothing of the batch can name them yet; then the rest, level by level. */
class Stage {
  readonly #created: Placed<RoomDraft>[] = [];
  readonly #levels: Level[] = [];
  readonly #rooms = new Map<number, RoomRun>();
  readonly #first: boolean;
  /** A room is given up here: who makes one for the same people must come behind. */
  gone = false;

  constructor(first: boolean) {
    this.#first = first;
  }

  create(placed: Placed<RoomDraft>): void {
    this.#created.push(placed);
  }

  add(placed: Placed<Exclude<Draft, RoomDraft>>, copy: boolean): void {
    const { draft } = placed;
    const height = this.#levelOf(draft, copy);
    const level = (this.#levels[height] ??= { sets: new Map<Draft["kind"], Run>(), singles: [] });
    const first = this.#first && height === 0;
    if (draft.kind === "gone") this.gone = true;
    if (!sets.has(draft.kind)) {
      level.singles.push({ kind: draft.kind, placed: [placed], first });
      return;
    }
    let run = level.sets.get(draft.kind);
    if (run === undefined) level.sets.set(draft.kind, (run = { kind: draft.kind, placed: [], first }));
    run.placed.push(placed);
  }

  runs(): Run[] {
    const created: Run[] = this.#created.length === 0 ? [] : [{ kind: "created", placed: this.#created, first: false }];
    return [...created, ...this.#levels.flatMap((level) => [...level.sets.values(), ...level.singles])];
  }

  /** One above the last of its room where that was of another kind or about somebody who matters here. */
  #levelOf(draft: Exclude<Draft, RoomDraft>, copy: boolean): number {
    // Marks and messages take no notice of each other.
    const kind = draft.kind === "marks" ? "message" : draft.kind;
    let run = this.#rooms.get(draft.room);
    if (run === undefined) {
      this.#rooms.set(draft.room, (run = { level: 0, kind, people: new Set() }));
    } else if (run.kind !== kind || copy || !sets.has(kind) || dependsOn(run.people, draft)) {
      run.level++;
      run.kind = kind;
      run.people.clear();
    }
    if (draft.kind === "joined" || draft.kind === "left") run.people.add(draft.target);
    return run.level;
  }
}

/** Whether a draft is about one of these people, or asks by the right of one. */
function dependsOn(people: ReadonlySet<number>, draft: Draft): boolean {
  if (draft.kind !== "joined" && draft.kind !== "left") return false;
  return people.has(draft.target) || (draft.right === "room" && people.has(draft.actor));
}

export function planOf(drafts: readonly Draft[]): Plan {
  let stage = new Stage(true);
  const stages = [stage];
  const plan = { rooms: new Set<number>(), newRooms: [] as string[], copies: new Map<number, number>() };
  const messages = new Map<string, number>();
  for (const [place, draft] of drafts.entries()) {
    if (draft.kind === "created") {
      if (stage.gone) stages.push((stage = new Stage(false)));
      stage.create({ place, draft });
      plan.newRooms.push(draft.room.id);
      continue;
    }
    plan.rooms.add(draft.room);
    if (draft.kind !== "message") {
      stage.add({ place, draft }, false);
      continue;
    }
    const key = `${draft.room} ${draft.actor} ${draft.id}`;
    const first = messages.get(key);
    messages.set(key, place);
    if (first !== undefined) plan.copies.set(place, first);
    stage.add({ place, draft }, first !== undefined);
  }
  return { ...plan, runs: stages.flatMap((each) => each.runs()) };
}
