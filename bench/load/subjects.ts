/** The servers that are compared. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Subject } from "./server-process.ts";

export const root = join(import.meta.dir, "../..");
/** For the tokens of the load's users; it protects nothing. */
export const load_secret = "the secret of a load, known to all";

const sayReady = (line: string): number | undefined => {
  const found = /^ready (\d+)$/.exec(line);
  return found === null ? undefined : Number(found[1]);
};

export interface ConfabChoice {
  /** The folder of the revision; ours unless another one is compared. */
  readonly folder?: string;
  readonly source: boolean;
  /** Instead of `dist/confab` in that folder. */
  readonly executable?: string;
  readonly name?: string;
}

/** Confab as an operator runs it, but for the limits on what one person may send and read. */
export function confabSubject(choice: ConfabChoice): Subject {
  const folder = choice.folder ?? root;
  const executable = choice.executable ?? join(folder, "dist/confab");
  if (!choice.source && !existsSync(executable)) throw new Error("Expected dist/confab: make it with bun run build.");
  const program = choice.source ? [process.execPath, join(folder, "src/main.ts")] : [executable];
  const limit = "1000000";
  return {
    name: choice.name ?? "confab",
    protocol: "confab",
    command: [...program, "serve", "--host", "127.0.0.1", "--port", "0", "--data", "{data}"],
    env: {
      CONFAB_JWT_SECRET: load_secret,
      CONFAB_MESSAGES_PER_SECOND: limit,
      CONFAB_MESSAGES_BURST: limit,
      CONFAB_READS_PER_SECOND: limit,
      CONFAB_READS_BURST: limit,
      CONFAB_CONNECTIONS_MAX: "19000",
      CONFAB_LOG_FORMAT: "json",
    },
    port: (line) => {
      if (!line.startsWith("{")) return undefined;
      const { event, url } = JSON.parse(line) as { event?: string; url?: string };
      return event === "ready" && url !== undefined ? Number(new URL(url).port) : undefined;
    },
  };
}

const peer = (file: string): string => join(root, "bench/peers", file);

export const bareBun: Subject = {
  name: "bare Bun",
  protocol: "frames",
  command: [process.execPath, peer("bun.ts"), "0"],
  port: sayReady,
};
export const joinedBun: Subject = {
  name: "bare Bun, joined",
  protocol: "lines",
  command: [process.execPath, peer("bun.ts"), "0", "joined"],
  port: sayReady,
};

export function bareHttp(file: string): Subject {
  return {
    name: "bare Bun.serve",
    protocol: "frames",
    command: [process.execPath, peer("bun-http.ts"), "0", file],
    port: sayReady,
  };
}
