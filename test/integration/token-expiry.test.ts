import { expect, test } from "bun:test";
import { startApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import { connectRaw, within } from "../client.ts";
import { keptLog } from "../storage.ts";
import { temporaryFolder } from "../temporary.ts";
import { inSeconds, jwtSecret, signed } from "../tokens.ts";

/** The system's clock, but housekeeping comes round ten times as often, and the wall clock is ours to move. */
class HurriedClock implements Clock {
  ahead_ms = 0;
  now = (): number => systemClock.now() + this.ahead_ms;
  monotonic = systemClock.monotonic;
  after = systemClock.after;
  every: Clock["every"] = (period_ms, run) => systemClock.every(period_ms / 10, run);
  soon = systemClock.soon;
}

test("a connection whose token has ended is closed with 3005, after the time that it has to refresh", async () => {
  using folder = temporaryFolder();
  const clock = new HurriedClock();
  const flags = { port: ["0"], data: [folder.path] };
  const env = { CONFAB_JWT_SECRET: jwtSecret };
  const { config, secrets } = readConfig({ flags, env, readFile: () => "" });
  const app = await startApp({ config, secrets, version: "test", log: keptLog().log, clock });
  try {
    const address = { ws: `${app.url.replace("http", "ws")}/connection/websocket` };
    await using client = await connectRaw(address, { token: await signed({ sub: "ada", exp: inSeconds(60) }) });
    await using other = await connectRaw(address, { token: await signed({ sub: "bob", exp: inSeconds(3600) }) });
    let closed = false;
    void client.closed.then(() => (closed = true));
    clock.ahead_ms = 60_000 + 24_000;
    // Every connection is visited once in nine periods; two rounds of the other one's pings are more than that.
    other.keepsFrames = true;
    await other.until(() => other.frames.filter((frame) => frame === "{}").length >= 2, "two pings");
    expect(closed).toBe(false);
    const { text } = client.command("refresh", { token: await signed({ sub: "ada", exp: inSeconds(900) }) });
    client.send(text);
    await client.settled();
    clock.ahead_ms = 900_000 + 26_000;
    expect(await within(client.closed, () => "the close")).toEqual({ code: 3005, reason: "connection expired" });
    await other.settled();
  } finally {
    await app.stop();
  }
});
