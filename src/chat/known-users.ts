/**
 * The rows of users whom hosts have vouched for lately, in memory: nearly all who sign in were here before. Only on a
 * server that alone writes to its database, where each change of a row is told here behind the write.
 */

import { Lru } from "../lib/lru.ts";
import type { UserRow } from "../store/users.ts";

/** Who somebody is to their host. */
export interface HostIdentity {
  readonly issuer: string;
  readonly subject: string;
}

const users_max = 10_000;

/** Names a host's user by one text. */
export function identityKey({ issuer, subject }: HostIdentity): string {
  return `${issuer}\n${subject}`;
}

export class KnownUsers {
  readonly #byIdentity = new Lru<string, UserRow>(users_max);
  /** By `users.id`. */
  readonly #keys = new Map<string, string>();
  #version = 0;

  /** Rises with each change of a row: what was read under another version may be older than the change. */
  get version(): number {
    return this.#version;
  }

  find(identity: HostIdentity): UserRow | undefined {
    return this.#byIdentity.get(identityKey(identity));
  }

  /** Keeps a row that was asked for when the version was this. */
  keep(identity: HostIdentity, row: UserRow, asked: number): void {
    if (asked !== this.#version) return;
    const key = identityKey(identity);
    // What else came along with the row is not kept.
    const { n, id, name, disabled_at, role, status, status_text } = row;
    const gone = this.#byIdentity.set(key, { n, id, name, disabled_at, role, status, status_text });
    if (gone !== undefined) this.#keys.delete(gone.id);
    this.#keys.set(id, key);
  }

  /** The row of this user was written. */
  forget(id: string): void {
    this.#version += 1;
    const key = this.#keys.get(id);
    if (key === undefined) return;
    this.#keys.delete(id);
    this.#byIdentity.delete(key);
  }
}
