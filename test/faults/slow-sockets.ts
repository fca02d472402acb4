/** T4: sockets that never read, in a room where much is written. */

import { expect } from "bun:test";
import { backpressure_bytes_max } from "../../src/protocol/limits.ts";
import { connectRaw, eventually, within, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { inMiB, residentBytes, watchMemory } from "../process-memory.ts";
import { feltBy, quiet, startPulse } from "../pulse.ts";
import { enterRude, type RudeSocket } from "../rude-socket.ts";
import { publishSteadily, unlimited } from "../writing.ts";

export const room = "open:busy";
export const text = "x".repeat(8_000);
export const servers_max = 3;
const perSecond = 200;
/** What the kernel takes from the server for a socket that reads nothing, before the server's own buffer fills. */
const kernel_bytes = 8 * 1024 * 1024;
/** They come back some at a time: each is given all that it has missed, and keeps it until it is compared. */
const back_together = 20;

export interface SlowSockets {
  readonly slow_sockets: number;
  /** How much longer others may wait, 99th percentile. */
  readonly extra_ms_max: number;
}

interface Round {
  readonly sockets: readonly RudeSocket[];
  /** The last seq before they came: they resume behind it. */
  readonly offset: number;
  readonly took_s: number;
  readonly peak: number;
}

/** Sockets that stop reading once they are in; waits until the server has closed all of them. */
async function crowd(node: ChatNode, writer: RawClient, slow_sockets: number): Promise<Round> {
  // What is unread is looked at every 25 ms: where more than the limit comes in less, the log says that it was lost.
  const ends = (): number =>
    node.logs.filter(({ event, kind }) => event === "connection_ended" && (kind === "slow" || kind === "lost")).length;
  const before = ends();
  const memory = watchMemory(node.pid);
  const sockets: RudeSocket[] = [];
  const offset = writer.log(room).length;
  // One after another: a storm of sign-ins is another trouble than sockets that do not read.
  while (sockets.length < slow_sockets) {
    const socket = await enterRude(node, room);
    socket.stopReading();
    sockets.push(socket);
  }
  const start_ms = performance.now();
  await eventually(() => ends() === before + slow_sockets, `${slow_sockets} closed as slow`, 30_000);
  const took_s = (performance.now() - start_ms) / 1000;
  return { sockets, offset, took_s, peak: memory.stop() };
}

/** Who was closed resumes from the last seq that it had, and is given all that the writer has. */
async function comesBack(
  socket: RudeSocket,
  from: { node: ChatNode; writer: RawClient; epoch: string | undefined; offset: number },
): Promise<void> {
  const { node, writer, epoch, offset } = from;
  socket[Symbol.dispose]();
  await within(socket.closed, () => "the end of the slow socket");
  await using back = await connectRaw(node);
  expect(await back.subscribe(room, { recover: true, epoch, offset })).toMatchObject({ recovered: true });
  await back.untilSeq(room, writer.log(room).length);
  expect(back.log(room).map((one) => one.text)).toEqual(
    writer
      .log(room)
      .slice(offset)
      .map((one) => one.text),
  );
}

/**
 * A server with such sockets from its start to their return; gives what they cost it in memory. The heap of a busy server
 * rises until it is swept: that is not theirs, so peak is compared with peak, of a longer time without them right before.
 */
async function ordeal({ slow_sockets, extra_ms_max }: SlowSockets): Promise<number> {
  await using node = await startNode({ args: ["--open", ...unlimited, "--ring-bytes-max", "1MiB"] });
  await using writer = await connectRaw(node);
  const { epoch } = await writer.subscribe(room);
  await using pulse = await startPulse(node);
  const writing = publishSteadily(writer, room, { perSecond, data: () => ({ text }) });
  const usual = watchMemory(node.pid);
  await quiet(6_000);
  let usualPeak: number | undefined;
  let round: Round | undefined;
  const trouble = async (): Promise<void> => {
    usualPeak ??= usual.stop();
    for (const socket of round?.sockets ?? []) socket[Symbol.dispose]();
    round = await crowd(node, writer, slow_sockets);
  };
  const felt = await feltBy(pulse, trouble, { quiet_ms: 4_000, extra_ms_max });
  if (round === undefined || usualPeak === undefined) throw new Error("Expected a round of slow sockets.");
  const { offset, sockets, took_s, peak } = round;
  const cost = peak - usualPeak;
  // The limit, what the kernel took before, and the 5 s in which a slow one is to be closed.
  const due_s = (backpressure_bytes_max + kernel_bytes) / (perSecond * text.length) + 5;
  console.log(
    `figure: T4 ${slow_sockets} sockets that never read: closed after ${took_s.toFixed(1)} s, ` +
      `RSS +${inMiB(cost)} over its peak without them (at most ${inMiB(costMax(slow_sockets))}), ${felt.text}`,
  );
  expect(took_s).toBeLessThan(due_s);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
  const back = (): boolean => residentBytes(node.pid) < peak - (slow_sockets * backpressure_bytes_max) / 2;
  await eventually(back, "memory given back", 10_000);

  const live = await writing.stop();
  expect(live).toBeGreaterThan(0);
  for (let at = 0; at < sockets.length; at += back_together) {
    const some = sockets.slice(at, at + back_together);
    await Promise.all(some.map((socket) => comesBack(socket, { node, writer, epoch, offset })));
  }
  return cost;
}

function costMax(slow_sockets: number): number {
  return slow_sockets * backpressure_bytes_max * 1.25;
}

/** Sockets that never read are closed, cost their limit at most, hold up nobody, and have everything afterwards. */
export async function bearSlowSockets(options: SlowSockets): Promise<void> {
  const cost_bytes_max = costMax(options.slow_sockets);
  // What else a machine does (a sweep that comes late) only adds: of a few servers the lowest figure is the nearest.
  let cost = Number.POSITIVE_INFINITY;
  for (let server = 0; server < servers_max && cost >= cost_bytes_max; server++) {
    cost = Math.min(cost, await ordeal(options));
  }
  expect(cost).toBeLessThan(cost_bytes_max);
}
