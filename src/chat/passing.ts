/**
 * News that is not worth keeping: who is writing, who is shown in another way. It is gathered, goes out twice a second to
 * those who asked for a room's joins and leaves, and is the first thing to be left out.
 */

import type { Clock } from "../lib/clock.ts";
import { joinLines } from "../protocol/frames.ts";
import { push_frame_bytes_max } from "../protocol/limits.ts";
import { passingPush, type PassingNews } from "../protocol/passing.ts";
import type { LiveRoom } from "./live-room.ts";
import { isShown, type Person } from "./people.ts";
import { listed_people_max, type Presence } from "./presence.ts";

const period_ms = 500;
/** People of a room who are said to be writing, at once; and pieces of news of all rooms together. */
const typing_listed_max = 20;
const news_gathered_max = 20_000;
/** With so many drafts on their way nobody is told who is writing. */
const drafts_pending_busy = 2_000;

export interface PassingOptions {
  readonly clock: Clock;
  readonly presence: Presence;
  readonly deliver: (topic: string, frame: string) => void;
  /** Drafts that are on their way to the database. */
  readonly pending: () => number;
  /** Tells other nodes: the JSON texts of what was said in a room. Undefined where there are none. */
  readonly tell: ((room: LiveRoom, texts: readonly string[]) => void) | undefined;
}

interface Gathered {
  readonly typing: Set<string>;
  /** By person: the last one counts. */
  readonly statuses: Map<string, PassingNews>;
}

export class Passing {
  readonly #options: PassingOptions;
  readonly #gathered = new Map<LiveRoom, Gathered>();
  #count = 0;

  constructor(options: PassingOptions) {
    this.#options = options;
    options.clock.every(period_ms, () => this.#tell());
  }

  /** A person is writing in a room. */
  typing(room: LiveRoom, person: Person): void {
    if (!isShown(person) || this.#isBusy()) return;
    const { typing } = this.#of(room);
    if (typing.size >= typing_listed_max || typing.has(person.id)) return;
    typing.add(person.id);
    this.#count++;
  }

  /** A person is shown in another way to those who share a room with them. */
  status(room: LiveRoom, news: Extract<PassingNews, { type: "status" }>): void {
    if (this.#isBusy()) return;
    const { statuses } = this.#of(room);
    if (!statuses.has(news.user)) this.#count++;
    statuses.set(news.user, news);
  }

  /** What another node says goes on in a room. */
  heard(room: LiveRoom, texts: readonly string[]): void {
    if (this.#options.pending() <= drafts_pending_busy) this.#deliver(room, texts);
  }

  #isBusy(): boolean {
    return this.#count >= news_gathered_max || this.#options.pending() > drafts_pending_busy;
  }

  #of(room: LiveRoom): Gathered {
    let gathered = this.#gathered.get(room);
    if (gathered === undefined) this.#gathered.set(room, (gathered = { typing: new Set(), statuses: new Map() }));
    return gathered;
  }

  #tell(): void {
    if (this.#gathered.size === 0) return;
    const all = [...this.#gathered];
    this.#gathered.clear();
    this.#count = 0;
    for (const [room, { typing, statuses }] of all) {
      const news: PassingNews[] = [...statuses.values()];
      if (typing.size > 0) news.push({ type: "typing", room: room.id, users: [...typing] });
      const texts = news.map((one) => JSON.stringify(one));
      this.#deliver(room, texts);
      this.#options.tell?.(room, texts);
    }
  }

  #deliver(room: LiveRoom, texts: readonly string[]): void {
    const { deliver, presence } = this.#options;
    if (texts.length === 0 || presence.counts(room).users > listed_people_max) return;
    for (const frame of joinLines(texts.map(passingPush), push_frame_bytes_max)) deliver(room.topic, frame);
  }
}
