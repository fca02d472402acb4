import { expect, test } from "bun:test";
import { connectRaw, openRaw, within } from "../client.ts";
import { hurry, startHurried } from "../hurried.ts";

test("the server pings every nine seconds; who answers stays, who is silent is closed with 3012", async () => {
  await using node = await startHurried({ flags: { open: ["true"] } });
  await using honest = await connectRaw(node);
  await using silent = await connectRaw(node);
  expect(honest.connected).toMatchObject({ ping: 9, pong: true });
  silent.answersPings = false;
  const start_ms = performance.now();
  expect(await within(silent.closed, () => "the close")).toMatchObject({ code: 3012 });
  const took_ms = (performance.now() - start_ms) * hurry;
  console.log(`figure: a client that is silent was closed after ${(took_ms / 1000).toFixed(1)} s of the server's time`);
  expect(took_ms).toBeGreaterThan(8_000);
  expect(took_ms).toBeLessThan(22_000);
  honest.keepsFrames = true;
  await honest.until(() => honest.frames.filter((frame) => frame === "{}").length >= 3, "three pings");
  await honest.settled();
});

test("a socket that does not sign in within ten seconds is closed", async () => {
  await using node = await startHurried({ flags: { open: ["true"] } });
  await using stranger = await openRaw(node);
  await using guest = await connectRaw(node);
  expect(await within(stranger.closed, () => "the close")).toMatchObject({ code: 3502 });
  await guest.settled();
});
