import { posix } from "node:path";
import type { Source } from "./source.ts";

/** The rooms of src: what code in a folder may import besides its own folder. "config" is src/config.ts, "app" is src/app.ts. */
const mayImport: Record<string, readonly string[]> = {
  protocol: [],
  lib: [],
  store: ["protocol", "lib"],
  broker: ["protocol", "lib"],
  chat: ["store", "broker", "protocol", "lib"],
  consumers: ["store", "protocol", "lib"],
  gateway: ["chat", "protocol", "lib"],
  cli: ["node", "config", "gateway", "chat", "consumers", "store", "broker", "sdk", "protocol", "lib"],
  sdk: ["protocol"],
  web: ["sdk", "protocol"],
  config: ["account-settings", "limit-settings", "protocol", "lib"],
  "account-settings": ["lib"],
  "limit-settings": ["protocol", "lib"],
  "app-chat": ["config", "chat", "consumers", "store", "broker", "protocol", "lib"],
  app: ["app-chat", "config", "gateway", "chat", "consumers", "store", "broker", "protocol", "lib"],
  main: ["cli", "app", "config", "lib"],
  // One process: its storage and its gateways; the main thread's side of gateways that are threads; what such a thread runs.
  node: ["app-chat", "app", "gateways", "config", "gateway", "chat", "store", "broker", "protocol", "lib"],
  gateways: ["gateway-thread", "config", "gateway", "store", "broker", "protocol", "lib"],
  "gateway-thread": ["app-chat", "app", "gateways", "config", "gateway", "store", "broker", "protocol", "lib"],
};

/** What is shared with browsers names its packages; the others take what package.json has, but for the ones below. */
const packagesOf: Record<string, readonly string[]> = { protocol: ["zod"], lib: [], sdk: ["centrifuge"], web: [] };

/** Packages that one place only may name. */
const packagePlaces: Record<string, RegExp> = {
  "drizzle-orm": /^src\/store\//,
  "@libsql/client": /^src\/store\//,
  "@libsql/core": /^src\/store\//,
  libsql: /^src\/store\//,
  ioredis: /^src\/broker\/redis\.ts$/,
  centrifuge: /^src\/sdk\//,
  // In the same process as libSQL it loses acknowledged rows.
  "bun:sqlite": /^$/,
};

/** The room of a file: its folder in src, or its name where it lies directly in src. */
function roomOf(path: string): string {
  const [, first = ""] = path.split("/");
  return first.replace(/(\.d)?\.ts$/, "");
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

const isBuiltIn = (specifier: string): boolean => /^(node:|bun$|bun:)/.test(specifier);

/** What is wrong with where one import goes, or null. */
export function wrongDirection(path: string, specifier: string): string | null {
  const room = roomOf(path);
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    if (!target.startsWith("src/")) return /\.(sql|json)$/.test(target) ? null : `${specifier} lies outside of src`;
    const other = roomOf(target);
    if (other === room) return null;
    const allowed = mayImport[room];
    if (allowed === undefined) return `DESIGN.md ("The house") has no folder ${room}`;
    return allowed.includes(other) ? null : `${room} may not import ${other}`;
  }
  if (!isBuiltIn(specifier) && /^[#~/]|^@\//.test(specifier)) return `${specifier} is a path alias`;
  const name = isBuiltIn(specifier) ? specifier : packageOf(specifier);
  const place = packagePlaces[name];
  if (place !== undefined && !place.test(path)) return `${name} may not be named here`;
  const packages = packagesOf[room];
  if (packages === undefined || packages.includes(name) || (room === "lib" && isBuiltIn(name))) return null;
  return `${room} may not import ${name}`;
}

/** Names that one place only may read, and why that place. */
export const nameHomes: readonly { readonly names: RegExp; readonly home: RegExp; readonly reason: string }[] = [
  {
    names: /^(process\.(env|argv)|Bun\.(env|argv)|import\.meta\.env)\b/,
    home: /^src\/main\.ts$/,
    reason: "only src/main.ts reads the environment and argv",
  },
  { names: /^Bun\.serve$/, home: /^src\/gateway\/server\.ts$/, reason: "only gateway/server.ts names Bun.serve" },
  {
    names:
      /^(Date\.now|new Date\(\)|performance\.now|Bun\.(sleep|sleepSync|nanoseconds)|set(Timeout|Interval|Immediate))$/,
    // The SDK and the page run in other people's programs and may not import src/lib.
    home: /^src\/(lib\/clock\.ts$|sdk\/|web\/)/,
    reason: "only lib/clock.ts asks the time, so that a simulation can own it",
  },
  {
    names: /^(Bun\.(RedisClient|redis)|RedisClient)$/,
    home: /^src\/broker\/redis\.ts$/,
    reason: "only broker/redis.ts says Redis",
  },
  { names: /^Bun\.(SQL|sql)$/, home: /^$/, reason: "the database is reached through src/store and libSQL" },
];

/** SQL, in either case. A sentence for people seldom holds these words in this order. */
export const sql =
  /\b(select\b[^.!?]*\bfrom|insert\s+(or\s+\w+\s+)?into|delete\s+from|update\s+\w+\s+set|(create|drop|alter)\s+(table|index|trigger)|vacuum\s+into|pragma\s+\w+)\b/i;

/** The files that a file leads to: its imports, and the code that it starts by a path in a string. */
function leadsTo(source: Source, known: ReadonlyMap<string, Source>): string[] {
  const folder = posix.dirname(source.path);
  const relative = source.imports
    .filter(({ text }) => text.startsWith("."))
    .map(({ text }) => posix.join(folder, text));
  const started = source.strings
    .filter(({ text }) => text.endsWith(".ts"))
    .flatMap(({ text }) => [posix.join(folder, text), posix.normalize(text.replace(/^\//, ""))]);
  return [...relative, ...started].filter((path) => known.has(path));
}

/** Every file that can be reached from the entries. */
export function reachable(entries: readonly string[], sources: ReadonlyMap<string, Source>): Set<string> {
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = sources.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.add(path);
    waiting.push(...leadsTo(source, sources));
  }
  return reached;
}
