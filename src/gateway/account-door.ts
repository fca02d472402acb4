/**
 * The accounts' HTTP door, `/api/auth/…`: sign up, sign in and out, passwords, second factors, single sign-on. What is
 * asked is checked and limited here, better-auth does it, and its answers go out in this server's own shape of errors.
 */

import { addressHeader, authPath } from "../chat/account-auth-names.ts";
import type { AccountDoors } from "../chat/account-parts.ts";
import { isSessionToken } from "../chat/sign-ins.ts";
import type { Clock } from "../lib/clock.ts";
import { sha256, shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { noEmail } from "../protocol/account-fields.ts";
import { problemText } from "../protocol/commands.ts";
import { ChatError, type ErrorCode } from "../protocol/errors.ts";
import { callbackRoute, routes, signUpBody, type Route } from "./account-routes.ts";
import type { Attempts } from "./attempts.ts";
import { errorAnswer, failureAnswer, toResponse, WrongMethod } from "./http-answer.ts";
import { readBody } from "./request-body.ts";
import type { From } from "./server.ts";
import { sessionTokenIn, type CookieRules } from "./session-cookie.ts";

export interface AccountDoorOptions {
  readonly accounts: AccountDoors;
  readonly attempts: Attempts;
  readonly clock: Clock;
  readonly cookies: CookieRules;
  readonly log: Log;
  /** The origin that people's browsers use. */
  readonly publicUrl: () => string;
  /** Guests are let in; pages are told. */
  readonly open: boolean;
  /** What people call the single sign-on. */
  readonly providerName: string;
}

const prefix = `${authPath}/`;
const resetRequest = "request-password-reset";

/** A page has its cookie and a program the token in the body: here it would stand before its second factor is given. */
const hidden = ["set-auth-token", "access-control-expose-headers"];

export class AccountDoor {
  readonly #options: AccountDoorOptions;

  constructor(options: AccountDoorOptions) {
    this.#options = options;
  }

  /** Answers what lies under `/api/auth/`; undefined for anything else. */
  fetch(request: Request, from: From): Promise<Response> | undefined {
    if (!from.path.startsWith(prefix)) return undefined;
    return this.#answer(request, from).catch((error: unknown) =>
      toResponse(failureAnswer(error, shortId(), this.#options.log)),
    );
  }

  async #answer(request: Request, from: From): Promise<Response> {
    const name = from.path.slice(prefix.length);
    if (request.method === "GET" && name === "methods") return this.#methods();
    if (request.method === "GET" && name === callbackRoute) return await this.#callback(request, from);
    const route = routes[name];
    if (route === undefined && name !== "sign-up") throw new ChatError("unknown_method", "no such way into accounts");
    if (request.method !== "POST") throw new WrongMethod();
    this.#checkOrigin(request);
    const { value } = await readBody(request, this.#options.clock);
    if (route === undefined) return await this.#signUp(request, { from, body: value });
    return await this.#pass(request, { from, name, route, body: value });
  }

  /** What a page needs to know before anybody has signed in. */
  #methods(): Response {
    const { accounts, open, providerName } = this.#options;
    return Response.json(
      {
        sign_up: accounts.registration.rules.signUp,
        guests: open,
        password_reset: accounts.sendsMail,
        single_sign_on: accounts.hasProvider ? providerName : null,
      },
      { headers: { "cache-control": "no-store" } },
    );
  }

  /** Pages of others may not sign anybody in or out; programs have no Origin, and no cookie either. */
  #checkOrigin({ headers }: Request): void {
    const origin = headers.get("origin");
    const { cookies } = this.#options;
    if (origin !== null) {
      if (!cookies.origins().has(origin))
        throw new ChatError(
          "permission_denied",
          "pages of this origin may not: set public_url, or list it in allowed_origins",
        );
      return;
    }
    if (sessionTokenIn(headers.get("cookie"), cookies.secure) !== undefined)
      throw new ChatError("permission_denied", "expected an Origin header with the cookie");
  }

  async #callback(request: Request, from: From): Promise<Response> {
    this.#options.attempts.begin(from.address);
    const auth = await this.#options.accounts.auth(true);
    const { search } = new URL(request.url);
    const inner = this.#inner(request, { from, path: `${from.path}${search}`, body: undefined });
    return finished(await auth.handle(inner));
  }

  async #pass(request: Request, asked: { from: From; name: string; route: Route; body: unknown }): Promise<Response> {
    const { accounts, attempts } = this.#options;
    const { from, name, route } = asked;
    const checked = route.body.safeParse(asked.body ?? {});
    if (!checked.success) throw new ChatError("bad_request", problemText(checked.error));
    if (route.counted) attempts.begin(from.address);
    const given = route.account === undefined ? undefined : String(checked.data[route.account]).toLowerCase();
    const tried = await this.#tried(request, { name, given, proves: route.proves });
    if (tried !== undefined) attempts.tries(tried);
    if (name === resetRequest && !accounts.sendsMail)
      throw new ChatError("not_available", "this server sends no mail: ask an administrator for a link");
    if (name === "sign-in/social" && !accounts.hasProvider)
      throw new ChatError("not_available", "this server has no single sign-on");
    const auth = await accounts.auth(name === "sign-in/social");
    if (name === "sign-in/social" && !auth.hasProvider)
      throw new ChatError("storage_unavailable", "the single sign-on does not answer: try again in a moment");
    const answer = await auth.handle(this.#inner(request, { from, path: from.path, body: checked.data }));
    if (answer.ok && name !== resetRequest) attempts.succeeded(tried);
    return await this.#finish(request, answer);
  }

  /**
   * What attempts are counted at. Requests for a new password, which anybody may make, are counted apart from attempts with
   * the old one; and whoever holds a sign-in of somebody has no more guesses at their password than a stranger.
   */
  async #tried(
    request: Request,
    asked: { name: string; given: string | undefined; proves: boolean },
  ): Promise<string | undefined> {
    const { accounts, cookies } = this.#options;
    const { name, given, proves } = asked;
    if (given !== undefined) {
      const account = await accounts.tried(given);
      return name === resetRequest ? `reset ${account}` : account;
    }
    if (!proves) return undefined;
    const bearer = bearerOf(request);
    const token = bearer ?? sessionTokenIn(request.headers.get("cookie"), cookies.secure);
    return token === undefined ? undefined : `session ${sha256(token)}`;
  }

  async #signUp(request: Request, asked: { from: From; body: unknown }): Promise<Response> {
    const { accounts, attempts } = this.#options;
    const checked = signUpBody.safeParse(asked.body ?? {});
    if (!checked.success) throw new ChatError("bad_request", problemText(checked.error));
    const { username, password, invite, name = username, email = noEmail(username) } = checked.data;
    attempts.begin(asked.from.address);
    const claim = await accounts.registration.claim(invite);
    const auth = await accounts.auth();
    const { headers } = this.#inner(request, { from: asked.from, path: asked.from.path, body: undefined });
    let answer: Response | undefined;
    try {
      answer = await auth.signUp({ username, password, name, email }, headers);
    } finally {
      if (answer?.ok !== true) await accounts.registration.release(claim);
    }
    if (answer.ok && claim.kind === "owner") {
      const { user } = (await answer.clone().json()) as { user: { id: string } };
      await accounts.administration.makeOwner(user.id, asked.from.address);
    }
    return await this.#finish(request, answer);
  }

  /** The request as better-auth gets it: under the public URL, from an address that the client cannot choose. */
  #inner(request: Request, asked: { from: From; path: string; body: object | undefined }): Request {
    const { publicUrl } = this.#options;
    const headers = new Headers({ [addressHeader]: asked.from.address });
    for (const name of ["cookie", "user-agent"]) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    // It was looked at here; a program has none, and better-auth wants one beside a cookie.
    headers.set("origin", request.headers.get("origin") ?? publicUrl());
    const bearer = bearerOf(request);
    if (bearer !== undefined) headers.set("authorization", `Bearer ${bearer}`);
    if (asked.body === undefined)
      return new Request(`${publicUrl()}${asked.path}`, { method: request.method, headers });
    headers.set("content-type", "application/json");
    return new Request(`${publicUrl()}${asked.path}`, { method: "POST", headers, body: JSON.stringify(asked.body) });
  }

  async #finish(request: Request, answer: Response): Promise<Response> {
    const isPage = request.headers.get("origin") !== null;
    if (answer.ok) return await shown(finished(answer), { isPage });
    const told = (await answer.json().catch(() => ({}))) as { code?: unknown; message?: unknown };
    const message = typeof told.message === "string" ? told.message : "refused";
    const reason = typeof told.code === "string" ? told.code.toLowerCase() : undefined;
    const response = toResponse(errorAnswer(new ChatError(codeOf(answer.status), message), shortId(), reason));
    for (const cookie of answer.headers.getSetCookie()) response.headers.append("set-cookie", cookie);
    return response;
  }
}

/** The token of a sign-in that a program brings. */
function bearerOf(request: Request): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return bearer !== undefined && isSessionToken(bearer) ? bearer : undefined;
}

/** What better-auth says by a status, in the words of the one table of errors. */
function codeOf(status: number): ErrorCode {
  if (status === 401) return "unauthorized";
  if (status === 403) return "permission_denied";
  if (status === 429) return "too_many_requests";
  if (status === 503) return "overloaded";
  return status >= 500 ? "internal" : "bad_request";
}

function finished(answer: Response): Response {
  const headers = new Headers(answer.headers);
  headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  for (const name of hidden) headers.delete(name);
  return new Response(answer.body, { status: answer.status, headers });
}

/** A page's scripts do not get the token that its cookie hides from them; and nobody sees the address of who has none. */
async function shown(answer: Response, { isPage }: { isPage: boolean }): Promise<Response> {
  if (answer.headers.get("content-type")?.includes("json") !== true) return answer;
  const body = (await answer.json()) as Record<string, unknown> | null;
  if (body !== null) {
    if (isPage) delete body["token"];
    if (typeof body["user"] === "object" && body["user"] !== null) body["user"] = nameOnly(body["user"]);
    if (typeof body["totpURI"] === "string") body["totpURI"] = body["totpURI"].replace(/(%40|@)[a-z]+\.invalid/, "");
  }
  return new Response(JSON.stringify(body), { status: answer.status, headers: answer.headers });
}

function nameOnly(user: object): object {
  const { id, name, username = null } = user as { id?: unknown; name?: unknown; username?: unknown };
  return { id, name, username };
}
