/** PROMISES.md T4: sockets that never read, in a room where much is written. */

import { expect, test } from "bun:test";
import { connectRaw, eventually } from "../client.ts";
import { startNode } from "../harness.ts";
import { residentBytes, watchMemory } from "../process-memory.ts";
import { enterRude } from "../rude-socket.ts";
import { unlimited } from "../writing.ts";
import { bearSlowSockets, room, servers_max, text } from "./slow-sockets.ts";

/** Of the answers to a hundred questions, 24 MiB in all, several copies may be under way. */
const unread_bytes_max = 64 * 1024 * 1024;

test("20 sockets that never read are closed, cost their limit at most, and hold up nobody", async () => {
  await bearSlowSockets({ slow_sockets: 20, extra_ms_max: 10 });
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
