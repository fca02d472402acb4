/**
 * The few settings that an administrator changes while the server runs. Every node keeps them in memory and reads them
 * again when the news says that they have changed.
 */

import type { Clock } from "../lib/clock.ts";
import { Readings } from "../lib/readings.ts";
import { ChatError } from "../protocol/errors.ts";
import { signUpModes, type SignUpMode } from "../protocol/moderation-operations.ts";
import type { CheckedInput, OutputOf } from "../protocol/operations.ts";
import type { Database } from "../store/orm.ts";
import { readServerSettings, writeServerSettings } from "../store/server-settings.ts";
import type { Audit } from "./audit.ts";
import { addressOf, type Caller } from "./policy.ts";

const second_ms = 1_000;

export interface ServerSettingsOptions {
  readonly audit: Audit;
  readonly clock: Clock;
  readonly db: Database;
  /** Other nodes should look into the database for what was changed. */
  readonly hint: () => void;
  /** What the configuration says, where nobody has said otherwise since. */
  readonly configured: { readonly signUp: SignUpMode; readonly slowSeconds: number };
}

interface Values {
  readonly lockdown: boolean;
  readonly signUp: SignUpMode;
  readonly slowSeconds: number;
}

export class ServerSettings {
  readonly #options: ServerSettingsOptions;
  readonly #readings = new Readings();
  #values: Values;

  constructor(options: ServerSettingsOptions) {
    this.#options = options;
    this.#values = valuesOf(new Map(), options.configured);
  }

  /** Nobody new comes in, and everywhere members wait between two messages. */
  get lockdown(): boolean {
    return this.#values.lockdown;
  }

  /** Who may make an account. */
  get signUp(): SignUpMode {
    return this.#values.signUp;
  }

  /** What who is no moderator must wait between two messages in any room; 0 for nothing. */
  get slow_ms(): number {
    return this.#values.lockdown ? this.#values.slowSeconds * second_ms : 0;
  }

  /** Throws `locked_down` for somebody new. */
  requireUnlocked(): void {
    if (this.#values.lockdown) throw new ChatError("locked_down", "nobody new is let in just now");
  }

  /** Before the first connection comes in, and whenever the news says so. */
  async load(): Promise<void> {
    const isNewest = this.#readings.begin();
    const values = valuesOf(await readServerSettings(this.#options.db), this.#options.configured);
    if (isNewest()) this.#values = values;
  }

  shape(): OutputOf<"server.settings.get"> {
    const { lockdown, signUp, slowSeconds } = this.#values;
    return { lockdown, sign_up: signUp, slow_seconds: slowSeconds };
  }

  async set(caller: Caller, asked: CheckedInput<"server.settings.set">): Promise<OutputOf<"server.settings.set">> {
    await this.#write({ sign_up: asked.sign_up, slow_seconds: asked.slow_seconds?.toString() });
    await this.#note(caller, "server.settings.set", asked);
    return this.shape();
  }

  async lockDown(caller: Caller, { on }: CheckedInput<"server.lockdown">): Promise<OutputOf<"server.lockdown">> {
    await this.#write({ lockdown: String(on) });
    await this.#note(caller, "server.lockdown", { on });
    return { on };
  }

  async #write(set: Partial<Record<"lockdown" | "sign_up" | "slow_seconds", string | undefined>>): Promise<void> {
    const { clock, db, hint } = this.#options;
    const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
    await writeServerSettings(db, { set: given, at: clock.now() });
    await this.load();
    hint();
  }

  async #note(caller: Caller, action: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    const { person } = caller;
    const address = addressOf(caller);
    await this.#options.audit.note({ actor: person.id, action, target: "server", detail, address });
  }
}

/** What a newer version wrote and this one does not understand is as if it were not there. */
function valuesOf(rows: ReadonlyMap<string, string>, configured: ServerSettingsOptions["configured"]): Values {
  const mode = signUpModes.find((known) => known === rows.get("sign_up"));
  const seconds = Number(rows.get("slow_seconds") ?? Number.NaN);
  return {
    lockdown: rows.get("lockdown") === "true",
    signUp: mode ?? configured.signUp,
    slowSeconds: Number.isSafeInteger(seconds) ? seconds : configured.slowSeconds,
  };
}
