import { accountContradictions, accountSettings } from "./account-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { logLevels } from "./lib/log.ts";
import { OperatorError } from "./lib/operator-error.ts";
import {
  file,
  filled,
  host,
  httpAddress,
  httpOrigin,
  network,
  origin,
  path,
  strongSecret,
} from "./lib/setting-checks.ts";
import { expected, printValue, type Check, type Setting, type Value, type ValueOf } from "./lib/setting-kinds.ts";
import { flagOf, readSettings, variableOf } from "./lib/settings.ts";

const database: Check = {
  expected: "an address that starts with libsql://, http:// or https://, without a token (that is database_token)",
  // A token inside of the address would be printed and logged with it.
  test: (text) => text === "" || /^(libsql|https?):\/\/[^/?#@\s]+\/?$/.test(text),
};
const redis: Check = {
  expected:
    "redis://host:6379, rediss://… for TLS, redis-sentinel://host:26379,host:26379/name or redis-cluster://host:6379,host:6379, without a password (that is redis_password)",
  test: (text) =>
    text === "" || /^(redis|rediss|redis-sentinel|redis-cluster):\/\/([^/?#@:\s]+@)?[^/?#@\s]+(\/[\w-]*)?$/.test(text),
};
/**
 * All settings, in the order in which `confab config` shows them. A setting `jwt_issuer` is `CONFAB_JWT_ISSUER` in the environment, `--jwt-issuer` on the command line,
 * `jwt_issuer` in the configuration file and `jwtIssuer` in the code.
 */
export const settings = {
  host: { kind: "text", valid: host, default: "127.0.0.1", sentence: "Address to listen on; 0.0.0.0 or :: for all." },
  port: { kind: "integer", min: 0, max: 65_535, default: "8000", sentence: "Port to listen on; 0 for any free one." },
  listen: { kind: "ports", default: "", sentence: "Further ports that serve the same." },
  gateways: {
    kind: "integer",
    min: 1,
    max: 64,
    default: "1",
    sentence: "Threads that serve connections, all on the same ports. More than 1 pays where one core is not enough.",
  },
  data: { kind: "text", valid: path, default: "./confab-data", sentence: "Folder of the database and its lock." },
  open: {
    kind: "boolean",
    default: "false",
    sentence: "Lets guests in, and anybody make rooms named open:<name> by entering them.",
  },
  public_url: {
    kind: "text",
    valid: httpOrigin,
    default: undefined,
    sentence: "Origin that people's browsers use. Set it where a proxy stands in front.",
  },
  allowed_origins: {
    kind: "list",
    valid: origin,
    default: "",
    sentence: "Further origins whose pages may connect: those of the host application.",
  },
  trusted_proxies: {
    kind: "list",
    valid: network,
    default: "",
    sentence: "Proxies whose X-Forwarded-For is believed, as addresses or networks.",
  },
  database: {
    kind: "text",
    valid: database,
    default: "",
    sentence: "libSQL server (sqld, Turso) that holds the data; empty for a file in the data folder.",
  },
  database_token: {
    kind: "text",
    valid: filled,
    secret: true,
    default: undefined,
    sentence: "Token for that libSQL server.",
  },
  redis: {
    kind: "text",
    valid: redis,
    default: "",
    sentence: "Redis or Valkey that carries the news between the nodes of one database; empty for none.",
  },
  redis_password: {
    kind: "text",
    valid: filled,
    secret: true,
    default: undefined,
    sentence: "Password for that Redis.",
  },
  jwt_secret: {
    kind: "text",
    valid: strongSecret,
    secret: true,
    default: undefined,
    sentence: "Secret with which the host application signs its users' tokens (HS256).",
  },
  jwt_public_key: {
    kind: "pem",
    default: undefined,
    sentence: "Key that verifies the host application's tokens (RS256, ES256), as PEM; \\n stands for a line's end.",
  },
  jwks_url: {
    kind: "text",
    valid: httpAddress,
    default: undefined,
    sentence: "Address of the host application's key set, instead of one key. Plain http is for a private network.",
  },
  jwt_audience: { kind: "text", valid: filled, default: undefined, sentence: "What a token's aud must be or contain." },
  jwt_issuer: { kind: "text", valid: filled, default: undefined, sentence: "What a token's iss must be." },
  ...accountSettings,
  connections_max: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "15000",
    sentence: "Connections in all. Keep it below the limit on open files (ulimit -n).",
  },
  connections_per_address_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "0",
    sentence: "Connections from one address; 0 for no limit. Behind a proxy, set trusted_proxies first.",
  },
  connections_per_user_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "256",
    sentence: "Connections of one user; 0 for no limit.",
  },
  messages_per_second: {
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "50",
    sentence: "Messages a second that one user may send for long, by all of their connections and HTTP together.",
  },
  messages_burst: {
    kind: "integer",
    // The dearest operation costs as much as 20 messages.
    min: 20,
    max: 1_000_000,
    default: "200",
    sentence: "Messages that one user may send at once after a pause.",
  },
  messages_per_second_per_address: {
    kind: "integer",
    min: 0,
    max: 10_000_000,
    default: "0",
    sentence: "Messages a second from one address, of all of its users together; 0 for no limit.",
  },
  ...limitSettings,
  guests_per_address_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "600",
    sentence: "New guests that one address may make in an hour; 0 for no limit. The server's own machine has none.",
  },
  open_rooms_max: { kind: "integer", min: 0, max: 1_000_000, default: "1000", sentence: "Rooms named open: in all." },
  open_rooms_per_address_max: {
    kind: "integer",
    min: 0,
    max: 1_000_000,
    default: "20",
    sentence: "Rooms named open: that one address may make; 0 for no limit.",
  },
  plain_welcome: {
    kind: "text",
    valid: { expected: "any text", test: () => true },
    default: "",
    sentence: "Text for each client that connects to / and speaks bare text (needs open); empty for none.",
  },
  plain_clock: {
    kind: "boolean",
    default: "false",
    sentence: "Sends those clients the Unix time in seconds, every second.",
  },
  tls_cert: {
    kind: "text",
    valid: file,
    default: undefined,
    sentence: "Certificate chain as a PEM file, for https and wss without a proxy. Read at the start and at SIGHUP.",
  },
  tls_key: {
    kind: "text",
    valid: file,
    default: undefined,
    sentence: "The private key of that certificate, as a PEM file.",
  },
  metrics: {
    kind: "choice",
    choices: ["local", "all", "off"],
    default: "local",
    sentence: "Who may read /metrics: programs on this machine, everybody, or nobody.",
  },
  backup_folder: {
    kind: "text",
    valid: file,
    default: undefined,
    sentence: "Folder for backups: each gets a folder of its own in it. Another disk is best.",
  },
  backup_every_minutes: {
    kind: "integer",
    min: 0,
    max: 44_640,
    default: "0",
    sentence: "Minutes between two backups that the server makes by itself; 0 for none. Needs backup_folder.",
  },
  backup_keep: {
    kind: "integer",
    min: 1,
    max: 10_000,
    default: "14",
    sentence: "Backups that are kept there; older ones are removed after each new one of the timer's.",
  },
  ring_bytes_max: {
    kind: "bytes",
    min: 1024 ** 2,
    max: 64 * 1024 ** 3,
    default: "32MiB",
    sentence: "Memory for the recent messages of active rooms, from which clients resume.",
  },
  log_level: { kind: "choice", choices: logLevels, default: "info", sentence: "Lowest level that is logged." },
  log_format: {
    kind: "choice",
    choices: ["auto", "json", "text"],
    default: "auto",
    sentence: "One JSON object a line, or text to read; auto is text on a terminal, otherwise JSON.",
  },
} as const satisfies Record<string, Setting>;

const prefix = "CONFAB_";

type Settings = typeof settings;
type Name = keyof Settings;
type Secret = { [N in Name]: Settings[N] extends { secret: true } ? N : never }[Name];
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** The settings as the code sees them, secrets apart. */
export type Config = { readonly [N in Exclude<Name, Secret> as Camel<N>]: ValueOf<Settings[N]> };

/** Handed to the parts that need them, and to nothing that prints or logs. Undefined where not set. */
export type Secrets = { readonly [N in Secret as Camel<N>]: ValueOf<Settings[N]> };

/** All mistakes of a configuration in one message. */
export class ConfigError extends OperatorError {
  override readonly name = "ConfigError";

  constructor(mistakes: readonly string[]) {
    const head = mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`;
    super(`The configuration has ${head}:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`, { exitCode: 2 });
  }
}

export interface Configuration {
  readonly config: Config;
  readonly secrets: Secrets;
  /** The flag, variable or file that each value came from, by the setting's name; nothing for a default. */
  readonly origins: ReadonlyMap<string, string>;
}

export interface ConfigSources {
  /** What came with each flag, by the flag's name without dashes. */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** The flags that `readConfig` knows: each setting's, and the one that names a configuration file. */
export const configFlags: readonly { readonly name: string; readonly takesValue: boolean }[] = [
  { name: "config", takesValue: true },
  ...Object.entries(settings).map(([name, row]) => ({ name: flagOf(name), takesValue: row.kind !== "boolean" })),
];

/**
 * Reads the configuration, once: a flag wins over the environment, that over the file which `--config` or
 * `CONFAB_CONFIG` names, that over the default. Throws a ConfigError that holds all mistakes.
 */
export function readConfig(sources: ConfigSources): Configuration {
  const early: string[] = [];
  const file = readFile(sources, early);
  const reading = readSettings(settings, {
    flags: sources.flags,
    env: sources.env,
    prefix,
    others: [`${prefix}CONFIG`],
    ...(file === undefined ? {} : { file }),
  });
  const mistakes = [...early, ...reading.mistakes, ...contradictions(reading.values)];
  if (mistakes.length > 0) {
    throw new ConfigError(mistakes);
  }
  const config: Record<string, Value | undefined> = {};
  const secrets: Record<string, Value | undefined> = {};
  for (const [name, row] of Object.entries<Setting>(settings)) {
    (row.secret ? secrets : config)[camel(name)] = reading.values.get(name);
  }
  config["listen"] = Object.freeze(furtherPorts(reading.values));
  // The types follow from the same table that gave the values.
  return Object.freeze({
    config: Object.freeze(config as unknown as Config),
    secrets: Object.freeze(secrets as unknown as Secrets),
    origins: reading.origins,
  });
}

function readFile({ flags, env, readFile: read }: ConfigSources, mistakes: string[]) {
  const path = flags["config"]?.at(-1) ?? env[`${prefix}CONFIG`] ?? "";
  if (path === "") {
    return undefined;
  }
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    mistakes.push(`${path}: expected a configuration file: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  try {
    return { path, content: JSON.parse(text) as unknown };
  } catch {
    // The parser's own message may quote what it stumbled over, and that may be a secret.
    mistakes.push(`${path}: expected JSON, got something else. Look for missing quotes and for a comma too many.`);
    return undefined;
  }
}

/** What each setting alone cannot tell. */
function contradictions(values: ReadonlyMap<string, Value>): string[] {
  const mistakes: string[] = [];
  const hasKey = ["jwt_secret", "jwt_public_key", "jwks_url"].some((name) => values.has(name));
  for (const name of ["jwt_audience", "jwt_issuer"]) {
    if (values.has(name) && !hasKey) {
      mistakes.push(`${name} is set, but no key to verify tokens with: set jwt_secret, jwt_public_key or jwks_url.`);
    }
  }
  if (values.has("database_token") && values.get("database") === "") {
    mistakes.push("database_token is set, but no database that takes it: set database.");
  }
  if (values.get("redis") !== "" && values.get("database") === "") {
    mistakes.push("redis is set, but no database that several nodes could share: set database.");
  }
  if (values.has("redis_password") && values.get("redis") === "") {
    mistakes.push("redis_password is set, but no Redis that takes it: set redis.");
  }
  if (values.has("tls_cert") !== values.has("tls_key")) {
    mistakes.push("tls_cert and tls_key belong together: set both, or none.");
  }
  mistakes.push(...accountContradictions((name) => values.has(name)));
  if (Number(values.get("backup_every_minutes") ?? 0) > 0 && !values.has("backup_folder")) {
    mistakes.push("backup_every_minutes is set, but no folder for the backups: set backup_folder.");
  }
  const ports = furtherPorts(values).filter((port) => port !== 0);
  if (new Set(ports).size < ports.length) {
    mistakes.push(`listen names a port twice: ${ports.join(", ")}.`);
  }
  return mistakes;
}

/** Whoever lists all ports, the first one too, means the same. */
function furtherPorts(values: ReadonlyMap<string, Value>): readonly number[] {
  const port = values.get("port");
  const listed = (values.get("listen") ?? []) as readonly number[];
  return listed.filter((further) => further === 0 || further !== port);
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The table for people: each setting with its value and where that came from, what it does and how to set it. */
export function renderSettings(current?: Configuration): string {
  let text = "";
  for (const [name, row] of Object.entries<Setting>(settings)) {
    const origin = current?.origins.get(name);
    const ways = row.secret ? variableOf(prefix, name) : `--${flagOf(name)}, ${variableOf(prefix, name)}`;
    text += `${name} = ${shown(name, row, current)}${origin === undefined ? "" : `  (from ${origin})`}\n`;
    text += `    ${row.sentence}\n`;
    text += `    ${ways}: ${expected(row)}${row.default ? `; default ${row.default}` : ""}\n`;
  }
  return text;
}

function shown(name: string, row: Setting, current: Configuration | undefined): string {
  const values: Record<string, Value | undefined> = { ...current?.config, ...current?.secrets };
  const value = values[camel(name)];
  if (value !== undefined && row.secret) {
    return "(set, not shown)";
  }
  const text = value === undefined ? row.default : printValue(row, value);
  return text === undefined ? "(not set)" : text === "" ? "(empty)" : text;
}
