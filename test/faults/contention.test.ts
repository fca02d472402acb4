/** T18: somebody else has the database. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { Checker, kept } from "../checker.ts";
import { connectRaw, eventually } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { startSenders } from "./senders.ts";

const works_ms_max = 200;
const leaves_ms_max = 1_000;
const channel = "open:contention";
const unavailable = 508;
const unknown = 504;

interface Holder {
  readonly held: Promise<void>;
  readonly released: Promise<number>;
}

/** Resolves as the other program says so. */
function holdLock(node: ChatNode, held_ms: number): Holder {
  const program = join(import.meta.dir, "lock-holder.ts");
  const argv = [process.execPath, program, join(node.data, "confab.db"), String(held_ms)];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit" });
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<number>();
  void (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) {
      const text = decoder.decode(piece);
      if (text.includes("held")) held.resolve();
      if (text.includes("released")) released.resolve(performance.now());
    }
  })();
  return { held: held.promise, released: released.promise };
}

async function sendThroughLock(held_ms: number): Promise<{ resumed_ms: number; codes: Set<number> }> {
  await using node = await startNode({ args: ["--open"] });
  const checker = new Checker();
  await using senders = await startSenders(node, { channel, senders: 10, perSecond: 100, checker });
  await using reader = await connectRaw(node);
  const { offset = 0 } = await reader.subscribe(channel);
  await eventually(() => senders.answers.length > 20, "acknowledgements before");
  const holder = holdLock(node, held_ms);
  await holder.held;
  const released_ms = await holder.released;
  const done = (): { sent_ms: number; took_ms: number }[] =>
    senders.answers.filter(({ code, sent_ms, took_ms }) => code === undefined && sent_ms + took_ms > released_ms);
  await eventually(() => done().length > 50, "acknowledgements afterwards");
  const resumed_ms = Math.min(...done().map(({ sent_ms, took_ms }) => sent_ms + took_ms)) - released_ms;
  await senders.stop();
  // What was committed after its sender was told that nobody knows reaches the readers too.
  const page = await reader.rpc<{ last_seq: number }>("message.list", { room: channel, limit: 1 });
  await reader.untilSeq(channel, page.last_seq);
  expect(reader.seqs(channel)).toEqual(Array.from({ length: page.last_seq - offset }, (_, at) => offset + 1 + at));
  const codes = new Set(senders.answers.flatMap(({ code }) => (code === undefined ? [] : [code])));
  expect(await node.stop()).toBe(0);
  const { I6_errors: _, ...violations } = await checker.verify(node);
  const { I6_errors: __, ...none } = kept;
  expect(violations).toEqual(none);
  return { resumed_ms, codes };
}

test("another program holds the write lock for 3 s: it works again at once, and nothing is lost", async () => {
  const { resumed_ms, codes } = await sendThroughLock(3_000);
  console.log(
    `figure: write lock held 3 s: works ${resumed_ms.toFixed(0)} ms after the release (at most ${works_ms_max})`,
  );
  expect([...codes].filter((code) => code !== unknown && code !== unavailable)).toEqual([]);
  expect(resumed_ms).toBeLessThanOrEqual(works_ms_max);
});

test("a lock that is held for longer than a statement waits refuses sends, and leaves no trace", async () => {
  const { resumed_ms, codes } = await sendThroughLock(6_500);
  console.log(
    `figure: write lock held 6.5 s: works ${resumed_ms.toFixed(0)} ms after the release (at most ${works_ms_max})`,
  );
  expect(codes.has(unavailable) || codes.has(unknown)).toBe(true);
  expect(resumed_ms).toBeLessThanOrEqual(works_ms_max);
});

test("a room of which its maker was told that nobody knows comes to their connections when it is there after all", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using maker = await connectRaw(node, { data: { rooms: true } });
  const holder = holdLock(node, 4_000);
  await holder.held;
  const { code } = await maker.refusal("rpc", { method: "room.create", data: { name: "Late", kind: "private" } });
  expect(code).toBe(unknown);
  const { push } = await maker.next((line) => line.push?.subscribe !== undefined, "the subscription to it");
  const room = push?.channel ?? "";
  console.log(
    `figure: a room made in the dark came ${(performance.now() - (await holder.released)).toFixed(0)} ms after the lock's end`,
  );
  await maker.request("publish", { channel: room, data: { text: "it is there" } });
  await maker.untilSeq(room, 2);
  expect(await maker.rpc<object>("room.get", { room })).toMatchObject({ name: "Late", role: "owner" });
}, 30_000);

test("a second server on the same data leaves within a second, with one sentence", async () => {
  await using node = await startNode({ args: ["--open"] });
  const program = join(import.meta.dir, "../../src/main.ts");
  const started = performance.now();
  const argv = [process.execPath, program, "serve", "--open", "--port", "0", "--data", node.data];
  const second = Bun.spawn(argv, { stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(second.stderr).text();
  const code = await second.exited;
  const took_ms = performance.now() - started;
  console.log(
    `figure: second server on the same data leaves after ${took_ms.toFixed(0)} ms (at most ${leaves_ms_max})`,
  );
  expect(code).toBe(1);
  expect(complaint.trim().split("\n")).toHaveLength(1);
  expect(complaint).toContain("Another confab server uses the data folder");
  expect(took_ms).toBeLessThanOrEqual(leaves_ms_max);
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200);
});
