/** A server inside of the test's own process, on a clock that runs ten times as fast: for what takes its time by design. */

import { startApp } from "../src/node.ts";
import { readConfig } from "../src/config.ts";
import { systemClock, type Clock } from "../src/lib/clock.ts";
import { keptLog } from "./storage.ts";
import { temporaryFolder } from "./temporary.ts";

export const hurry = 10;

/** The wall clock goes at its usual pace, because tokens are checked against the real one; it can be moved. */
export class HurriedClock implements Clock {
  ahead_ms = 0;
  now = (): number => systemClock.now() + this.ahead_ms;
  monotonic = (): number => systemClock.monotonic() * hurry;
  after: Clock["after"] = (delay_ms, run) => systemClock.after(delay_ms / hurry, run);
  every: Clock["every"] = (period_ms, run) => systemClock.every(period_ms / hurry, run);
  soon: Clock["soon"] = (run) => systemClock.soon(run);
}

export interface HurriedNode extends AsyncDisposable {
  readonly ws: string;
  readonly clock: HurriedClock;
}

export async function startHurried(options: {
  flags?: Readonly<Record<string, readonly string[]>>;
  env?: Readonly<Record<string, string>>;
}): Promise<HurriedNode> {
  const folder = temporaryFolder();
  const clock = new HurriedClock();
  const flags = { ...options.flags, port: ["0"], data: [folder.path] };
  const { config, secrets } = readConfig({ flags, env: options.env ?? {}, readFile: () => "" });
  const app = await startApp({ config, secrets, version: "test", log: keptLog().log, clock });
  return {
    ws: `${app.url.replace("http", "ws")}/connection/websocket`,
    clock,
    async [Symbol.asyncDispose]() {
      await app.stop();
      folder[Symbol.dispose]();
    },
  };
}
