/** Messages: sending them, and reading a room's log in pages. */

import type { Clock } from "../lib/clock.ts";
import { uuidv7 } from "../lib/ids.ts";
import { Lru } from "../lib/lru.ts";
import { ChatError } from "../protocol/errors.ts";
import { publicationSeq, publicationUsers } from "../protocol/events.ts";
import { page_events_max } from "../protocol/limits.ts";
import type { CheckedInput } from "../protocol/operations.ts";
import { isOpenName, isRoomId } from "../protocol/topics.ts";
import type { Appender, Waiter } from "../store/appender.ts";
import type { Outcome, Right } from "../store/draft.ts";
import type { History } from "../store/history.ts";
import type { Database } from "../store/orm.ts";
import { senderOf } from "../store/sent.ts";
import type { View } from "../store/view.ts";
import type { Audit } from "./audit.ts";
import type { Blocks } from "./blocks.ts";
import { committed } from "./committed.ts";
import type { LiveRoom } from "./live-room.ts";
import type { Names } from "./names.ts";
import { addressOf, requireWriter, rightToDelete, viewFor, type Access, type Caller } from "./policy.ts";
import { RawJson } from "./raw-json.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Screening } from "./screening.ts";

export interface MessagesOptions {
  readonly audit: Audit;
  readonly blocks: Blocks;
  readonly db: Database;
  readonly names: Names;
  readonly clock: Clock;
  readonly directory: RoomDirectory;
  readonly history: History;
  readonly journal: Appender;
  readonly epoch: string;
  readonly screening: Screening;
  /** Sees to it that the ring reaches back to a seq, where it can. */
  readonly prime: (room: LiveRoom, offset: number) => Promise<void> | undefined;
  /** The server lets anybody into `open:` rooms. */
  readonly open: boolean;
}

/** Who is told what became of a send, and what it is told. */
export type SendWaiter = Waiter;
export type SendOutcome = Outcome;

/** What a send needs; `id` is the sender's own, or undefined where the sender makes no promise of once. */
export interface Sending {
  readonly room: string;
  readonly id: string | undefined;
  /** JSON text without insignificant whitespace. */
  readonly data: string;
}

/** Newest pages that are kept as they were answered, so long: what people are called may change. */
const newest_pages_max = 64;
const newest_remembered_ms = 1_000;

interface NewestPage {
  /** What it was made of. */
  readonly key: string;
  readonly page: RawJson;
  readonly until_ms: number;
}

export class Messages {
  readonly #options: MessagesOptions;
  readonly #newest = new Lru<LiveRoom, NewestPage>(newest_pages_max);

  constructor(options: MessagesOptions) {
    this.#options = options;
  }

  /**
   * Checks and appends. Synchronous where the room and the sender's place in it are known, otherwise in the order of
   * the calls; throws (or rejects) with the early answer of policy, while the waiter gets the commit's.
   */
  send(caller: Caller, sending: Sending, waiter: Waiter): Promise<void> | undefined {
    const access = this.#access(caller, sending.room);
    if (access instanceof Promise)
      return access.then((found) => this.#append(caller, { sending, access: found }, waiter));
    this.#append(caller, { sending, access }, waiter);
    return undefined;
  }

  #append(caller: Caller, what: { sending: Sending; access: Access }, waiter: Waiter): void {
    const { sending, access } = what;
    // A retry of who was removed meanwhile must learn that the first try was stored: the commit looks the id up first.
    if (sending.id === undefined || access.membership === undefined) requireWriter(access, this.#options.clock.now());
    const { n, id: by } = caller.person;
    const id = sending.id ?? uuidv7();
    const screened = this.#options.screening.screen(caller, { access, id: sending.id, data: sending.data }, waiter);
    if (screened === undefined) return;
    const told = access.room.kind === "open" ? this.#keeping(access.room.id, screened) : screened;
    this.#options.journal.append({ kind: "message", room: access.room.n, actor: n, by, id, data: sending.data }, told);
  }

  /** Who says the first words of a room and hangs up at once must not take the room along. */
  #keeping(id: string, waiter: Waiter): Waiter {
    const { directory } = this.#options;
    const room = directory.get(id);
    if (room === undefined || room.published > 0) return waiter;
    directory.hold(room);
    return {
      settle(outcome) {
        directory.release(room);
        waiter.settle(outcome);
      },
    };
  }

  /** Takes the words of a message away. The commit judges whether they are the caller's own. */
  async delete(
    caller: Caller,
    { room: channel, seq: target }: CheckedInput<"message.delete">,
  ): Promise<{ seq: number }> {
    const access = await this.#access(caller, channel);
    const { person } = caller;
    const { membership } = access;
    const right = rightToDelete(caller, access);
    // What somebody may not read is to them as if it were not there.
    if (right !== "server" && target < (membership?.visible_from ?? 0)) throw new ChatError("message_not_found");
    const who = { actor: person.n, by: person.id, right } as const;
    const draft = { kind: "deleted", room: access.room.n, ...who, target, data: `{"target":${target}}` } as const;
    const { code, seq } = await committed(this.#options.journal, draft);
    if (code === "committed" && right !== "self") await this.#noteDeletion(caller, { access, right, target });
    return { seq };
  }

  /** Taking one's own words back is no act of a moderator. */
  async #noteDeletion(caller: Caller, what: { access: Access; right: Right; target: number }): Promise<void> {
    const { audit, db } = this.#options;
    const { access, right, target: seq } = what;
    const { id: actor } = caller.person;
    const author = await senderOf(db, { room: access.room.n, seq });
    if (author === undefined || author === actor) return;
    const detail = { room: access.room.id, seq, right };
    const address = addressOf(caller);
    await audit.note({ actor, action: "message.delete", target: `user:${author}`, detail, address });
  }

  #access(caller: Caller, channel: string): Access | Promise<Access> {
    if (isOpenName(channel) ? !this.#options.open : !isRoomId(channel)) throw new ChatError("room_not_found");
    return this.#options.directory.access(caller.person, channel);
  }

  /**
   * The caller's view of a room that is live now, for whatever reads it, and the top up to which it holds: what is
   * published behind that may come after the caller's removal.
   */
  async #opened(caller: Caller, channel: string): Promise<{ room: LiveRoom; view: View; top: number }> {
    if (isOpenName(channel) ? !this.#options.open : !isRoomId(channel)) throw new ChatError("room_not_found");
    const { access, room, top } = await this.#options.directory.enter(caller.person, channel);
    return { room, view: viewFor(caller, access), top };
  }

  /** A page of the log, ascending, with the names of those who wrote. */
  async list(caller: Caller, asked: CheckedInput<"message.list">): Promise<RawJson> {
    const { room, view, top: last_seq } = await this.#opened(caller, asked.room);
    const elsewhere = asked.before ?? asked.after ?? asked.around ?? asked.from;
    if (elsewhere !== undefined || (await this.#options.blocks.blocksAny(caller.person)))
      return await this.#list(caller, asked, { room, view, last_seq });
    // Everybody asks for the newest page, and most of them for the same one.
    const known = this.#newest.get(room);
    const [now_ms, { cleared }] = [this.#options.clock.monotonic(), room];
    const key = `${last_seq} ${asked.limit} ${view.from} ${room.firstSeq} ${cleared}`;
    if (known?.key === key && known.until_ms > now_ms) return known.page;
    const page = await this.#list(undefined, asked, { room, view, last_seq });
    if (room.cleared === cleared) this.#newest.set(room, { key, page, until_ms: now_ms + newest_remembered_ms });
    return page;
  }

  /** As the caller gets it, or, without one, as everybody who has blocked nobody. */
  async #list(
    caller: Caller | undefined,
    asked: CheckedInput<"message.list">,
    { room, view, last_seq }: { room: LiveRoom; view: View; last_seq: number },
  ): Promise<RawJson> {
    const first_seq = Math.max(room.firstSeq, view.from);
    // Everybody asks for the newest page: a room's recent events are read once, into the ring.
    if (asked.before === undefined) await this.#options.prime(room, Math.max(0, last_seq - asked.limit));
    const texts = await this.#page(view, asked, last_seq);
    const first = texts[0] === undefined ? undefined : publicationSeq(texts[0]);
    const last = texts.length === 0 ? undefined : publicationSeq(texts.at(-1) as string);
    const forward = asked.after !== undefined || asked.from !== undefined;
    const bound = Math.min(asked.to ?? last_seq, last_seq);
    const more = forward ? last !== undefined && last < bound : first !== undefined && first > first_seq;
    const hidden = caller === undefined ? texts : this.#options.blocks.hide(caller.person, texts);
    const [users, shown] = await Promise.all([this.#authors(texts), hidden]);
    return new RawJson(
      `{"events":[${shown.join(",")}],"users":${JSON.stringify(users)},"epoch":"${this.#options.epoch}","first_seq":${first_seq},"last_seq":${last_seq},"more":${more}}`,
    );
  }

  async #page(view: View, asked: CheckedInput<"message.list">, top: number): Promise<string[]> {
    const { history } = this.#options;
    const { limit } = asked;
    if (asked.around !== undefined) {
      const before = Math.ceil(limit / 2);
      const [older, newer] = await Promise.all([
        history.page(view, { from: 1, to: Math.min(asked.around, top), limit: before, take: "newest" }),
        history.page(view, { from: asked.around + 1, to: top, limit: limit - before, take: "oldest" }),
      ]);
      return [...older, ...newer];
    }
    if (asked.after !== undefined)
      return await history.page(view, { from: asked.after + 1, to: top, limit, take: "oldest" });
    if (asked.from !== undefined) {
      const to = Math.min(asked.to ?? top, top);
      return await history.page(view, { from: asked.from, to, limit, take: "oldest" });
    }
    const to = asked.before === undefined ? top : Math.min(asked.before - 1, top);
    return this.#latest(view, { to, limit }) ?? (await history.page(view, { from: 1, to, limit, take: "newest" }));
  }

  /** The newest events, where the ring has them all. */
  #latest(view: View, asked: { to: number; limit: number }): string[] | undefined {
    const room = this.#options.directory.byKey(view.room);
    const from = Math.max(asked.to - asked.limit + 1, view.from, 1);
    if (room === undefined || from < room.ring.first || asked.to > room.ring.last) return undefined;
    const texts: string[] = [];
    for (let seq = from; seq <= asked.to; seq++) texts.push(room.ring.at(seq));
    return texts;
  }

  async #authors(texts: readonly string[]): Promise<{ id: string; name: string }[]> {
    return await this.#options.names.of(publicationUsers(texts));
  }

  /** The Centrifuge protocol's `history`: publications from a position on, or back from it, and the top. */
  async history(
    caller: Caller,
    asked: { channel: string; limit: number; since: { offset: number; epoch: string } | undefined; reverse: boolean },
  ): Promise<string> {
    const { channel, since, reverse } = asked;
    const { epoch, history } = this.#options;
    const { view, top } = await this.#opened(caller, channel);
    if (since !== undefined && since.epoch !== "" && since.epoch !== epoch)
      throw new ChatError("unrecoverable_position");
    const limit = asked.limit < 0 ? page_events_max : Math.min(asked.limit, page_events_max);
    const range = reverse
      ? { from: 1, to: since === undefined ? top : Math.min(since.offset - 1, top), limit, take: "newest" as const }
      : { from: (since?.offset ?? 0) + 1, to: top, limit, take: "oldest" as const };
    const texts = [...(await this.#options.blocks.hide(caller.person, await history.page(view, range)))];
    if (reverse) texts.reverse();
    return `{"publications":[${texts.join(",")}],"epoch":"${epoch}","offset":${top}}`;
  }
}
