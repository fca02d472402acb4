/** T17: SIGTERM while everybody is here and writes. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { Checker, kept } from "../checker.ts";
import { connectRaw, eventually, type Close } from "../client.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { startSenders } from "./senders.ts";

const sockets = 5_000;
const stop_ms_max = 5_000;
const channel = "open:stop";
/** The code after which every SDK comes back. */
const shutdown = 3001;
const spread_ms_min = 1_000;

test("SIGTERM sends everybody away over a few seconds, and nothing that was acknowledged is lost", async () => {
  await using node = await startNode({ args: ["--open"] });
  const checker = new Checker();
  const closed: { readonly close: Promise<Close & { at: number }> }[] = [];
  for (let at = 0; at < sockets; at += 50) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => connectRaw(node)));
    for (const client of clients) {
      closed.push({ close: client.closed.then((close) => ({ ...close, at: performance.now() })) });
    }
  }
  await using senders = await startSenders(node, { channel, senders: 20, perSecond: 500, checker });
  await eventually(() => senders.answers.length > 250, "messages before the stop");
  const started = performance.now();
  const code = await node.stop();
  const took_ms = performance.now() - started;
  await senders.stop();
  const closes = await Promise.all(closed.map(({ close }) => close));
  const times = closes.map(({ at }) => at - started);
  const spread_ms = Math.max(...times) - Math.min(...times);
  const during = senders.answers.filter(({ sent_ms }) => sent_ms > started).length;
  console.log(
    `figure: SIGTERM with ${sockets} sockets and 500 messages/s: exit ${code} after ${took_ms.toFixed(0)} ms (at most ${stop_ms_max}), closes spread over ${spread_ms.toFixed(0)} ms, ${during} messages answered meanwhile`,
  );
  expect(code).toBe(0);
  expect(took_ms).toBeLessThanOrEqual(stop_ms_max);
  expect(new Set(closes.map((close) => close.code))).toEqual(new Set([shutdown]));
  expect(spread_ms).toBeGreaterThan(spread_ms_min);
  expect(await checker.verify(node)).toEqual(kept);
}, 60_000);

test("as the first process of a container it stops as well", async () => {
  using folder = temporaryFolder();
  const program = join(import.meta.dir, "../../src/main.ts");
  const server = [process.execPath, program, "serve", "--open", "--port", "0", "--data", folder.path];
  const argv = ["unshare", "--pid", "--fork", "--kill-child", ...server];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "pipe" });
  let log = "";
  const url = Promise.withResolvers<string>();
  const complaint = new Response(child.stderr).text();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) {
      log += decoder.decode(piece, { stream: true });
      const ready = /"event":"ready","url":"([^"]+)"/.exec(log)?.[1];
      if (ready !== undefined) url.resolve(ready);
    }
    url.reject(new Error(`Expected a server in a namespace of its own (unshare takes root): ${log}${await complaint}`));
  })();
  const client = await connectRaw({ ws: `${(await url.promise).replace("http", "ws")}/connection/websocket` });
  // Its number outside of its namespace: the only child of unshare.
  const first = Bun.spawnSync(["pgrep", "--parent", String(child.pid)])
    .stdout.toString()
    .trim();
  const started = performance.now();
  process.kill(Number(first), "SIGTERM");
  expect((await client.closed).code).toBe(shutdown);
  expect(await child.exited).toBe(0);
  await reading;
  const took_ms = performance.now() - started;
  console.log(`figure: SIGTERM as process 1: exit 0 after ${took_ms.toFixed(0)} ms (at most ${stop_ms_max})`);
  expect(took_ms).toBeLessThanOrEqual(stop_ms_max);
});
