/** T1 in its full length: a hundred kills, and a million acknowledgements. */

import { expect, test } from "bun:test";
import { kept } from "../checker.ts";
import { percentile } from "../client.ts";
import { surviveDeaths } from "../faults/deaths.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { unlimited } from "../writing.ts";

const kills = 100;
const acks_min = 1_000_000;
/** The last restarts are those with about a million rows. */
const late_restarts = 10;
/** To reach are 250 ms; the crowd that comes back at the same time has the machine too. */
const restart_ms_max = 1_000;

test(`T1: ${acks_min} messages under ${kills} kills: nothing acknowledged is lost, and a start takes no longer than at first`, async () => {
  const random = randomOf(printedSeed());
  await using node = await startNode({ binary: true, args: ["--open", ...unlimited] });
  const die = (): Promise<void> => node.kill();
  const { checker, crowd, restarts_ms } = await surviveDeaths(node, { times: kills, random, acks_min, die });
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
  expect(crowd.retries).toBeGreaterThan(0);
  expect(checker.acks).toBeGreaterThanOrEqual(acks_min);
  const early_ms = percentile(restarts_ms.slice(0, late_restarts), 0.5);
  const late_ms = percentile(restarts_ms.slice(-late_restarts), 0.5);
  console.log(`figure: T1 kill -9: ${checker.acks} acks over ${kills} kills, ${crowd.retries} retries, I1 to I6 = 0`);
  console.log(
    `figure: T1 restart to first accepted connect: the first ${late_restarts} p50 ${early_ms.toFixed(0)} ms, ` +
      `the last ${late_restarts}, with a million rows, p50 ${late_ms.toFixed(0)} ms (to reach: 250), max ${Math.max(...restarts_ms).toFixed(0)} ms`,
  );
  expect(late_ms).toBeLessThan(restart_ms_max);
}, 900_000);
