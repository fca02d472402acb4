/** A disk whose every sync takes a third of a second: the kernel's own calls are delayed, by strace. */

import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { Checker, kept } from "../checker.ts";
import { connectRaw, eventually, percentile } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { startSenders } from "./senders.ts";

const sync_ms = 300;
/** Who comes just after a batch has left waits for that one and for its own. */
const ack_ms_max = 3 * sync_ms;
const hang_ms = 14_000;
const outcome_unknown = 504;
const channel = "open:slow";

/** A server whose system calls are delayed as the rule says. */
async function startDelayed(rule: string): Promise<ChatNode> {
  const tracer = Bun.which("strace");
  if (tracer === null) throw new Error("This test delays system calls: sudo apt-get install strace");
  using folder = temporaryFolder();
  const program = join(import.meta.dir, "../../src/main.ts");
  const wrapper = join(folder.path, "confab");
  const options = `--follow-forks --daemonize --seccomp-bpf -qqq -o /dev/null -e trace=fsync,fdatasync -e inject=${rule}`;
  await Bun.write(wrapper, `#!/bin/sh\nexec ${tracer} ${options} ${process.execPath} ${program} "$@"\n`);
  chmodSync(wrapper, 0o755);
  const before = process.env["CONFAB_BINARY"];
  process.env["CONFAB_BINARY"] = wrapper;
  try {
    return await startNode({ args: ["--open"] });
  } finally {
    if (before === undefined) delete process.env["CONFAB_BINARY"];
    else process.env["CONFAB_BINARY"] = before;
  }
}

test("on a slow disk everybody shares a sync: acknowledgements are late, none is lost, and the loop stays free", async () => {
  await using node = await startDelayed(`fsync,fdatasync:delay_enter=${sync_ms}ms`);
  const checker = new Checker();
  await using senders = await startSenders(node, { channel, senders: 20, perSecond: 200, checker });
  const pings: number[] = [];
  await eventually(async () => {
    const started = performance.now();
    await fetch(`${node.url}/healthz`);
    pings.push(performance.now() - started);
    return senders.answers.length > 600;
  }, "three seconds of messages");
  await senders.stop();
  const times = senders.answers.map(({ took_ms }) => took_ms);
  expect(senders.answers.filter(({ code }) => code !== undefined)).toEqual([]);
  const p50_ms = percentile(times, 0.5);
  const p99_ms = percentile(times, 0.99);
  const free_ms = percentile(pings, 0.99);
  console.log(
    `figure: disk with syncs of ${sync_ms} ms: 200 messages/s acknowledged, p50 ${p50_ms.toFixed(0)} ms, p99 ${p99_ms.toFixed(0)} ms (at most ${ack_ms_max}); /healthz meanwhile p99 ${free_ms.toFixed(0)} ms`,
  );
  expect(p50_ms).toBeGreaterThan(sync_ms / 2);
  expect(p99_ms).toBeLessThanOrEqual(ack_ms_max);
  expect(free_ms).toBeLessThan(sync_ms / 2);
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200);
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
});

test("on a disk that hangs senders are told, reads go on, and it works again without a restart", async () => {
  // The fortieth sync of each thread: long after the start, and once within this test.
  await using node = await startDelayed(`fsync,fdatasync:delay_enter=${hang_ms}ms:when=40`);
  const checker = new Checker();
  await using reader = await connectRaw(node);
  const { offset = 0 } = await reader.subscribe(channel);
  await using senders = await startSenders(node, { channel, senders: 5, perSecond: 10, checker });
  await eventually(() => senders.answers.some(({ code }) => code === outcome_unknown), "outcome unknown");
  const unready = await fetch(`${node.url}/readyz`);
  const page = await reader.rpc<{ events: unknown[] }>("message.list", { room: channel, limit: 10 });
  expect(page.events.length).toBeGreaterThan(0);
  const told = senders.answers.filter(({ code }) => code !== undefined);
  const replaced = (): boolean => node.logs.some(({ event }) => event === "storage_thread_replaced");
  await eventually(replaced, "another storage thread", hang_ms);
  const from = senders.answers.length;
  await eventually(() => senders.answers.slice(from).some(({ code }) => code === undefined), "sends that work", 30_000);
  const [first] = senders.answers.slice(from).filter(({ code }) => code === undefined);
  const down_ms = (first?.sent_ms ?? 0) + (first?.took_ms ?? 0) - (told[0]?.sent_ms ?? 0);
  await senders.stop();
  await eventually(async () => (await fetch(`${node.url}/readyz`)).status === 200, "ready again");
  const worst_ms = Math.max(...senders.answers.map(({ took_ms }) => took_ms));
  console.log(
    `figure: disk that hangs ${hang_ms} ms: senders told within ${worst_ms.toFixed(0)} ms, works again ${down_ms.toFixed(0)} ms after the first that failed`,
  );
  expect([200, 503]).toContain(unready.status);
  expect(worst_ms).toBeLessThan(6_000);
  const top = await reader.rpc<{ last_seq: number }>("message.list", { room: channel, limit: 1 });
  await reader.untilSeq(channel, top.last_seq);
  expect(reader.seqs(channel)).toEqual(Array.from({ length: top.last_seq - offset }, (_, at) => offset + 1 + at));
  expect(await node.stop()).toBe(0);
  const { I6_errors: _, ...violations } = await checker.verify(node);
  const { I6_errors: __, ...none } = kept;
  expect(violations).toEqual(none);
});
