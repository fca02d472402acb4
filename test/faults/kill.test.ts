import { expect, test } from "bun:test";
import { Checker, kept } from "../checker.ts";
import { connectRaw, percentile } from "../client.ts";
import { Crowd } from "../crowd.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { unlimited } from "../writing.ts";

const kills = 20;
const rooms = ["open:one", "open:two", "open:three", "open:four"];

test("T1: 20 senders, killed 20 times: nothing acknowledged is lost, nothing is stored twice, every reader has it all", async () => {
  const random = randomOf(printedSeed());
  await using node = await startNode({ binary: true, args: ["--open", ...unlimited] });
  const checker = new Checker();
  const epoch = await (async () => {
    await using first = await connectRaw(node);
    for (const room of rooms) {
      await first.subscribe(room);
      await first.request("publish", { channel: room, data: "first" });
    }
    return first.connected?.data.epoch ?? "";
  })();
  const crowd = new Crowd({ node, checker, rooms, epoch, senders: 20, inFlight: 10, readers: 8, random });
  const restarts_ms: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resume) => setTimeout(resume, 300 + random() * 700));
    await node.kill();
    const start_ms = performance.now();
    await node.restart();
    await using accepted = await connectRaw(node);
    restarts_ms.push(performance.now() - start_ms);
    expect(accepted.connected?.data.epoch).toBe(epoch);
  }
  await crowd.finish();
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
  expect(crowd.retries).toBeGreaterThan(0);
  const p50 = percentile(restarts_ms, 0.5).toFixed(0);
  console.log(`figure: T1 kill -9: ${checker.acks} acks over ${kills} kills, ${crowd.retries} retries, I1 to I6 = 0`);
  console.log(
    `figure: T1 restart to first accepted connect: p50 ${p50} ms, max ${Math.max(...restarts_ms).toFixed(0)} ms`,
  );
}, 180_000);
