/** T3: the disk is full, and later it is not. */

import { expect, test } from "bun:test";
import { Checker, kept } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { startNode } from "../harness.ts";
import { sendOne } from "./senders.ts";
import { smallDisk } from "./small-disk.ts";

const storage_full = 507;
const told_ms_max = 250;
const resumed_ms_max = 1_000;
const channel = "open:disk";

interface Ready {
  readonly status: string;
  readonly reason?: string;
}

test("on a full disk senders are told at once, reads go on, and sends resume when there is room", async () => {
  using disk = smallDisk(24);
  await using node = await startNode({ args: ["--open"], data: `${disk.path}/data` });
  const checker = new Checker();
  const client = await connectRaw(node);
  await client.subscribe(channel);
  const send = (text: string) => sendOne(client, { channel, checker, text });
  const ready = async (): Promise<Ready> => (await (await fetch(`${node.url}/readyz`)).json()) as Ready;
  expect((await send("before")).code).toBeUndefined();
  expect((await ready()).status).toBe("ready");

  disk.fill();
  // What the log has allocated already still takes a few messages.
  let refused = await send("x".repeat(16_000));
  for (let tries = 0; refused.code === undefined && tries < 2_000; tries++) refused = await send("x".repeat(16_000));
  expect(refused.code).toBe(storage_full);
  const told: number[] = [];
  for (let at = 0; at < 20; at++) {
    const answer = await send("while full ".repeat(1_000));
    expect(answer.code).toBe(storage_full);
    told.push(answer.took_ms);
  }
  const worst_ms = Math.max(...told);

  const unready = await fetch(`${node.url}/readyz`);
  expect(unready.status).toBe(503);
  expect((await unready.json()) as Ready).toMatchObject({ status: "unready", reason: "storage_full" });
  const page = await client.rpc<{ events: unknown[] }>("message.list", { room: channel, limit: 1_000 });
  expect(page.events.length).toBeGreaterThan(0);
  const { history } = await client.request("history", { channel, limit: 10 });
  expect(history?.publications.length).toBeGreaterThan(0);

  disk.empty();
  const emptied_ms = performance.now();
  await eventually(async () => (await send("after")).code === undefined, "sends resume", resumed_ms_max);
  const resumed_ms = performance.now() - emptied_ms;
  await eventually(async () => (await ready()).status === "ready", "ready again", resumed_ms_max);
  console.log(
    `figure: disk full: sender told within ${worst_ms.toFixed(0)} ms (at most ${told_ms_max}), sends resumed after ${resumed_ms.toFixed(0)} ms (at most ${resumed_ms_max})`,
  );
  expect(worst_ms).toBeLessThanOrEqual(told_ms_max);
  expect(await client.close()).toMatchObject({ code: 1000 });
  expect(await node.stop()).toBe(0);
  const { I6_errors: _, ...violations } = await checker.verify(node);
  const { I6_errors: __, ...none } = kept;
  expect(violations).toEqual(none);
});
