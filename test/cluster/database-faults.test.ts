/** The shared database dies and hangs: sends are refused in time, retries store nothing twice, and it goes on by itself. */

import { expect, test } from "bun:test";
import { connectRaw, eventually } from "../client.ts";
import { post } from "../http-client.ts";
import { nodeOf, startCluster } from "./nodes.ts";
import { Traffic } from "./traffic.ts";

const refused_ms_max = 2_500;
const works_ms_max = 1_000;

test("sqld killed for two seconds and stopped for four and a half", async () => {
  await using cluster = await startCluster({ count: 2 });
  const { nodes, sqld } = cluster;
  await using traffic = await Traffic.start(nodes, { channel: "open:t8", readers: 3, senders: 3 });
  traffic.send(200);
  await Bun.sleep(1_000);
  const works: number[] = [];
  const untilWorks = async (): Promise<void> => {
    const start_ms = performance.now();
    await eventually(
      () => traffic.answers.some(({ code, sent_ms }) => code === undefined && sent_ms > start_ms),
      "an acknowledgement",
    );
    works.push(performance.now() - start_ms);
  };
  await sqld.kill();
  await Bun.sleep(2_000);
  await sqld.restart();
  await untilWorks();
  await Bun.sleep(500);
  sqld.signal("SIGSTOP");
  await Bun.sleep(4_500);
  sqld.signal("SIGCONT");
  await untilWorks();
  await Bun.sleep(500);
  await traffic.stop();
  const refused = traffic.answers.filter(({ code }) => code !== undefined);
  const slowest_ms = Math.max(...refused.map(({ took_ms }) => took_ms));
  // Whoever was refused tries again with the same id.
  for (const one of refused) {
    const again = await traffic.one(one.sender, one);
    if (again.code !== undefined) throw new Error(`Expected a retry to be taken; got ${again.code}`);
  }
  await traffic.caughtUp(5_000);
  const codes = [...new Set(refused.map(({ code }) => code ?? 0))].sort((a, b) => a - b);
  console.log(
    `figure: database killed 2 s, stopped 4.5 s: ${refused.length} of ${traffic.answers.length} sends refused with ${codes.join(", ")} within ${slowest_ms.toFixed(0)} ms (at most ${refused_ms_max}), works again after ${works.map((ms) => ms.toFixed(0)).join(" and ")} ms`,
  );
  expect(await traffic.wrong(sqld.url)).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  expect(slowest_ms).toBeLessThan(refused_ms_max);
  expect(Math.max(...works)).toBeLessThan(works_ms_max);
  for (const client of [...traffic.readers, ...traffic.senders]) expect(client.connected).toBeDefined();
});

test("who reads while the database is away is told so, by each door, and reads again when it is back", async () => {
  await using cluster = await startCluster({ count: 1 });
  const node = nodeOf(cluster, 0);
  const { sqld } = cluster;
  await using ada = await connectRaw(node, { data: { name: "Ada" } });
  const token = ada.connected?.data.token ?? "";
  const list = () => post(node, "room.list", { token, body: {} });
  expect((await list()).status).toBe(200);
  await sqld.kill();
  expect(await list()).toMatchObject({ status: 503, json: { error: { code: "storage_unavailable" } } });
  expect(await ada.refusal("rpc", { method: "room.list", data: {} })).toMatchObject({ code: 508, temporary: true });
  expect(await ada.refusal("subscribe", { channel: "open:dark" })).toMatchObject({ code: 508, temporary: true });
  const upgrade = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" };
  const plain = await fetch(`${node.url}/?room=dark`, {
    headers: { ...upgrade, "sec-websocket-key": "AQIDBAUGBwgJCgsMDQ4PEA==" },
  });
  expect(plain.status).toBe(503);
  expect(plain.headers.get("retry-after")).toBe("1");
  await sqld.restart();
  expect((await list()).status).toBe(200);
});
