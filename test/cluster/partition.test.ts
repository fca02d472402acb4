/** A node that is cut off from Redis or from the database, one way and both: others go on, and it comes back right. */

import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { startRedis } from "../redis.ts";
import { startSqld } from "../sqld.ts";
import { unlimited } from "../writing.ts";
import { cutOff, type Cut } from "./cuts.ts";
import { Network, type Place } from "./network.ts";
import { RollCall } from "./roll-call.ts";
import { Traffic } from "./traffic.ts";

const ms = 5_000;
const healed_ms_max = 5_000;
const present_ms_max = 35_000;
/** Short ones, and not all: those of half a minute are in `test/outages`. */
const cuts: readonly Cut[] = [
  { service: "sqld", direction: "back", ms },
  { service: "sqld", direction: "out", ms },
  { service: "redis", direction: "both", ms },
  { service: "redis", direction: "back", ms },
];

test("each cut: sends are refused in time where there is no database, all else goes on, and nothing is missing", async () => {
  using network = new Network();
  await using sqld = await startSqld(network.address("sqld"));
  await using redis = await startRedis({ host: network.address("redis") });
  const places = [network.join(), network.join()];
  const args = ["--open", ...unlimited, "--database", sqld.url, "--redis", redis.url];
  await using node = await startNode({ args, binary: true, ...places[0] });
  await using other = await startNode({ args, binary: true, ...places[1] });
  await using traffic = await Traffic.start([node, other], { channel: "open:t7", readers: 3, senders: 2 });
  traffic.send(100);
  await Bun.sleep(1_000);
  // The last two senders are at the node that is cut off.
  const isCutOff = (sender: number): boolean => sender % 4 >= 2;
  for (const cut of cuts) await cutOff(cut, { place: places[1] as Place, traffic, isCutOff });
  await traffic.stop();
  await traffic.caughtUp(healed_ms_max);
  expect(await traffic.wrong(sqld.url)).toEqual([]);
}, 90_000);

test("who comes and goes while a node is cut off from Redis is listed right everywhere when it is healed", async () => {
  using network = new Network();
  await using sqld = await startSqld(network.address("sqld"));
  await using redis = await startRedis({ host: network.address("redis") });
  const place = network.join();
  const args = ["--open", ...unlimited, "--database", sqld.url, "--redis", redis.url];
  await using node = await startNode({ args, binary: true, ...network.join() });
  await using other = await startNode({ args, binary: true, ...place });
  using call = await RollCall.start([node, other], "open:here");
  const clients = await Promise.all([node, node, other, other].map((address) => connectRaw(address)));
  const [comes, goes, comesThere, goesThere] = clients as [(typeof clients)[0], ...typeof clients];
  await call.enter(goes as typeof comes);
  await call.enter(goesThere as typeof comes);
  // Nobody is left by that node in this room, who would say so later.
  using alone = await RollCall.start([node], "open:alone");
  await alone.enter(goesThere as typeof comes);
  await call.untilRight(present_ms_max);
  await alone.untilRight(present_ms_max);
  place.cut("redis", "both");
  await alone.leave(goesThere as typeof comes);
  await call.enter(comes);
  await call.enter(comesThere as typeof comes);
  await call.leave(goes as typeof comes);
  await call.leave(goesThere as typeof comes);
  await Bun.sleep(ms);
  const wrong = [...(await call.wrong()), ...(await alone.wrong())];
  place.heal();
  const rights = [call.untilRight(present_ms_max), alone.untilRight(present_ms_max)];
  const right_ms = Math.max(...(await Promise.all(rights)));
  console.log(
    `figure: people came and went while a node was cut off from Redis for ${ms} ms: listed right ${right_ms.toFixed(0)} ms after it healed (at most ${present_ms_max})`,
  );
  expect(wrong.length).toBe(3);
  for (const client of clients) client.terminate();
}, 60_000);
