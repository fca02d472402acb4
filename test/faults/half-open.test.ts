/**
 * PROMISES.md T9: clients that are there no more, without having said so: stopped processes, whose kernel goes on, and
 * such whose network drops every packet.
 */

import { expect, test } from "bun:test";
import { connectRaw, eventually, within } from "../client.ts";
import { Network } from "../cluster/network.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { connectPlain } from "../plain-client.ts";
import { publishSteadily, unlimited } from "../writing.ts";

const program = `${import.meta.dir}/listener-program.ts`;
const cutOffProgram = `${import.meta.dir}/cut-off-program.ts`;
const reaped_ms_max = 20_000;

async function stoppedListener(ws: string, channel: string): Promise<Bun.Subprocess> {
  const child = Bun.spawn([process.execPath, program, ws, channel], { stdout: "pipe", stderr: "inherit" });
  for await (const piece of child.stdout) {
    if (new TextDecoder().decode(piece).includes("listening")) break;
  }
  child.kill("SIGSTOP");
  return child;
}

interface CutOff {
  readonly listening: Promise<void>;
  /** When it gave the server up. */
  readonly noticed: Promise<number>;
  end(): Promise<void>;
}

/** An SDK in a network namespace. */
function listenerWithin(within: readonly string[], ws: string, channel: string): CutOff {
  const child = Bun.spawn([...within, process.execPath, cutOffProgram, ws, channel], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const listening = Promise.withResolvers<void>();
  const noticed = Promise.withResolvers<number>();
  void (async () => {
    let said = "";
    for await (const piece of child.stdout) {
      said += new TextDecoder().decode(piece);
      if (said.includes("listening")) listening.resolve();
      if (said.includes("noticed")) noticed.resolve(performance.now());
    }
  })();
  return {
    listening: listening.promise,
    noticed: noticed.promise,
    async end() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** Connections that were closed because nothing came from them. */
function reaped(node: ChatNode): number {
  return node.logs.filter(({ event, kind }) => event === "connection_ended" && kind === "no_pong").length;
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
    await eventually(() => reaped(node) === 2, "both closed", reaped_ms_max + 5_000);
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

test("where the network drops every packet, both sides give each other up within 20 s, silent or pushing", async () => {
  using network = new Network();
  const place = network.join();
  // An address of this machine that is the server's alone.
  await using node = await startNode({ args: ["--open", ...unlimited], host: network.address("sqld") });
  await using writer = await connectRaw(node);
  await writer.subscribe("open:busy");
  const listeners = ["open:silent", "open:busy"].map((channel) => listenerWithin(place.within, node.ws, channel));
  try {
    for (const { listening } of listeners) await within(listening, () => "a listener behind the network");
    const writing = publishSteadily(writer, "open:busy", { perSecond: 50, data: (n) => ({ n }) });
    const start_ms = performance.now();
    place.cut("sqld", "both");
    const noticed = Promise.all(listeners.map((listener) => listener.noticed));
    await eventually(() => reaped(node) === 2, "both closed", reaped_ms_max + 5_000);
    const took_ms = performance.now() - start_ms;
    const given_up = await within(noticed, () => "clients that notice", reaped_ms_max + 5_000);
    const noticed_ms = Math.max(...given_up) - start_ms;
    console.log(
      `figure: T9 clients behind a dropped network, silent and pushed to: both reaped after ${(took_ms / 1000).toFixed(1)} s, ` +
        `both noticed after ${(noticed_ms / 1000).toFixed(1)} s`,
    );
    expect(took_ms).toBeLessThan(reaped_ms_max);
    expect(noticed_ms).toBeLessThan(reaped_ms_max);
    expect(await writing.stop()).toBeGreaterThan(100);
    expect(reaped(node)).toBe(2);
  } finally {
    await Promise.all(listeners.map((listener) => listener.end()));
  }
}, 90_000);
