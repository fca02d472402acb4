/** Who may come for the first time: by the setting, by a link, and not while the server is locked down. */

import type { Clock } from "../lib/clock.ts";
import { sha256 } from "../lib/ids.ts";
import { ChatError } from "../protocol/errors.ts";
import { hasOwner } from "../store/accounts/people.ts";
import { claimInvite, lookUpInvite, releaseInvite } from "../store/invites.ts";
import type { Database } from "../store/orm.ts";

/** What administrators change while the server runs. */
export interface Rules {
  readonly signUp: "open" | "invite" | "closed";
  /** Throws `locked_down` where nobody new is let in just now. */
  requireUnlocked(): void;
}

export interface RegistrationOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly rules: Rules;
}

/** What somebody came by. */
export interface Claim {
  readonly kind: "open" | "server" | "owner";
  /** Of the link; undefined where none was needed. */
  readonly n: number | undefined;
}

const noLink = "the link is not good: it was used up, or has ended";

export class Registration {
  readonly #options: RegistrationOptions;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get rules(): Rules {
    return this.#options.rules;
  }

  /** Takes one use of a link, or finds that none is needed. Throws `permission_denied`. */
  async claim(invite: string | undefined): Promise<Claim> {
    const { rules } = this.#options;
    const { signUp } = rules;
    if (invite === undefined) {
      rules.requireUnlocked();
      if (signUp === "open") return { kind: "open", n: undefined };
      const how = signUp === "invite" ? "come by the link of an invitation" : "an administrator makes the accounts";
      throw new ChatError("permission_denied", `accounts are not open here: ${how}`);
    }
    // Once there is an owner, their link makes none beside them.
    const owner = (await hasOwner(this.#options.db)) ? undefined : await this.#take(invite, "owner");
    if (owner !== undefined) return { kind: "owner", n: owner };
    rules.requireUnlocked();
    const server = signUp === "closed" ? undefined : await this.#take(invite, "server");
    if (server === undefined) throw new ChatError("permission_denied", noLink);
    return { kind: "server", n: server };
  }

  /** They did not come in after all. */
  async release({ n }: Claim): Promise<void> {
    if (n !== undefined) await releaseInvite(this.#options.db, n);
  }

  /** The look and the taking are two steps: of two at once for the last use, the second is told that there is none. */
  async #take(invite: string, kind: "owner" | "server"): Promise<number | undefined> {
    const { clock, db } = this.#options;
    const now = clock.now();
    const found = await lookUpInvite(db, { hash: sha256(invite), kind, now });
    if (found === undefined) return undefined;
    if (!(await claimInvite(db, { n: found.n, now }))) throw new ChatError("permission_denied", noLink);
    return found.n;
  }
}
