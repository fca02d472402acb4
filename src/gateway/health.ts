/** For the one who runs the server, and for what watches it: `/healthz`, `/readyz`, `/metrics`. */

import { metricsContentType } from "../lib/metrics.ts";
import type { Health } from "./canary.ts";

export interface HealthOptions {
  readonly health: () => Health;
  readonly metrics: () => string | Promise<string>;
  /** Who may read the metrics: everybody, programs on this machine, or nobody. */
  readonly metricsFor: "all" | "local" | "off";
}

const headers = { "cache-control": "no-store" };

/** Answers those three; undefined for anything else. */
export function createHealth(options: HealthOptions) {
  return (
    request: Request,
    { path, address }: { path: string; address: string },
  ): Response | Promise<Response> | undefined => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    switch (path) {
      case "/healthz":
        return new Response("alive\n", { headers });
      case "/readyz":
        return ready(options.health());
      case "/metrics":
        return seesMetrics(options.metricsFor, request, address) ? rendered(options.metrics()) : undefined;
      default:
        return undefined;
    }
  };
}

function rendered(text: string | Promise<string>): Response | Promise<Response> {
  if (text instanceof Promise) return text.then(rendered);
  return new Response(text, { headers: { ...headers, "content-type": metricsContentType } });
}

function ready({ ready: isReady, ...rest }: Health): Response {
  const status = isReady ? 200 : 503;
  return Response.json({ status: isReady ? "ready" : "unready", ...rest }, { status, headers });
}

/** What a proxy passes on comes from elsewhere, although the proxy itself may be on this machine. */
function seesMetrics(allowed: HealthOptions["metricsFor"], { headers: sent }: Request, address: string): boolean {
  if (allowed !== "local") return allowed === "all";
  const isLocal = /^(127\.|::1$|::ffff:127\.)/.test(address);
  return isLocal && !sent.has("x-forwarded-for") && !sent.has("forwarded") && !sent.has("x-real-ip");
}
