/** The connect command: from a token to a person with subscriptions, in one reply. */

import type { Moderation } from "../chat/moderation.ts";
import { outcomeOf } from "../chat/outcomes.ts";
import type { People } from "../chat/people.ts";
import type { Position } from "../chat/resume.ts";
import type { Subscriptions } from "../chat/subscriptions.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { problemText, type CommandOf, type SubscribeRequest } from "../protocol/commands.ts";
import { ChatError } from "../protocol/errors.ts";
import { errorReply, reply } from "../protocol/frames.ts";
import { ping_s } from "../protocol/limits.ts";
import { connectData } from "../protocol/operations.ts";
import { InvalidToken, type Auth, type SignIn } from "./auth.ts";
import type { Rates } from "./rates.ts";
import type { Connection } from "./connection.ts";

export interface SignInOptions {
  readonly auth: Auth;
  readonly clock: Clock;
  readonly epoch: string;
  readonly log: Log;
  readonly moderation: Pick<Moderation, "settings">;
  /** The name of this run, and the version that clients are told. */
  readonly node: string;
  readonly version: string;
  readonly people: People;
  readonly rates: Rates;
  readonly subscriptions: Subscriptions;
  /** Connections of one person; 0 for no limit. */
  readonly per_user_max: number;
}

interface ConnectWishes {
  readonly rooms: boolean;
  readonly name: string | undefined;
  readonly positions: ReadonlyMap<string, Position>;
}

/** The position that a subscribe wants to recover from. */
export function positionOf(request: Omit<SubscribeRequest, "channel">): Position | undefined {
  if (request.recover !== true) return undefined;
  return { epoch: request.epoch ?? "", offset: request.offset ?? 0 };
}

const noPositions: ReadonlyMap<string, Position> = new Map();

/** The wishes of nearly all who come for the first time: none, or their rooms. */
function plainWishes({ data = {}, subs }: CommandOf<"connect">["body"]): ConnectWishes | undefined {
  if (subs !== undefined || typeof data !== "object" || data === null || Array.isArray(data)) return undefined;
  for (const key in data) if (key !== "rooms") return undefined;
  const rooms = "rooms" in data ? data.rooms : undefined;
  if (rooms !== undefined && rooms !== true) return undefined;
  return { rooms: rooms === true, name: undefined, positions: noPositions };
}

/** What the client wants, from connect's `data` and from the positions that its SDK has kept (they are the newer ones). */
function wishesOf(body: CommandOf<"connect">["body"]): ConnectWishes {
  const plain = plainWishes(body);
  if (plain !== undefined) return plain;
  const checked = connectData.safeParse(body.data ?? {});
  // Other applications may put there what they like; only what is wrong in a field of ours is told.
  if (!checked.success && typeof body.data === "object")
    throw new ChatError("bad_request", `data.${problemText(checked.error)}`);
  const data = checked.success ? checked.data : {};
  const positions = new Map<string, Position>();
  for (const [room, offset] of Object.entries(data.positions ?? {}))
    positions.set(room, { epoch: data.epoch ?? "", offset });
  for (const [channel, request] of Object.entries(body.subs ?? {})) {
    const position = positionOf(request);
    if (position !== undefined) positions.set(channel, position);
  }
  return { rooms: data.rooms === true, name: data.name, positions };
}

export class SignInDoor {
  readonly #options: SignInOptions;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** Signs in and answers; afterwards the connection is ready, or closed, or as fresh as before. */
  async connect(connection: Connection, command: CommandOf<"connect">): Promise<void> {
    connection.state = "signing_in";
    try {
      const wishes = wishesOf(command.body);
      const { auth, moderation, rates } = this.#options;
      const token = command.body.token || connection.cookie || "";
      rates.connects(connection.address);
      if (token === "" && auth.open) {
        moderation.settings.requireUnlocked();
        rates.newGuest(connection.address);
      } else rates.checkTokens(connection.address);
      const signIn = await auth.signIn(token, wishes.name);
      if (connection.state === "signing_in") await this.#enter(connection, { command, wishes, signIn });
    } catch (error) {
      this.#failed(connection, command.id, error);
    }
  }

  async #enter(
    connection: Connection,
    entering: { command: CommandOf<"connect">; wishes: ConnectWishes; signIn: SignIn },
  ): Promise<void> {
    const { command, wishes, signIn } = entering;
    const { people, per_user_max, rates, subscriptions } = this.#options;
    rates.entered(signIn.user.id);
    const person = people.of(signIn.user);
    if (per_user_max > 0 && person.connections.length >= per_user_max) return connection.close("connection_limit");
    connection.signIn(person);
    connection.connInfo = signIn.connInfo;
    connection.grants = signIn.grants;
    connection.session = signIn.session;
    connection.scopes = signIn.scopes;
    // A key that is not good for reading hears nothing, whatever it asks for.
    connection.wantsRooms = wishes.rooms && (signIn.scopes?.has("read") ?? true);
    connection.expires_s = signIn.renewable ? signIn.expires_s : undefined;
    connection.ends_s = signIn.renewable ? undefined : signIn.expires_s;
    connection.subject = signIn.subject;
    people.enter(connection);
    await subscriptions.connect(connection, wishes.positions, (subs) => {
      connection.state = "ready";
      connection.send([reply(command.id, "connect", this.#result(connection, signIn, subs))]);
    });
  }

  #result(connection: Connection, signIn: SignIn, subs: string): string {
    const { clock, epoch, node, version } = this.#options;
    const { user, guestToken } = signIn;
    const { expires_s } = connection;
    const data = {
      user: { id: user.id, name: user.name },
      epoch,
      ...(guestToken === undefined ? {} : { token: guestToken }),
    };
    const ttl = expires_s === undefined ? "" : `,"expires":true,"ttl":${ttlOf(expires_s, clock)}`;
    return `{"client":"${connection.client}","version":"${version}","data":${JSON.stringify(data)},"subs":${subs},"ping":${ping_s},"pong":true,"node":"${node}"${ttl}}`;
  }

  /** A new token before the old one ends; of the same user. Gives the result's text. */
  async refresh(connection: Connection, token: string): Promise<string> {
    const { auth, clock, version } = this.#options;
    let refreshed;
    try {
      refreshed = await auth.refresh(token);
    } catch (error) {
      if (error instanceof InvalidToken) connection.close("invalid_token");
      throw error instanceof InvalidToken ? new ChatError("unauthorized", error.message) : error;
    }
    if (connection.expires_s === undefined) throw new ChatError("bad_request", "this connection does not expire");
    if (refreshed.subject !== connection.subject) {
      connection.close("invalid_token");
      throw new ChatError("unauthorized", "expected a token of the same user");
    }
    connection.expires_s = refreshed.expires_s;
    const ttl = ttlOf(refreshed.expires_s, clock);
    return `{"client":"${connection.client}","version":"${version}","expires":true,"ttl":${ttl}}`;
  }

  #failed(connection: Connection, id: number, error: unknown): void {
    if (connection.state === "closed") return;
    if (error instanceof InvalidToken) {
      this.#options.rates.tokenRefused(connection.address);
      this.#options.log.info("token_refused", { client: connection.client, reason: error.message });
      return connection.close("invalid_token");
    }
    const { log } = this.#options;
    const outcome = outcomeOf(error, { log, event: "connect_failed", facts: { client: connection.client } });
    connection.push(errorReply(id, outcome.code, outcome.detail));
    if (connection.signedIn) connection.close("internal");
    else connection.state = "fresh";
  }
}

function ttlOf(expires_s: number, clock: Clock): number {
  return Math.max(1, Math.ceil(expires_s - clock.now() / 1000));
}
