/** PROMISES.md T9: clients that are there no more, without having said so: stopped processes, whose kernel goes on. */

import { expect, test } from "bun:test";
import { connectRaw, eventually } from "../client.ts";
import { startNode } from "../harness.ts";
import { connectPlain } from "../plain-client.ts";
import { publishSteadily, unlimited } from "../writing.ts";

const program = `${import.meta.dir}/listener-program.ts`;
const reaped_ms_max = 20_000;

async function stoppedListener(ws: string, channel: string): Promise<Bun.Subprocess> {
  const child = Bun.spawn([process.execPath, program, ws, channel], { stdout: "pipe", stderr: "inherit" });
  for await (const piece of child.stdout) {
    if (new TextDecoder().decode(piece).includes("listening")) break;
  }
  child.kill("SIGSTOP");
  return child;
}

test("a dead client is closed within 20 s, in a silent room and in one that keeps pushing to it", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  await writer.subscribe("open:busy");
  const silent = await stoppedListener(node.ws, "open:silent");
  const pushed = await stoppedListener(node.ws, "open:busy");
  const start_ms = performance.now();
  const writing = publishSteadily(writer, "open:busy", { perSecond: 50, data: (n) => ({ n }) });
  await using naive = await connectPlain(node.url);
  try {
    const ends = (): number =>
      node.logs.filter(({ event, kind }) => event === "connection_ended" && kind === "no_pong").length;
    await eventually(() => ends() === 2, "both closed", reaped_ms_max + 5_000);
    const took_ms = performance.now() - start_ms;
    console.log(`figure: T9 stopped clients, silent and pushed to: both reaped after ${(took_ms / 1000).toFixed(1)} s`);
    expect(took_ms).toBeLessThan(reaped_ms_max);
    // Who is alive is kept: pings are answered by every client's library.
    naive.say("still here");
    expect(await naive.hear(1)).toEqual(["still here"]);
    expect(await writing.stop()).toBeGreaterThan(100);
  } finally {
    for (const child of [silent, pushed]) {
      child.kill("SIGKILL");
      await child.exited;
    }
  }
}, 60_000);
