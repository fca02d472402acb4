/** T20: a backup while people write, brought back elsewhere. */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Checker, kept, rowsOf } from "../checker.ts";
import { connectRaw, eventually, percentile } from "../client.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { publishMany, unlimited } from "../writing.ts";
import { runConfab } from "../command.ts";
import { startSenders } from "./senders.ts";

const channel = "open:backup";
const p99_ms_max = 100;
const stored = 20_000;
const text = "words that were written before the backup ".repeat(40);

test("a backup under load passes the checks elsewhere and holds every acknowledgement older than its start", async () => {
  using backups = temporaryFolder();
  using elsewhere = temporaryFolder();
  await using node = await startNode({ args: ["--open", ...unlimited] });
  const checker = new Checker();
  await using client = await connectRaw(node);
  await client.subscribe(channel);
  await publishMany(client, channel, { count: stored, data: () => ({ text }) });

  await using senders = await startSenders(node, { channel, senders: 20, perSecond: 200, checker });
  await eventually(() => senders.answers.length > 100, "messages before the backup");
  const before = senders.answers.filter(({ code }) => code === undefined).map(({ id }) => id);
  const started = performance.now();
  const backup = await runConfab(["backup", "--data", node.data, "--to", backups.path]);
  const ended = performance.now();
  expect(backup).toMatchObject({ code: 0, complaint: "" });
  await eventually(() => senders.answers.some(({ sent_ms }) => sent_ms > ended), "messages after the backup");
  await senders.stop();
  const during = senders.answers.filter(({ sent_ms }) => sent_ms > started && sent_ms < ended);
  expect(during.map(({ code }) => code)).toEqual(during.map(() => undefined));
  const p99_ms = percentile(
    during.map(({ took_ms }) => took_ms),
    0.99,
  );

  const [name = ""] = readdirSync(backups.path);
  const folder = join(backups.path, name);
  expect(await runConfab(["verify", "--backup", folder])).toMatchObject({ code: 0 });
  const data = join(elsewhere.path, "data");
  expect(await runConfab(["restore", "--from", folder, "--data", data])).toMatchObject({ code: 0, complaint: "" });
  const verified = await runConfab(["verify", "--data", data]);
  expect(verified.output).toContain("all is well");
  const { rows, integrity } = await rowsOf(data);
  const ids = new Set(rows.map(({ id }) => id));
  const missing = before.filter((id) => !ids.has(id));
  console.log(
    `figure: backup of ${rows.length} messages under load: took ${(ended - started).toFixed(0)} ms, ${during.length} sends meanwhile with p99 ${p99_ms.toFixed(0)} ms (at most ${p99_ms_max}), ${missing.length} of ${before.length} earlier acknowledgements missing`,
  );
  expect(integrity).toBe("ok");
  expect(missing).toEqual([]);
  expect(p99_ms).toBeLessThanOrEqual(p99_ms_max);

  // Positions of the old log mean nothing in the restored one: its epoch is another.
  const epoch = client.connected?.data.epoch;
  await using restored = await startNode({ args: ["--open"], data });
  await using reader = await connectRaw(restored);
  expect(reader.connected?.data.epoch).not.toBe(epoch);
  const { recovered } = await reader.subscribe(channel, { recover: true, epoch, offset: stored + 50 });
  expect(recovered).toBe(false);
  expect(await node.stop()).toBe(0);
  expect(await checker.verify(node)).toEqual(kept);
});

test("a restore refuses what would lose something, and says why", async () => {
  using backups = temporaryFolder();
  await using node = await startNode({ args: ["--open"] });
  expect(await runConfab(["backup", "--data", node.data, "--to", backups.path])).toMatchObject({ code: 0 });
  const folder = join(backups.path, readdirSync(backups.path)[0] ?? "");
  const restore = (...more: string[]) => runConfab(["restore", "--from", folder, "--data", node.data, ...more]);
  expect((await restore("--force")).complaint).toContain("Another confab server uses the data folder");
  expect(await node.stop()).toBe(0);
  expect((await restore()).complaint).toContain("With --force it is put aside");
  const forced = await restore("--force");
  expect(forced).toMatchObject({ code: 0, complaint: "" });
  expect(forced.output).toContain("the database that was there is in");
  expect(readdirSync(node.data).some((name) => name.startsWith("replaced-"))).toBe(true);

  const file = join(folder, "confab.db");
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect((await restore("--force")).complaint).toContain("is not what its manifest says");
  expect((await runConfab(["verify", "--backup", folder])).code).toBe(1);
});
