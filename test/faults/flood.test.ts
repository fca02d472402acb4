/** PROMISES.md T19: one client sends all it can. */

import { expect, test } from "bun:test";
import { within } from "../client.ts";
import { startNode } from "../harness.ts";
import { inMiB, watchMemory } from "../process-memory.ts";
import { feltBy, quiet, startPulse } from "../pulse.ts";
import { enterRude, frame, opcodes, type RudeSocket } from "../rude-socket.ts";

const MiB = 1024 * 1024;
const flood_per_second = 50_000;
const slice_ms = 20;
const extra_ms_max = 20;
/** The honest ones write 100 messages a second. */
const args = ["--open", "--messages-per-second", "200", "--messages-burst", "400"];

/** A second of it at most; the time until the server has ended it. */
async function flood(socket: RudeSocket, messages: Uint8Array): Promise<number> {
  const start_ms = performance.now();
  const timer = setInterval(() => socket.write(messages), slice_ms);
  try {
    await within(socket.closed, () => "the end of the flood");
  } finally {
    clearInterval(timer);
  }
  return performance.now() - start_ms;
}

function messages(): Buffer {
  const count = (flood_per_second * slice_ms) / 1000;
  return Buffer.concat(
    Array.from({ length: count }, (_, n) =>
      frame(opcodes.text, `{"id":${n + 10},"publish":{"channel":"open:flood","data":{"text":"buy now"}}}`),
    ),
  );
}

test("a flood of 50,000 messages a second ends within a second, again and again, and nobody else feels it", async () => {
  await using node = await startNode({ args });
  await using pulse = await startPulse(node);
  const bytes = messages();
  const usual = watchMemory(node.pid);
  await pulse.during(() => quiet(2_000));
  const rss = usual.stop();
  const memory = watchMemory(node.pid);
  const ended_ms: number[] = [];
  const trouble = async (): Promise<void> => {
    const end_ms = performance.now() + 3_000;
    while (performance.now() < end_ms) {
      using socket = await enterRude(node, "open:flood");
      ended_ms.push(await flood(socket, bytes));
      expect(socket.closeCode).toBe(3013);
      // An SDK that is closed so comes back after a pause; this one is in more of a hurry.
      await quiet(200);
    }
  };
  const felt = await feltBy(pulse, trouble, { quiet_ms: 3_000, extra_ms_max });
  const growth = memory.stop() - rss;
  const longest = Math.max(...ended_ms).toFixed(0);
  console.log(
    `figure: T19 flood: ended ${ended_ms.length} times after ${longest} ms at most, ${felt.text}, RSS +${inMiB(growth)}`,
  );
  expect(Math.max(...ended_ms)).toBeLessThan(1_000);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
  expect(growth).toBeLessThan(50 * MiB);
}, 60_000);

test("200,000 empty fragments of a message without an end hold up nobody, and their sender is let go", async () => {
  await using node = await startNode({ args });
  await using pulse = await startPulse(node);
  const usual = watchMemory(node.pid);
  await pulse.during(() => quiet(2_000));
  const rss = usual.stop();
  const memory = watchMemory(node.pid);
  const fragment = frame(opcodes.continuation, "", { final: false });
  const fragments = Buffer.concat(Array.from({ length: 200_000 }, () => fragment));
  const sockets: RudeSocket[] = [];
  const trouble = async (): Promise<void> => {
    const socket = await enterRude(node, "open:flood");
    sockets.push(socket);
    socket.write(frame(opcodes.text, "", { final: false }));
    socket.write(fragments);
    await quiet(3_000);
  };
  const felt = await feltBy(pulse, trouble, { quiet_ms: 3_000, extra_ms_max });
  const growth = memory.stop() - rss;
  console.log(`figure: T19 200,000 empty fragments: ${felt.text}, RSS +${inMiB(growth)}`);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
  expect(growth).toBeLessThan(50 * MiB);
  // No message of it ever ends: the server's ping is not answered, or by a frame that may not stand there.
  await Promise.all(sockets.map((socket) => within(socket.closed, () => "the end of the fragments")));
  for (const socket of sockets) socket[Symbol.dispose]();
}, 60_000);
