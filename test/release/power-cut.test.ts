/** T2: the power is cut again and again under load, and after each cut the server starts on what is on the disk. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { kept } from "../checker.ts";
import { eventually, percentile } from "../client.ts";
import { surviveDeaths } from "../faults/deaths.ts";
import { startNode, type ChatNode, type LogLine } from "../harness.ts";
import { printedSeed, randomOf } from "../seed.ts";
import { unlimited } from "../writing.ts";
import { powerCutDisk, type PowerCutDisk } from "./power-cut-disk.ts";

const cuts = 30;
const acks_min = 500_000;
const raw_cuts = 5;

/** A while in which the server ran without its disk, by the clock that it logs by. */
interface Outage {
  readonly from_ms: number;
  readonly to_ms: number;
}

/**
 * A server without its disk says so, and nothing else: that nothing can be stored now, in whatever words SQLite has for a disk
 * that refuses.
 */
function isOfOutage(line: LogLine, outages: readonly Outage[]): boolean {
  const at_ms = Date.parse(String(line["time"]));
  if (!outages.some(({ from_ms, to_ms }) => at_ms >= from_ms && at_ms <= to_ms)) return false;
  const said = line.event === "storage_in_trouble" ? line["reason"] : line["code"];
  return said === "storage_unavailable";
}

/** Cuts the power, lets the server find out or not, ends it, and gives the power back. */
async function cutPower(disk: PowerCutDisk, node: ChatNode, findsOut: boolean): Promise<Outage> {
  const before = node.logs.length;
  const from_ms = Date.now();
  disk.cut();
  if (findsOut) {
    const knows = (): boolean => node.logs.slice(before).some(({ event }) => event === "storage_in_trouble");
    await eventually(knows, "a server that knows of its disk");
  }
  await node.kill();
  const to_ms = Date.now();
  await disk.restore();
  return { from_ms, to_ms };
}

test(`T2: ${cuts} power cuts under load: nothing acknowledged is lost, nothing is corrupt, and the log is the same`, async () => {
  const random = randomOf(printedSeed());
  using disk = powerCutDisk(4_096);
  await using node = await startNode({ binary: true, args: ["--open", ...unlimited], data: join(disk.path, "data") });
  const outages: Outage[] = [];
  const die = async (): Promise<void> => {
    outages.push(await cutPower(disk, node, random() < 0.5));
  };
  const { checker, crowd, restarts_ms } = await surviveDeaths(node, { times: cuts, random, acks_min, die });
  expect(await node.stop()).toBe(0);
  const logs = node.logs.filter((line) => !isOfOutage(line, outages));
  expect(await checker.verify({ data: node.data, logs, complaints: node.complaints })).toEqual(kept);
  expect(crowd.retries).toBeGreaterThan(0);
  expect(checker.acks).toBeGreaterThanOrEqual(acks_min);
  const p50 = percentile(restarts_ms, 0.5).toFixed(0);
  console.log(
    `figure: T2 power cut: ${checker.acks} acks over ${cuts} cuts, ${crowd.retries} retries, 0 lost, 0 corrupt, ` +
      `restart to first accepted connect: p50 ${p50} ms, max ${Math.max(...restarts_ms).toFixed(0)} ms`,
  );
}, 900_000);

interface RawWriter extends AsyncDisposable {
  /** Numbers that were stored before it started. */
  stored(): Promise<number>;
  /** The last number that it has printed. */
  last(): number;
}

function startRawWriter(path: string, synchronous: string): RawWriter {
  const program = new URL("./raw-writer.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, program, path, synchronous], { stdout: "pipe", stderr: "ignore" });
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stdout) text += decoder.decode(piece, { stream: true });
  })();
  // What stands behind the last end of a line may be a piece of a number.
  const lines = (): string[] => text.split("\n").slice(0, -1);
  return {
    async stored() {
      await eventually(() => lines().length > 0, "a raw writer that has looked");
      const [count, top] = (lines()[0] ?? "").split(" ").map(Number);
      expect(count).toBe(top ?? -1);
      return count ?? 0;
    },
    last: () => Number(lines().slice(1).at(-1) ?? 0),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      await reading;
    },
  };
}

/** How many committed numbers a bare libSQL loses over some cuts. */
async function lostByRaw(synchronous: string, random: () => number): Promise<{ committed: number; lost: number }> {
  using disk = powerCutDisk(256);
  const path = join(disk.path, "numbers.db");
  let committed = 0;
  let lost = 0;
  let last = 0;
  for (let cut = 0; cut <= raw_cuts; cut++) {
    {
      await using writer = startRawWriter(path, synchronous);
      const stored = await writer.stored();
      lost += Math.max(0, last - stored);
      if (cut === raw_cuts) break;
      const due = stored + 200 + random() * 2_000;
      await eventually(() => writer.last() > due, "numbers of a raw writer");
      disk.cut();
      await writer[Symbol.asyncDispose]();
      last = writer.last();
      committed += last - stored;
    }
    await disk.restore();
  }
  return { committed, lost };
}

test("the disk of that test does lose what was not synced: bare libSQL with NORMAL loses commits there, with FULL none", async () => {
  const random = randomOf(printedSeed());
  const normal = await lostByRaw("NORMAL", random);
  const full = await lostByRaw("FULL", random);
  console.log(
    `figure: T2 control, bare libSQL over ${raw_cuts} cuts: synchronous=NORMAL lost ${normal.lost} of ${normal.committed}, FULL lost ${full.lost} of ${full.committed}`,
  );
  expect(normal.lost).toBeGreaterThan(0);
  expect(full.lost).toBe(0);
}, 120_000);
