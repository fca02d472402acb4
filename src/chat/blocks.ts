/**
 * People who do not want to hear of each other. Who is blocked opens no direct room with the other one, writes in none
 * and invites them nowhere; in lists the other one finds their messages without words. What is pushed live is one for
 * all: clients hide it.
 */

import type { Clock } from "../lib/clock.ts";
import { Lru } from "../lib/lru.ts";
import { ChatError } from "../protocol/errors.ts";
import { withoutWords } from "../protocol/events.ts";
import type { OutputOf } from "../protocol/operations.ts";
import { addBlock, blockedBy, isBlocked, removeBlock } from "../store/blocks.ts";
import type { Database } from "../store/orm.ts";
import { findPeople } from "../store/users.ts";
import type { Caller } from "./policy.ts";
import type { Person } from "./people.ts";

const blocks_max = 1_000;
const remembered_max = 20_000;

export interface BlocksOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly hint: () => void;
}

export class Blocks {
  readonly #options: BlocksOptions;
  /** Whom a person has blocked, by `users.id` of both; asked for with every page of a log. */
  readonly #known = new Lru<string, ReadonlySet<string>>(remembered_max);
  /** Rises with every change: what was read before it may be older. */
  #version = 0;

  constructor(options: BlocksOptions) {
    this.#options = options;
  }

  async block(caller: Caller, user: string): Promise<object> {
    const { clock, db } = this.#options;
    const { id, n } = caller.person;
    const blocked = await this.#other(caller, user);
    if ((await this.#of(caller.person)).size >= blocks_max)
      throw new ChatError("limit_exceeded", `you have blocked ${blocks_max} people, the most`);
    await addBlock(db, { user: n, blocked, at: clock.now() });
    this.#changed(id);
    return {};
  }

  async unblock(caller: Caller, user: string): Promise<object> {
    const { clock, db } = this.#options;
    const { id, n } = caller.person;
    await removeBlock(db, { user: n, blocked: await this.#other(caller, user), at: clock.now() });
    this.#changed(id);
    return {};
  }

  async list(caller: Caller): Promise<OutputOf<"block.list">> {
    return { users: await blockedBy(this.#options.db, caller.person.n) };
  }

  /** Whether one of these people (`users.n`) does not want to hear of the person. */
  async isBlocked(person: Person, by: readonly number[]): Promise<boolean> {
    return await isBlocked(this.#options.db, { person: person.n, by });
  }

  /** Whether what the person reads differs from what others do. */
  async blocksAny(person: Person): Promise<boolean> {
    return (await this.#of(person)).size > 0;
  }

  /** A page of a log as a person gets it: what somebody says whom they have blocked has no words. */
  async hide(person: Person, texts: readonly string[]): Promise<readonly string[]> {
    const blocked = await this.#of(person);
    return blocked.size === 0 ? texts : texts.map((text) => withoutWords(text, blocked));
  }

  /** Something about the person has changed, here or elsewhere. */
  forget(id: string): void {
    this.#version++;
    this.#known.delete(id);
  }

  #changed(id: string): void {
    this.forget(id);
    this.#options.hint();
  }

  async #of(person: Person): Promise<ReadonlySet<string>> {
    const known = this.#known.get(person.id);
    if (known !== undefined) return known;
    const version = this.#version;
    const blocked = new Set((await blockedBy(this.#options.db, person.n)).map(({ id }) => id));
    if (version === this.#version) this.#known.set(person.id, blocked);
    return blocked;
  }

  async #other(caller: Caller, user: string): Promise<number> {
    if (user === caller.person.id) throw new ChatError("bad_request", "user: expected somebody else than yourself");
    const [found] = await findPeople(this.#options.db, [user]);
    if (found === undefined) throw new ChatError("bad_request", `user: nobody here has the id ${user}`);
    return found.n;
  }
}
