/** The doors of the authorization matrix: how one caller asks one thing, and what they are told. */

import { errors, type ErrorCode } from "../../src/protocol/errors.ts";
import type { OperationName } from "../../src/protocol/operations.ts";
import { Browser, programSignIn } from "../accounts.ts";
import { connectRaw, openRaw, within, type RawClient } from "../client.ts";
import type { ChatNode } from "../harness.ts";
import { post } from "../http-client.ts";
import { codeOf } from "../room-people.ts";
import { outsiders, type CallerKind, type Cast, type Credentials } from "./authorization-callers.ts";
import type { Expected } from "./authorization-rights.ts";

/** `http` and `socket` by a token, the others by the cookie of a browser on a page of the server. */
export const doors = ["http", "cookie", "socket", "socket_cookie"] as const;
export type Door = (typeof doors)[number];

export interface Answer {
  readonly code: Expected;
  /** The error as the caller sees it, without what differs from request to request. */
  readonly words: string;
}

export type Asking =
  | { readonly operation: OperationName; readonly input: object; readonly ends: boolean }
  | { readonly command: string; readonly body: object };

export interface Caller {
  readonly door: Door;
  readonly caller: CallerKind;
  /** Instead of the caller's own. */
  readonly token: string | undefined;
}

/** The end of a socket that gave no answer. */
const end_ms_max = 1_000;

const closeCodes = new Map<number, Expected>([
  // A command before connect, and a token that is no good: the socket has no other answer.
  [3501, "unauthorized"],
  [3500, "unauthorized"],
  // Whoever ends their sign-in is closed by it.
  [3503, "ok"],
]);

export class Askers {
  readonly #node: ChatNode;
  readonly #cast: Cast;
  #addresses = 0;
  readonly #sockets = new Map<string, RawClient>();

  constructor(node: ChatNode, cast: Cast) {
    this.#node = node;
    this.#cast = cast;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sockets.values()].map((client) => client.close()));
  }

  /** Undefined where the caller has no way to this door. */
  async ask(who: Caller, asking: Asking): Promise<Answer | undefined> {
    const { door } = who;
    const isCookie = door === "cookie" || door === "socket_cookie";
    const ends = "operation" in asking && asking.ends;
    const credentials = ends ? await this.#fresh(who) : this.#credentials(who);
    if (isCookie && credentials.cookie === undefined) return undefined;
    if (door === "http" || door === "cookie") {
      return "operation" in asking ? await this.#overHttp(isCookie, credentials, asking) : undefined;
    }
    return await this.#overSocket(who, { credentials, ends }, asking);
  }

  /** From an address that nobody came from before: what one caller is refused for must not count for another. */
  #elsewhere(): Record<string, string> {
    const n = ++this.#addresses;
    return { "x-forwarded-for": `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` };
  }

  #credentials({ caller, token }: Caller): Credentials {
    return caller === "grant" ? { token, cookie: undefined } : this.#cast.credentials[caller];
  }

  /** Another sign-in of the same person, where there is such a thing. */
  async #fresh(who: Caller): Promise<Credentials> {
    const { caller } = who;
    const given = this.#credentials(who);
    if (caller === "guest") {
      await using guest = await connectRaw(this.#node);
      return { token: guest.connected?.data.token, cookie: undefined };
    }
    if (given.cookie === undefined || (outsiders as readonly string[]).includes(caller)) return given;
    const browser = new Browser(this.#node);
    await browser.signIn(caller);
    return { token: await programSignIn(this.#node, caller), cookie: browser.headers["cookie"] };
  }

  async #overHttp(
    isCookie: boolean,
    { cookie = "", token }: Credentials,
    { operation, input }: { operation: OperationName; input: object },
  ): Promise<Answer> {
    const signedIn = isCookie ? { cookie, origin: this.#node.url } : {};
    const given = isCookie || token === undefined ? {} : { token };
    const headers = { ...signedIn, ...this.#elsewhere() };
    const { json, status, text } = await post(this.#node, operation, { ...given, headers, body: input });
    if (status === 200) return { code: "ok", words: "" };
    const { error } = json as { error: { code: ErrorCode; message: string } };
    if (status !== errors[error.code].status)
      throw new Error(`Expected the status of ${error.code}; got ${status} ${text}`);
    return { code: error.code, words: `${status} ${error.message}` };
  }

  async #overSocket(
    who: Caller,
    { credentials, ends }: { credentials: Credentials; ends: boolean },
    asking: Asking,
  ): Promise<Answer> {
    const isNew = ends || who.caller === "grant" || who.caller === "nobody";
    const key = `${who.door} ${who.caller}`;
    const known = isNew ? undefined : this.#sockets.get(key);
    const client = known ?? (await this.#open(who.door, credentials));
    const closed = client.closed.then(({ code }): Answer => ({
      code: closeCodes.get(code) ?? "internal",
      words: `${code}`,
    }));
    const asked = async (): Promise<Answer> => {
      if (known === undefined && who.caller !== "nobody") {
        const refused = await this.#connect(client, who, credentials);
        if (refused !== undefined) return refused;
        if (!isNew) this.#sockets.set(key, client);
      }
      const { error } = await ("operation" in asking
        ? client.request("rpc", { method: asking.operation, data: asking.input })
        : client.request(asking.command, asking.body));
      return toldBy(error);
    };
    const answer = await asked().catch((error: unknown) =>
      within(closed, () => `an answer or an end for ${key}: ${String(error)}`, end_ms_max),
    );
    if (this.#sockets.get(key) !== client) await client.close();
    return answer;
  }

  #open(door: Door, { cookie = "" }: Credentials): Promise<RawClient> {
    const signedIn = door === "socket_cookie" ? { cookie, origin: this.#node.url } : {};
    return openRaw(this.#node, { headers: { ...signedIn, ...this.#elsewhere() } });
  }

  /** What a caller is told who does not get in. */
  async #connect(
    client: RawClient,
    { caller, door }: Caller,
    { token = "" }: Credentials,
  ): Promise<Answer | undefined> {
    const { error } = await client.request("connect", door === "socket" ? { token } : {});
    if (error !== undefined) return toldBy(error);
    // An open server takes a cookie that is none for a stranger's: somebody, but nobody who was there before.
    const isSelf = caller === "grant" || client.user === this.#cast.ids.get(caller);
    const isSomebody = [...this.#cast.ids.values()].includes(client.user);
    if (!isSelf && !isSomebody && door === "socket_cookie") return { code: "unauthorized", words: "a new guest" };
    if (!isSelf && caller !== "guest") throw new Error(`Expected ${caller} to be themselves`);
    return undefined;
  }
}

function toldBy(error: { code: number; message: string } | undefined): Answer {
  return error === undefined
    ? { code: "ok", words: "" }
    : { code: codeOf(error), words: `${error.code} ${error.message}` };
}
