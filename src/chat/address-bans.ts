/**
 * Networks that nobody may come from. Every node keeps them in memory, asks itself at each upgrade and request, and
 * closes what is connected when a ban comes. This machine and its proxies are never banned: with them everybody would be.
 */

import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import { NetworkSet, overlap, parseNetwork, printNetwork, type Network } from "../lib/network-set.ts";
import { Readings } from "../lib/readings.ts";
import { ChatError } from "../protocol/errors.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import {
  addAddressBan,
  countAddressBans,
  lastingBans,
  listAddressBans,
  removeAddressBan,
  type AddressBanRow,
} from "../store/address-bans.ts";
import type { Database } from "../store/orm.ts";
import type { Audit } from "./audit.ts";
import { addressOf, type Caller } from "./policy.ts";

const bans_max = 10_000;
const loopback = ["127.0.0.0/8", "::1/128"];

export interface AddressBansOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  readonly hint: () => void;
  /** The networks of proxies whose word on addresses is believed. */
  readonly trustedProxies: readonly string[];
}

interface Ban {
  readonly network: Network;
  readonly expires_at: number;
}

function shapeOf(row: AddressBanRow): OutputOf<"address_ban.create"> {
  const { id, network, reason, created_by, created_at, expires_at } = row;
  return { id, network, reason, created_by, created_at, expires_at };
}

export class AddressBans {
  readonly #options: AddressBansOptions;
  readonly #spared: readonly Network[];
  readonly #sparedSet: NetworkSet;
  readonly #readings = new Readings();
  #bans: readonly Ban[] = [];
  #set = new NetworkSet([]);
  /** When the first of them ends. */
  #expires_at = Number.POSITIVE_INFINITY;
  /** Closes the connections of banned addresses; set by whoever has them. */
  changed: () => void = () => {};

  constructor(options: AddressBansOptions) {
    this.#options = options;
    this.#spared = [...loopback, ...options.trustedProxies].map(parseNetwork).filter((one) => one !== undefined);
    this.#sparedSet = new NetworkSet(this.#spared);
  }

  /** Whether nobody may come from this address. */
  banned(address: string): boolean {
    if (this.#bans.length === 0) return false;
    const now = this.#options.clock.now();
    if (now >= this.#expires_at) this.#know(this.#bans.filter(({ expires_at }) => expires_at > now));
    return this.#set.has(address) && !this.#sparedSet.has(address);
  }

  /** Before the first connection comes in, and whenever the news says so. */
  async load(): Promise<void> {
    const { clock, db } = this.#options;
    const isNewest = this.#readings.begin();
    const rows = await lastingBans(db, clock.now());
    if (!isNewest()) return;
    this.#know(
      rows.flatMap(({ expires_at, network: text }) => {
        const network = parseNetwork(text);
        return network === undefined ? [] : [{ network, expires_at: expires_at ?? Number.POSITIVE_INFINITY }];
      }),
    );
    if (rows.length > 0) this.changed();
  }

  #know(bans: readonly Ban[]): void {
    this.#bans = bans;
    this.#set = new NetworkSet(bans.map(({ network }) => network));
    this.#expires_at = bans.reduce((least, { expires_at }) => Math.min(least, expires_at), Number.POSITIVE_INFINITY);
  }

  async create(caller: Caller, asked: CheckedInput<"address_ban.create">): Promise<OutputOf<"address_ban.create">> {
    const { audit, clock, db, hint } = this.#options;
    const { person } = caller;
    const { expires_at = null, reason } = asked;
    const network = this.#checked(asked.network, addressOf(caller));
    const created_at = clock.now();
    if (expires_at !== null && expires_at <= created_at)
      throw new ChatError("bad_request", "expires_at: expected a time in the future, in Unix milliseconds");
    if ((await countAddressBans(db)) >= bans_max)
      throw new ChatError("limit_exceeded", `there are ${bans_max} bans, the most: ban larger networks`);
    const ban = { id: shortId(), network, reason, created_by: person.n, created_at, expires_at };
    const row = await addAddressBan(db, ban);
    if (row === undefined) throw new ChatError("overloaded");
    const detail = { network, reason, expires_at };
    const act = { actor: person.id, target: `address_ban:${row.id}`, detail, address: addressOf(caller) };
    await audit.note({ action: "address_ban.create", ...act });
    await this.load();
    hint();
    return shapeOf(row);
  }

  #checked(text: string, own: string | undefined): string {
    const network = parseNetwork(text);
    if (network === undefined)
      throw new ChatError("bad_request", "network: expected an address or a network such as 192.0.2.0/24");
    if (this.#spared.some((spared) => overlap(spared, network)))
      throw new ChatError("bad_request", "network: this machine or one of its trusted proxies lies in it");
    if (own !== undefined && new NetworkSet([network]).has(own))
      throw new ChatError("bad_request", "network: you come from there yourself");
    return printNetwork(network);
  }

  async list(asked: CheckedInput<"address_ban.list">): Promise<OutputOf<"address_ban.list">> {
    const { clock, db } = this.#options;
    const { after, limit } = asked;
    const found = await listAddressBans(db, { after, now: clock.now(), limit: limit + 1 });
    return { bans: found.slice(0, limit).map(shapeOf), more: found.length > limit };
  }

  async delete(caller: Caller, { id }: CheckedInput<"address_ban.delete">): Promise<object> {
    const { audit, clock, db, hint } = this.#options;
    const network = await removeAddressBan(db, { id, at: clock.now() });
    if (network === undefined) throw new ChatError("not_found", "there is no such ban: it may have ended");
    const { person } = caller;
    const act = { actor: person.id, target: `address_ban:${id}`, detail: { network }, address: addressOf(caller) };
    await audit.note({ action: "address_ban.delete", ...act });
    await this.load();
    hint();
    return {};
  }
}
