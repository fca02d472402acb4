/** PROMISES.md T12: 100,000 frames and requests from a seed, or as many as FUZZ_FRAMES says; the server stays up, and stays what it was. */

import { expect, test } from "bun:test";
import { connect } from "node:net";
import { connectRaw, eventually, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { inMiB, residentBytes, watchMemory } from "../process-memory.ts";
import { frame, opcodes, openRude } from "../rude-socket.ts";
import { unlimited } from "../writing.ts";
import { Dice, frameBytes, politeText, requestBytes } from "./grammar.ts";

const MiB = 1024 * 1024;
const frames_usual = 90_000;
/** Before a release: `FUZZ_FRAMES=9000000`. */
const frames = Number(process.env["FUZZ_FRAMES"] ?? frames_usual);
const requests = Math.ceil(frames / 9);
const batch_frames = 20;
const side_by_side = 8;
/** Before memory is looked at for the first time: caches and the heap have their size by then. */
const warm_share = 0.3;
const growth_bytes_max = 20 * MiB;

/**
 * One connection: a batch of frames, until the server has answered the last of it or has had enough. Gives the number of
 * lines that came back: a batch that ends early has not shown much.
 */
async function batch(node: ChatNode, dice: Dice, token: string): Promise<number> {
  const naive = dice.chance(0.05);
  using socket = await openRude({ ws: naive ? node.url.replace("http", "ws") : node.ws });
  if (dice.chance(0.95)) socket.say(`{"id":1,"connect":{"token":"${token}"}}`);
  const polite = dice.chance(0.8);
  const make = (n: number): Buffer => (polite ? frame(opcodes.text, politeText(dice, n + 3)) : frameBytes(dice, n + 3));
  socket.write(Buffer.concat(Array.from({ length: batch_frames }, (_, n) => make(n))));
  socket.say(`{"id":7777777,"ping":{}}`);
  // A garbled head may make the server wait for bytes that never come: its own limits end that, this does not wait for it.
  const answered = socket.hears('"id":7777777').catch(() => {});
  await Promise.race([answered, socket.closed, new Promise((resume) => setTimeout(resume, 300))]);
  return socket.texts.reduce((lines, text) => lines + text.split("\n").length, 0);
}

/** One connection: some requests one after another. */
async function request(node: ChatNode, dice: Dice, token: string): Promise<void> {
  const { hostname, port } = new URL(node.url);
  const socket = connect(Number(port), hostname);
  const ended = new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
    socket.once("error", () => resolve());
    socket.once("close", () => resolve());
    setTimeout(resolve, 50);
  });
  socket.write(requestBytes(dice, token));
  await ended;
  socket.destroy();
}

async function inParallel(count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: side_by_side }, lane));
}

test(
  `${frames + requests} frames and requests from a seed neither end the server nor fill its memory`,
  async () => {
    const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`seed ${seed}: again with FUZZ_SEED=${seed} FUZZ_FRAMES=${frames} bun test ./test/fuzz/frames.test.ts`);
    const dice = new Dice(seed);
    await using node = await startNode({
      args: ["--open", ...unlimited, "--ring-bytes-max", "1MiB"],
    });
    const { pid } = node;
    let token: string;
    {
      await using guest = await connectRaw(node);
      token = guest.connected?.data.token ?? "";
    }
    let lines = 0;
    const start_ms = performance.now();
    const round = async (share: number): Promise<void> => {
      await inParallel(Math.ceil((frames * share) / batch_frames), async () => {
        const came = await batch(node, dice, token);
        lines += came;
      });
      await inParallel(Math.ceil(requests * share), () => request(node, dice, token));
    };
    const warm = watchMemory(pid);
    await round(warm_share);
    const before = warm.stop();
    await round(1 - warm_share);
    const took_s = (performance.now() - start_ms) / 1000;
    // What is garbage is not growth: the heap has a while to give it back.
    const growth = (): number => residentBytes(pid) - before;
    await eventually(() => growth() < growth_bytes_max, "memory as it was", 20_000).catch(() => {});
    console.log(
      `figure: T12 ${frames} frames (${lines} lines came back) and ${requests} requests, seed ${seed}: 0 crashes, RSS +${inMiB(growth())}, ${took_s.toFixed(0)} s`,
    );
    expect(node.pid).toBe(pid);
    expect(node.complaints).toBe("");
    // What the server logs as an error is a bug: every outcome has a code.
    expect(node.logs.filter(({ level }) => level === "error")).toEqual([]);
    await using honest = await connectRaw(node, { token });
    const { offset } = await honest.subscribe("open:lobby");
    const reply = await honest.request("publish", { channel: "open:lobby", data: { text: "still here?" } });
    expect(reply.publish).toEqual({});
    await within(honest.untilSeq("open:lobby", (offset ?? 0) + 1), () => "an honest message");
    expect(lines).toBeGreaterThan(frames / 2);
    expect(growth()).toBeLessThan(growth_bytes_max);
  },
  600_000 * Math.max(1, frames / frames_usual),
);
