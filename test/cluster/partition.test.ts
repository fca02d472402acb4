/** A node that is cut off from Redis or from the database, one way and both: others go on, and it comes back right. */

import { expect, test } from "bun:test";
import { startNode } from "../harness.ts";
import { startRedis } from "../redis.ts";
import { startSqld } from "../sqld.ts";
import { unlimited } from "../writing.ts";
import { Network, type Place, type Service } from "./network.ts";
import { Traffic } from "./traffic.ts";

const cut_ms = 5_000;
const refused_ms_max = 2_500;
const healed_ms_max = 5_000;
/** Cuts of CONFAB's own tests are short; a release is tested with longer ones. */
const cuts: readonly (readonly [service: Service, direction: "out" | "back" | "both"])[] = [
  ["sqld", "back"],
  ["sqld", "out"],
  ["redis", "both"],
  ["redis", "back"],
];

interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

async function cutFor(place: Place, cut: (typeof cuts)[number], traffic: Traffic): Promise<Span> {
  const from_ms = performance.now();
  place.cut(...cut);
  await Bun.sleep(cut_ms);
  place.heal();
  const to_ms = performance.now();
  await traffic.caughtUp(healed_ms_max);
  return { from_ms, to_ms };
}

test("each cut: sends are refused in time where there is no database, all else goes on, and nothing is missing", async () => {
  using network = new Network();
  await using sqld = await startSqld(network.address("sqld"));
  await using redis = await startRedis({ host: network.address("redis") });
  const places = [network.join(), network.join()];
  const args = ["--open", ...unlimited, "--database", sqld.url, "--redis", redis.url];
  await using node = await startNode({ args, ...places[0] });
  await using cutOff = await startNode({ args, ...places[1] });
  await using traffic = await Traffic.start([node, cutOff], { channel: "open:t7", readers: 3, senders: 2 });
  traffic.send(100);
  await Bun.sleep(1_000);
  for (const cut of cuts) {
    const { from_ms, to_ms } = await cutFor(places[1] as Place, cut, traffic);
    const during = traffic.answers.filter(({ sent_ms }) => sent_ms > from_ms && sent_ms < to_ms);
    const refused = during.filter(({ code }) => code !== undefined);
    const slowest_ms = Math.max(0, ...refused.map(({ took_ms }) => took_ms));
    // The last two senders are at the node that is cut off.
    const others = refused.filter(({ sender }) => sender % 4 < 2);
    const late_ms = traffic.latest(from_ms, to_ms);
    console.log(
      `figure: cut off from ${cut.join(" ")} for ${cut_ms} ms: ${refused.length} of ${during.length} sends refused within ${slowest_ms.toFixed(0)} ms, ${others.length} of them elsewhere; events late by ${late_ms.toFixed(0)} ms`,
    );
    expect(others).toEqual([]);
    expect(slowest_ms).toBeLessThan(refused_ms_max);
    if (cut[0] === "redis") expect({ refused, late: late_ms < 3_000 }).toEqual({ refused: [], late: true });
    else expect(refused.length).toBeGreaterThan(0);
  }
  await traffic.stop();
  await traffic.caughtUp(healed_ms_max);
  expect(await traffic.wrong(sqld.url)).toEqual([]);
}, 90_000);
