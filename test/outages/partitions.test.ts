/** T7 in its full length: one of three nodes cut off for half a minute, from either service, in each direction and both. */

import { expect, test } from "bun:test";
import { connectRaw, type RawClient } from "../client.ts";
import { startNode } from "../harness.ts";
import { startRedis } from "../redis.ts";
import { startSqld } from "../sqld.ts";
import { unlimited } from "../writing.ts";
import { cutOff, type Cut } from "../cluster/cuts.ts";
import { Network, type Place, type Service } from "../cluster/network.ts";
import { RollCall } from "../cluster/roll-call.ts";
import { Traffic } from "../cluster/traffic.ts";

const ms = 30_000;
const healed_ms_max = 5_000;
const present_ms_max = 35_000;
const per_second = 100;

async function people(at: { ws: string }, count: number): Promise<RawClient[]> {
  return await Promise.all(Array.from({ length: count }, () => connectRaw(at)));
}

async function outOf(service: Service): Promise<void> {
  using network = new Network();
  await using sqld = await startSqld(network.address("sqld"));
  await using redis = await startRedis({ host: network.address("redis") });
  const places = [network.join(), network.join(), network.join()];
  const args = ["--open", ...unlimited, "--database", sqld.url, "--redis", redis.url];
  await using node = await startNode({ args, binary: true, ...places[0] });
  await using second = await startNode({ args, binary: true, ...places[1] });
  await using other = await startNode({ args, binary: true, ...places[2] });
  const nodes = [node, second, other];
  await using traffic = await Traffic.start(nodes, { channel: "open:t7", readers: 4, senders: 2 });
  using call = await RollCall.start(nodes, "open:here");
  const here = await people(node, 6);
  const there = await people(other, 6);
  for (const client of [...here.slice(0, 3), ...there.slice(0, 3)]) await call.enter(client);
  await call.untilRight(present_ms_max);
  traffic.send(per_second);
  await Bun.sleep(1_000);
  const isCutOff = (sender: number): boolean => sender % 6 >= 4;
  for (const [at, direction] of (["out", "back", "both"] as const).entries()) {
    const during = async (): Promise<void> => {
      await call.enter(here[3 + at] as RawClient);
      await call.leave(here[at] as RawClient);
      // Without the database nobody enters a room at that node.
      if (service === "redis") await call.enter(there[3 + at] as RawClient);
      await call.leave(there[at] as RawClient);
    };
    const cut: Cut = { service, direction, ms, during };
    await cutOff(cut, { place: places[2] as Place, traffic, isCutOff });
    const right_ms = await call.untilRight(present_ms_max);
    console.log(
      `figure: presence after ${service} ${direction}: right everywhere within ${right_ms.toFixed(0)} ms more`,
    );
  }
  await traffic.stop();
  await traffic.caughtUp(healed_ms_max);
  expect(await traffic.wrong(sqld.url)).toEqual([]);
  // Nobody was sent away.
  for (const client of [...traffic.readers, ...traffic.senders, ...here, ...there]) await client.settled();
  for (const client of [...here, ...there]) client.terminate();
}

test("a node without Redis for half a minute: nothing is refused, and everything is right again", async () => {
  await outOf("redis");
}, 240_000);

test("a node without its database for half a minute: it refuses in time, keeps its people, and comes back", async () => {
  await outOf("sqld");
}, 240_000);
