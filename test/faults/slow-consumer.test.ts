/** PROMISES.md T4: sockets that never read, in a room where much is written. */

import { expect, test } from "bun:test";
import { backpressure_bytes_max } from "../../src/protocol/limits.ts";
import { connectRaw, eventually, within, type RawClient } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { inMiB, residentBytes, watchMemory } from "../process-memory.ts";
import { feltBy, quiet, startPulse } from "../pulse.ts";
import { enterRude, type RudeSocket } from "../rude-socket.ts";
import { publishSteadily, unlimited } from "../writing.ts";

const room = "open:busy";
const slow_sockets = 20;
const text = "x".repeat(8_000);
const perSecond = 200;
const extra_ms_max = 10;
const cost_bytes_max = slow_sockets * backpressure_bytes_max * 1.25;
/** Of the answers to a hundred questions, 24 MiB in all, several copies may be under way. */
const unread_bytes_max = 64 * 1024 * 1024;
const servers_max = 3;
/** What the kernel takes from the server for a socket that reads nothing, before the server's own buffer fills. */
const kernel_bytes = 8 * 1024 * 1024;

interface Round {
  readonly sockets: readonly RudeSocket[];
  /** The last seq that they have. */
  readonly offset: number;
  readonly took_s: number;
  readonly peak: number;
}

/** Sockets that stop reading; waits until the server has closed all of them. */
async function crowd(node: ChatNode, writer: RawClient): Promise<Round> {
  // What is unread is looked at every 25 ms: where more than the limit comes in less, the log says that it was lost.
  const ends = (): number =>
    node.logs.filter(({ event, kind }) => event === "connection_ended" && (kind === "slow" || kind === "lost")).length;
  const before = ends();
  const sockets = await Promise.all(Array.from({ length: slow_sockets }, () => enterRude(node, room)));
  const offset = writer.log(room).length;
  for (const socket of sockets) socket.stopReading();
  const memory = watchMemory(node.pid);
  const start_ms = performance.now();
  await eventually(() => ends() === before + slow_sockets, `${slow_sockets} closed as slow`, 30_000);
  const took_s = (performance.now() - start_ms) / 1000;
  return { sockets, offset, took_s, peak: memory.stop() };
}

/**
 * A server with such sockets from its start to their return; gives what they cost it in memory. The heap of a busy server
 * rises until it is swept: that is not theirs, so peak is compared with peak, of a longer time without them right before.
 */
async function ordeal(): Promise<number> {
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
    round = await crowd(node, writer);
  };
  const felt = await feltBy(pulse, trouble, { quiet_ms: 4_000, extra_ms_max });
  if (round === undefined || usualPeak === undefined) throw new Error("Expected a round of slow sockets.");
  const { offset, sockets, took_s, peak } = round;
  const cost = peak - usualPeak;
  // The limit, what the kernel took before, and the 5 s in which a slow one is to be closed.
  const due_s = (backpressure_bytes_max + kernel_bytes) / (perSecond * text.length) + 5;
  console.log(
    `figure: T4 ${slow_sockets} sockets that never read: closed after ${took_s.toFixed(1)} s, ` +
      `RSS +${inMiB(cost)} over its peak without them (at most ${inMiB(cost_bytes_max)}), ${felt.text}`,
  );
  expect(took_s).toBeLessThan(due_s);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
  const back = (): boolean => residentBytes(node.pid) < peak - (slow_sockets * backpressure_bytes_max) / 2;
  await eventually(back, "memory given back", 10_000);

  const live = await writing.stop();
  expect(live).toBeGreaterThan(0);
  const top = writer.log(room).length;
  await Promise.all(
    sockets.map(async (socket) => {
      socket[Symbol.dispose]();
      await within(socket.closed, () => "the end of the slow socket");
      await using back = await connectRaw(node);
      expect(await back.subscribe(room, { recover: true, epoch, offset })).toMatchObject({ recovered: true });
      await back.untilSeq(room, top);
      expect(back.log(room).map((one) => one.text)).toEqual(
        writer
          .log(room)
          .slice(offset)
          .map((one) => one.text),
      );
    }),
  );
  return cost;
}

test("20 sockets that never read are closed, cost their limit at most, and hold up nobody", async () => {
  // What else a machine does (a sweep that comes late) only adds: of a few servers the lowest figure is the nearest.
  let cost = Number.POSITIVE_INFINITY;
  for (let server = 0; server < servers_max && cost >= cost_bytes_max; server++) {
    cost = Math.min(cost, await ordeal());
  }
  expect(cost).toBeLessThan(cost_bytes_max);
}, 180_000);

test("who is cut off for not reading is told apart from who is lost", async () => {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  await writer.subscribe(room);
  using deaf = await enterRude(node, room);
  const gone = await enterRude(node, room);
  const kinds = (): unknown[] =>
    node.logs.filter(({ event }) => event === "connection_ended").map((line) => line["kind"]);
  gone[Symbol.dispose]();
  await eventually(() => kinds().length === 1, "the end of who is gone");
  deaf.stopReading();
  // One after another, far faster than the heartbeat looks by itself.
  while (kinds().length < 2) await writer.request("publish", { channel: room, data: { text } });
  expect(kinds()).toEqual(["lost", "slow"]);
}, 60_000);

/** How much memory a server needs at most for one that asks for a hundred pages and reads none; it is closed for it. */
async function answersUnread(): Promise<number> {
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using writer = await connectRaw(node);
  await writer.subscribe(room);
  for (let n = 0; n < 40; n++) await writer.request("publish", { channel: room, data: { text } });
  // What it takes to answer somebody who reads is not the deaf one's doing.
  for (let n = 0; n < 100; n++) await writer.request("history", { channel: room, limit: 30 });
  const memory = watchMemory(node.pid);
  const rss = residentBytes(node.pid);
  using deaf = await enterRude(node, room);
  deaf.stopReading();
  for (let n = 0; n < 100; n++) deaf.say(`{"id":${n + 10},"history":{"channel":"${room}","limit":30}}`);
  await eventually(
    () => node.logs.some(({ event, kind }) => event === "connection_ended" && (kind === "slow" || kind === "lost")),
    "the end of the deaf socket",
  );
  return memory.stop() - rss;
}

test("who asks and asks and never reads the answers is closed too", async () => {
  let cost = Number.POSITIVE_INFINITY;
  for (let server = 0; server < servers_max && cost >= unread_bytes_max; server++) {
    cost = Math.min(cost, await answersUnread());
  }
  expect(cost).toBeLessThan(unread_bytes_max);
}, 60_000);
