/**
 * HTTP: every operation of the table as `POST /api/<operation>` with a bearer token, the same rights, limits and shapes
 * as over a socket, and one error shape. `/api/openapi.json` and `/api/` describe it.
 */

import type { OperationTable } from "../chat/operation.ts";
import { isOperation, runOperation } from "../chat/operations.ts";
import type { People } from "../chat/people.ts";
import type { Clock } from "../lib/clock.ts";
import { shortId } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import type { Counter, Family, Metrics } from "../lib/metrics.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Auth } from "./auth.ts";
import { failureAnswer, toResponse, WrongMethod, type Answer } from "./http-answer.ts";
import { openApiFiles } from "./openapi.ts";
import type { OriginRules } from "./origins.ts";
import { spend, type Rates } from "./rates.ts";
import { readBody } from "./request-body.ts";
import type { From } from "./server.ts";
import { sessionOf, type CookieRules } from "./session-cookie.ts";
import { TokenCache } from "./token-cache.ts";

export interface HttpOptions {
  readonly auth: Auth;
  readonly clock: Clock;
  /** Where a cookie signs somebody in. */
  readonly cookies: CookieRules;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly operations: OperationTable;
  readonly origins: OriginRules;
  readonly people: People;
  readonly rates: Rates;
  readonly version: string;
}

const prefix = "/api/";
const preflight_s = 86_400;
const givenId = /^[\w.-]{1,64}$/;

export class HttpDoor {
  readonly #options: HttpOptions;
  readonly #tokens: TokenCache;
  /** Made when somebody first asks: a start does not wait for it. */
  #files: ReturnType<typeof openApiFiles> | undefined;
  readonly #requests: Family<Counter>;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#tokens = new TokenCache(options);
    this.#requests = options.metrics.counter({
      name: "confab_http_requests_total",
      help: "Requests to /api, by status.",
      label: "status",
    });
  }

  /** Answers what lies under `/api`; undefined for anything else. */
  fetch(request: Request, from: From): Promise<Response> | Response | undefined {
    const { path } = from;
    if (path === "/api") return Response.redirect(prefix, 308);
    if (!path.startsWith(prefix)) return undefined;
    if (request.method === "OPTIONS") return this.#preflight(request);
    const file = this.#file(request, path);
    if (file !== undefined) {
      return new Response(file.body, { headers: { ...file.headers, ...this.#cors(request) } });
    }
    return this.#run(request, from);
  }

  #file(request: Request, path: string): ReturnType<ReturnType<typeof openApiFiles>["get"]> {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    this.#files ??= openApiFiles(this.#options);
    return this.#files.get(path);
  }

  async #run(request: Request, from: From): Promise<Response> {
    const given = request.headers.get("x-request-id");
    const id = given !== null && givenId.test(given) ? given : shortId();
    const answer = await this.#answer(request, from).catch((error: unknown) =>
      failureAnswer(error, id, this.#options.log),
    );
    this.#requests.with(String(answer.status)).add(1);
    return toResponse({ ...answer, headers: { "x-request-id": id, ...this.#cors(request), ...answer.headers } });
  }

  async #answer(request: Request, from: From): Promise<Answer> {
    const { clock, cookies, operations, people, rates } = this.#options;
    const name = from.path.slice(prefix.length);
    if (!isOperation(name)) throw new ChatError("unknown_method", `no operation ${JSON.stringify(name.slice(0, 60))}`);
    if (request.method !== "POST") throw new WrongMethod();
    const signIn = await this.#tokens.signIn(bearer(request) ?? sessionOf(request, cookies) ?? noToken(), from.address);
    const allowance = rates.of(signIn.user.id, from.address);
    const { cost, scope } = operations[name];
    spend(scope === "read" ? allowance.reading : allowance.sending, cost, clock.monotonic());
    rates.called(name, signIn.user);
    const { value, text } = await readBody(request, clock);
    // What is remembered of a token may be a moment older than the end of its sign-in, and a body takes its time.
    if (people.isEnded(signIn.user.id, signIn.session)) throw new ChatError("unauthorized", "this sign-in has ended");
    const person = people.visit(signIn.user);
    const caller = {
      person,
      grants: signIn.grants,
      session: signIn.session,
      scopes: signIn.scopes,
      recipient: undefined,
      address: from.address,
    };
    return { status: 200, body: await runOperation(operations, name, { caller, input: value, text }) };
  }

  #preflight(request: Request): Response {
    return new Response(null, {
      status: 204,
      headers: {
        ...this.#cors(request),
        "access-control-allow-methods": "POST, GET, HEAD",
        "access-control-allow-headers": "authorization, content-type, x-request-id",
        "access-control-max-age": String(preflight_s),
      },
    });
  }

  /** Who calls with a bearer token needs no cookie, and gets none: any listed origin may read the answers. */
  #cors(request: Request): Record<string, string> {
    const origin = request.headers.get("origin");
    const { allowed } = this.#options.origins;
    if (allowed.length === 0) return {};
    if (origin === null || !allowed.includes(origin)) return { vary: "origin" };
    return {
      vary: "origin",
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "x-request-id, retry-after",
    };
  }
}

function bearer(request: Request): string | undefined {
  return /^Bearer ([^\s]{1,16384})$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function noToken(): never {
  throw new ChatError(
    "unauthorized",
    "expected Authorization: Bearer <token>, or the cookie of a sign-in with its Origin",
  );
}
