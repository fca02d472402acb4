/** The power is cut while the server starts, over and over: what it leaves must be something that it can start from. */

import { join } from "node:path";
import { expect, test } from "bun:test";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { powerCutDisk } from "./power-cut-disk.ts";

const rounds = 20;
/** Each finds what the one before has left. */
const starts_per_round = 2;
/** A start takes about as long; some are cut when it is over. */
const start_ms_max = 400;
/** What is not synced gets to the disk by pieces in this time: names before what is in the files. */
const settling_ms_max = 3_000;
const room = "open:cut";
const executable = join(import.meta.dir, "../../dist/confab");

test(`T2: ${rounds * starts_per_round} starts that are cut anywhere lose neither a message nor the log's name`, async () => {
  const random = randomOf(printedSeed());
  using disk = powerCutDisk(256);
  const data = join(disk.path, "a folder", "that is made");
  const powerCut = async (end: () => Promise<unknown>): Promise<void> => {
    disk.cut();
    await end();
    await disk.restore();
  };
  const epochs = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (let start = 0; start < starts_per_round; start++) {
      const server = Bun.spawn([executable, "serve", "--open", "--port", "0", "--data", data], {
        stdout: "ignore",
        stderr: "ignore",
      });
      await Bun.sleep(random() * start_ms_max);
      await powerCut(async () => {
        server.kill("SIGKILL");
        await server.exited;
      });
    }
    await using node = await startNode({ binary: true, args: ["--open"], data });
    const client = await connectRaw(node);
    epochs.add(client.connected?.data.epoch ?? "");
    const { publications } = await client.subscribe(room, { recover: true, epoch: [...epochs][0] ?? "", offset: 0 });
    const texts = publications?.map((publication) => (publication as { data: unknown }).data);
    expect(texts ?? []).toEqual(Array.from({ length: round }, (_, n) => n));
    expect((await client.request("publish", { channel: room, data: round })).error).toBeUndefined();
    await Bun.sleep(random() * settling_ms_max);
    expect(node.logs.filter(({ level }) => level === "error")).toEqual([]);
    await powerCut(async () => {
      await node.kill();
      await client.closed;
    });
  }
  expect([...epochs]).toHaveLength(1);
}, 180_000);
