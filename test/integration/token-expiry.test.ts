import { expect, test } from "bun:test";
import { connectRaw, within } from "../client.ts";
import { startHurried } from "../hurried.ts";
import { inSeconds, jwtSecret, signed } from "../tokens.ts";

test("a connection whose token has ended is closed with 3005, after the time that it has to refresh", async () => {
  await using node = await startHurried({ env: { CONFAB_JWT_SECRET: jwtSecret } });
  const { clock } = node;
  await using client = await connectRaw(node, { token: await signed({ sub: "ada", exp: inSeconds(60) }) });
  await using other = await connectRaw(node, { token: await signed({ sub: "bob", exp: inSeconds(3600) }) });
  let closed = false;
  void client.closed.then(() => (closed = true));
  clock.ahead_ms = 60_000 + 20_000;
  // Every connection is visited once in a round; two of the other one's pings are more than that.
  other.keepsFrames = true;
  await other.until(() => other.frames.filter((frame) => frame === "{}").length >= 2, "two pings");
  expect(closed).toBe(false);
  await client.request("refresh", { token: await signed({ sub: "ada", exp: inSeconds(900) }) });
  clock.ahead_ms = 900_000 + 26_000;
  expect(await within(client.closed, () => "the close")).toEqual({ code: 3005, reason: "connection expired" });
  await other.settled();
});
