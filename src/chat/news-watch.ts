/**
 * Looks into the database for what other nodes have done: every two seconds, and at once when one of them says that
 * there is something. What came by the broker already is passed over; what it lost is found here, the last message of a
 * room included.
 */

import { assert } from "../lib/assert.ts";
import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { news_at_once_max, newestNews, readNews, type NewsCursor } from "../store/news.ts";
import type { StorageClient } from "../store/orm.ts";
import { isTooLarge } from "../store/too-large.ts";
import type { Moderation } from "./moderation.ts";
import type { Outbox } from "./outbox.ts";
import type { People } from "./people.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Places } from "./places.ts";
import type { Statuses } from "./statuses.ts";

const period_ms = 2_000;
/** However many hints come, it is looked this seldom. */
const pause_ms = 100;

export interface NewsWatchOptions {
  readonly client: StorageClient;
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly log: Log;
  readonly moderation: Pick<Moderation, "blocks" | "load">;
  readonly outbox: Outbox;
  readonly people: People;
  readonly places: Places;
  readonly statuses: Statuses;
}

export class NewsWatch {
  readonly #options: NewsWatchOptions;
  #cursor: NewsCursor | undefined;
  /** What is read at once: less where it was more than one answer can hold. */
  #rows_max = news_at_once_max;
  #timer: Timer | undefined;
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(options: NewsWatchOptions) {
    this.#options = options;
  }

  /** What is there already is no news. Before the first connection comes in. */
  async start(): Promise<void> {
    this.#cursor = await newestNews(this.#options.client);
    this.#wait(this.#again ? pause_ms : period_ms);
  }

  /** There is something, it is said. */
  look(): void {
    // What is said before it has started is looked at afterwards.
    if (this.#looking || this.#cursor === undefined) this.#again = true;
    else if (!this.#again) {
      this.#again = true;
      this.#wait(pause_ms);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    if (!this.#stopped) this.#timer = this.#options.clock.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#again = false;
    try {
      await this.#read();
      this.#rows_max = Math.min(news_at_once_max, this.#rows_max * 2);
    } catch (error) {
      if (isTooLarge(error)) {
        this.#rows_max = Math.ceil(this.#rows_max / 8);
        this.#again = true;
      }
      this.#options.log.warn("news_not_read", { error });
    }
    this.#looking = false;
    this.#wait(this.#again ? pause_ms : period_ms);
  }

  async #read(): Promise<void> {
    const { client, directory, moderation, outbox, people, places, statuses } = this.#options;
    assert(this.#cursor !== undefined, "the watch was started");
    const news = await readNews(client, this.#cursor, this.#rows_max);
    for (const [user, session] of news.sessions) people.endSession(user, session);
    for (const [id, role, disabled, status, text] of news.people) {
      people.change({ id, role, disabled: disabled === 1 });
      statuses.changed(id, { status, text });
      moderation.blocks.forget(id);
    }
    if (news.settings) await moderation.load();
    const caughtUp = news.rooms
      .filter(([n, top]) => (directory.byKey(n)?.published ?? Number.MAX_SAFE_INTEGER) < top)
      .map(([n, top]) => outbox.catchUp(n, top));
    await Promise.all(caughtUp);
    for (const [n, kind, seq] of news.changed) places.roomChanged(n, { kind, seq });
    for (const [n, id, seq, user, silent] of news.places) {
      await places.placeChanged({ user, n, id, seq, silent: silent === 1 });
    }
    this.#cursor = news.cursor;
    this.#again ||= news.more;
  }
}
