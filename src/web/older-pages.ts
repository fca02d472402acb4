/** What was before the stream of an open room, page by page. It belongs to one opening of the room, and ends with it. */

import type { RoomEvent, RoomPage } from "../sdk/room-event.ts";

const first_retry_ms = 1_000;

export interface OlderPagesOptions {
  /** Events below this seq are older. */
  readonly before: number;
  readonly page: (before: number) => Promise<Pick<RoomPage, "events" | "more">>;
  /** Events that stand right above all that were shown. */
  readonly show: (events: readonly RoomEvent[]) => void;
  readonly failed: (error: unknown) => void;
}

export class OlderPages {
  readonly #options: OlderPagesOptions;
  #before: number;
  #loading = false;
  #ended = false;
  /** Messages that have lost their words while a page was on its way: it may still have them. */
  readonly #deleted = new Set<number>();

  constructor(options: OlderPagesOptions) {
    this.#options = options;
    this.#before = options.before;
  }

  /** Whether there is nothing older. */
  get atBeginning(): boolean {
    return this.#before <= 1;
  }

  /** Without the first page a room would look empty, so it is asked for until it comes. */
  async first(): Promise<void> {
    while (!(await this.load())) await new Promise((resolve) => setTimeout(resolve, first_retry_ms));
  }

  /** Gives whether there is an answer, or no need of one. */
  async load(): Promise<boolean> {
    const before = this.#before;
    if (this.#ended || before <= 1) return true;
    if (this.#loading) return false;
    this.#loading = true;
    this.#deleted.clear();
    try {
      const { events, more } = await this.#options.page(before);
      // Another room is open, or what the page would stand above has been let go.
      if (this.#ended || this.#before !== before) return true;
      this.#before = more ? (events[0]?.seq ?? before) : 1;
      this.#options.show(events.map((event) => (this.#deleted.has(event.seq) ? { ...event, data: null } : event)));
      return true;
    } catch (error) {
      this.#options.failed(error);
      return false;
    } finally {
      this.#loading = false;
    }
  }

  deleted(seq: number): void {
    if (this.#loading) this.#deleted.add(seq);
  }

  /** What is below this seq is shown no more: it is older again. */
  letGo(before: number): void {
    this.#before = before;
  }

  end(): void {
    this.#ended = true;
  }
}
