import type { Link } from "../chat/administration.ts";
import { type Config, configFlags, readConfig, renderSettings } from "../config.ts";
import { deadline } from "../lib/clock.ts";
import { createLog, type LogOptions } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { type App, startApp } from "../node.ts";
import type { Command, Surroundings } from "./command.ts";
import { leaveOnBug, onHangUp, stopSignal } from "./signals.ts";
import { version } from "./version.ts";

/** A stop that takes longer hangs. Container platforms kill after 10 s without a word: be earlier and say so. */
const stop_ms_max = 8_000;

export const serveCommand: Command = {
  summary: "runs the server until SIGTERM or SIGINT",
  examples: [
    ["confab serve --open", "anybody may come in: on http://127.0.0.1:8000, data in ./confab-data"],
    ["confab serve --host 0.0.0.0 --port 80 --data /var/lib/confab", "for other machines"],
    ["CONFAB_JWT_SECRET=… confab serve", "for the users of an application that signs their tokens"],
  ],
  flags: configFlags,
  details: () => `Settings:\n\n${renderSettings()}`,
  run: serve,
};

async function serve(surroundings: Surroundings): Promise<number> {
  const { clock, output, complain } = surroundings;
  const { config, secrets } = readConfig(surroundings);
  const options: LogOptions = {
    level: config.logLevel,
    format: config.logFormat === "auto" ? (output.isTerminal ? "text" : "json") : config.logFormat,
    write: (line) => output.write(`${line}\n`),
    clock,
  };
  const log = createLog(options);
  const lastWords = createLog({ ...options, format: "json", write: (line) => complain(`${line}\n`) });

  // Before anything starts: a signal that comes meanwhile is not lost.
  const signal = stopSignal();
  leaveOnBug((error) => lastWords.error("leaving: an error that nobody caught", { error }));

  log.info("starting", { version: version() });
  const starting = start({ config, secrets, version: version(), log, logLines: options, clock });
  // On a terminal it means what it means to every program there: the window was closed.
  if (!output.isTerminal) onHangUp(() => void renew(starting));
  const app = await starting;
  log.info("ready", { url: app.url });
  await app
    .administer({ act: "owner-link" })
    .then((made) => output.write(ownerWords(made as Link | null)))
    .catch((error: unknown) => log.warn("no_owner_link", { error }));

  log.info("stopping", { signal: await signal });
  const late = (): Error =>
    new OperatorError(`The server did not stop within ${stop_ms_max / 1000} s: leaving anyway.`);
  await deadline(clock, app.stop(), { ms: stop_ms_max, error: late });
  log.info("stopped");
  return 0;
}

/** On standard output and not in the log: whoever reads it first owns the server. */
function ownerWords(made: Link | null): string {
  if (made === null) return "";
  return `\nNobody owns this server yet. Whoever opens this link within 24 hours does, once:\n\n  ${made.link}\n\n`;
}

/** A start that fails says so itself. */
async function renew(starting: Promise<App>): Promise<void> {
  const app = await starting.catch(() => undefined);
  app?.renew();
}

async function start(options: Parameters<typeof startApp>[0]): Promise<App> {
  try {
    return await startApp(options);
  } catch (error) {
    throw portError(error, options.config) ?? error;
  }
}

/** The two reasons for which a port cannot be had, in words that say what to do. */
function portError(cause: unknown, { host, port, listen }: Config): OperatorError | undefined {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const where = `port ${[port, ...listen].join(" or ")} of ${host}`;
  if (code === "EADDRINUSE") {
    return new OperatorError(`Another program listens on ${where}: stop it, or choose another with --port.`, { cause });
  }
  if (code === "EADDRNOTAVAIL") {
    return new OperatorError(`This machine has no address ${host}: choose another with --host.`, { cause });
  }
  return undefined;
}
