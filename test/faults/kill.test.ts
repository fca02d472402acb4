import { expect, test } from "bun:test";
import { kept } from "../checker.ts";
import { percentile } from "../client.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { unlimited } from "../writing.ts";
import { surviveDeaths } from "./deaths.ts";

const kills = 20;

test("T1: 20 senders, killed 20 times: nothing acknowledged is lost, nothing is stored twice, every reader has it all", async () => {
  const random = randomOf(printedSeed());
  await using node = await startNode({ binary: true, args: ["--open", ...unlimited] });
  const { checker, crowd, restarts_ms } = await surviveDeaths(node, { times: kills, random, die: () => node.kill() });
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
  expect(crowd.retries).toBeGreaterThan(0);
  const p50 = percentile(restarts_ms, 0.5).toFixed(0);
  console.log(`figure: T1 kill -9: ${checker.acks} acks over ${kills} kills, ${crowd.retries} retries, I1 to I6 = 0`);
  console.log(
    `figure: T1 restart to first accepted connect: p50 ${p50} ms, max ${Math.max(...restarts_ms).toFixed(0)} ms`,
  );
}, 180_000);
