/** What `confab doctor` says about the machine: descriptors, clock, ports, certificate. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { Configuration } from "../config.ts";
import { certificate_soon_ms, loadTls } from "../gateway/tls.ts";
import type { Clock } from "../lib/clock.ts";
import { OperatorError } from "../lib/operator-error.ts";
import type { Finding } from "./doctor-finding.ts";

/** Descriptors that are not sockets of the chat: files, listeners, threads. */
const spare_descriptors = 200;
const clock_slack_ms = 60_000;
/** Before this program was written, no clock is right. */
const earliest = Date.UTC(2026, 0, 1);

type Asked = Configuration & { readonly status: { readonly url: string; readonly pid: number } | undefined };

export async function examineMachine(asked: Asked, clock: Clock): Promise<Finding[]> {
  return [...descriptors(asked), time(asked, clock), ...(await ports(asked)), ...certificate(asked, clock)];
}

function descriptors({ config, status }: Asked): Finding[] {
  const file = status === undefined ? "/proc/self/limits" : `/proc/${status.pid}/limits`;
  if (!existsSync(file)) return [];
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync(file, "utf8"))?.[1];
  if (limit === undefined) return [];
  const what = `${limit} open files at most, ${config.connectionsMax} connections (connections_max)`;
  if (Number(limit) >= config.connectionsMax + spare_descriptors) return [{ level: "well", what }];
  const todo = `raise it (ulimit -n ${config.connectionsMax + spare_descriptors}, LimitNOFILE in a systemd unit), or lower connections_max`;
  return [{ level: "wrong", what, todo }];
}

/** Times of messages come from this clock, and sign-ins end by it. */
function time({ config }: Asked, clock: Clock): Finding {
  const now = clock.now();
  const file = join(config.data, "run");
  const last = existsSync(file) ? statSync(file).mtimeMs : 0;
  const what = `the clock says ${new Date(now).toISOString()}`;
  const todo = "set it, and let it be kept right (timedatectl set-ntp true): sign-ins end by it, messages show it";
  if (now < earliest) return { level: "wrong", what: `${what}, which is in the past`, todo };
  if (now < last - clock_slack_ms) {
    return { level: "wrong", what: `${what}, but the database was started at ${new Date(last).toISOString()}`, todo };
  }
  return { level: "well", what };
}

async function ports({ config, status }: Asked): Promise<Finding[]> {
  if (status !== undefined)
    return [{ level: "well", what: `the server listens on ${status.url} (process ${status.pid})` }];
  const findings: Finding[] = [];
  for (const port of [config.port, ...config.listen]) {
    const trouble = await tryPort(config.host, port);
    const what = `port ${port} of ${config.host}`;
    if (trouble === undefined) findings.push({ level: "well", what: `${what} is free` });
    else findings.push({ level: "wrong", what: `${what}: ${trouble}`, todo: todos[trouble] ?? "choose another" });
  }
  return findings;
}

const todos: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there: stop it, or choose another port",
  EADDRNOTAVAIL: "this machine has no such address: choose another host",
  EACCES:
    "ports below 1024 want the right to them: AmbientCapabilities=CAP_NET_BIND_SERVICE in a systemd unit, or a proxy",
};

/** The code of what stands in the way. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** A server with files that are no good does not start, and one whose certificate has ended is one that nobody can reach. */
function certificate({ config }: Asked, clock: Clock): Finding[] {
  const renew = "renew it; a running server reads the files again at SIGHUP";
  try {
    const loaded = loadTls({ cert: config.tlsCert, key: config.tlsKey });
    if (loaded === undefined) return [];
    const left_ms = loaded.ends_ms - clock.now();
    const what = `the certificate is good until ${new Date(loaded.ends_ms).toISOString()}`;
    if (left_ms >= certificate_soon_ms) return [{ level: "well", what }];
    return [{ level: left_ms > 0 ? "advice" : "wrong", what, todo: renew }];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const todo = "name the files of a certificate chain and its key, both as PEM";
    return [{ level: "wrong", what: error.message, todo }];
  }
}
