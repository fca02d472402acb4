/** T15: databases of other versions. There is no earlier release yet, so the migrations here are made up. */

import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { migrations } from "../../src/store/migrations.ts";
import { withDatabase } from "../checker.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";
import { publishMany, unlimited } from "../writing.ts";
import { runConfab } from "../command.ts";

const kills = 20;
const program = join(import.meta.dir, "next-version.ts");
const table = "__drizzle_migrations";

/** What a database of this version looks like after the next version has, or has not, been here. */
type State = "as before" | "migrated" | "half migrated";

async function stateOf(path: string): Promise<{ state: State; messages: number; integrity: unknown }> {
  const client = createClient({ url: `file:${path}` });
  try {
    const count = async (sql: string): Promise<number> => Number((await client.execute(sql)).rows[0]?.[0]);
    const columns = await count("SELECT count(*) FROM pragma_table_info('messages') WHERE name = 'mood'");
    const moods = columns === 0 ? 0 : await count("SELECT count(*) FROM messages WHERE mood = 'fine'");
    const messages = await count("SELECT count(*) FROM messages WHERE data LIKE '%words%'");
    const all = await count("SELECT count(*) FROM messages");
    const indexes = await count("SELECT count(*) FROM sqlite_master WHERE name = 'messages_mood'");
    const noted = await count(`SELECT count(*) FROM ${table}`);
    const { rows } = await client.execute("PRAGMA integrity_check");
    const seen = [columns, indexes, noted - migrations.length, all > 0 && moods === all ? 1 : moods === 0 ? 0 : 0.5];
    const state = seen.every((one) => one === 0)
      ? "as before"
      : seen.every((one) => one === 1)
        ? "migrated"
        : "half migrated";
    return { state, messages, integrity: rows[0]?.[0] };
  } finally {
    client.close();
  }
}

async function untilSays(output: ReadableStream<Uint8Array>, word: string): Promise<void> {
  let said = "";
  const decoder = new TextDecoder();
  for await (const piece of output) {
    said += decoder.decode(piece, { stream: true });
    if (said.includes(word)) return;
  }
}

test("a migration that is killed again and again is done whole or not at all, on a copied database", async () => {
  const messages = 30_000;
  await using node = await startNode({ args: ["--open", ...unlimited] });
  await using client = await connectRaw(node);
  await client.subscribe("open:upgrade");
  await publishMany(client, "open:upgrade", { count: messages, data: (n) => ({ text: `words ${n}` }) });
  expect(await node.stop()).toBe(0);
  const path = join(node.data, "confab.db");

  const whole = Bun.spawn([process.execPath, program, `${node.data}-timing`, path], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const migration_ms = Number(await new Response(whole.stdout).text());
  const states: Record<State, number> = { "as before": 0, migrated: 0, "half migrated": 0 };
  const seed = Date.now() % 1_000;
  let copies = 0;
  for (let kill = 0; kill < kills; kill++) {
    // A folder a round: this process must not have seen a database whose file is exchanged.
    const folder = `${node.data}-${kill}`;
    const file = join(folder, "confab.db");
    mkdirSync(folder);
    copyFileSync(path, file);
    const child = Bun.spawn([process.execPath, program, folder], { stdout: "pipe", stderr: "inherit" });
    // Some while the copy is made, most from there to somewhere within the migration or shortly after it.
    await untilSays(child.stdout, kill % 5 === 0 ? "begins" : "copied");
    await Bun.sleep(((kill * 37 + seed) % kills) * ((2 * migration_ms) / kills));
    child.kill("SIGKILL");
    await child.exited;
    const found = await stateOf(file);
    expect(found).toMatchObject({ messages, integrity: "ok" });
    states[found.state]++;
    for (const copy of readdirSync(folder).filter((name) => /^confab-before-.*\.db$/.test(name))) {
      expect(await stateOf(join(folder, copy))).toEqual({ state: "as before", messages, integrity: "ok" });
      copies++;
    }
    rmSync(folder, { recursive: true });
  }
  console.log(
    `figure: migration of ${messages} messages (${migration_ms.toFixed(0)} ms) killed ${kills} times (seed ${seed}): ${states["half migrated"]} half migrated, ${states["as before"]} as before, ${states.migrated} done; ${copies} copies made first`,
  );
  expect(states["half migrated"]).toBe(0);
  expect(copies).toBeGreaterThan(0);
});

test("an old server refuses a newer database with a sentence, and leaves it as it is", async () => {
  await using node = await startNode({ args: ["--open"] });
  expect(await node.stop()).toBe(0);
  const newer = `INSERT INTO ${table} (id, hash, created_at) VALUES (1000, 'of the future', 9999999999999)`;
  await withDatabase(node.data, (client) => client.execute(newer));
  const before = await stateOf(join(node.data, "confab.db"));
  const old = await runConfab(["serve", "--open", "--port", "0", "--data", node.data]);
  expect(old.code).toBe(1);
  expect(old.complaint.trim().split("\n")).toHaveLength(1);
  expect(old.complaint).toContain("made by a newer confab");
  expect(await stateOf(join(node.data, "confab.db"))).toEqual(before);
});

test("a database file that was replaced gives its logs another epoch", async () => {
  using kept = temporaryFolder();
  await using node = await startNode({ args: ["--open"] });
  const epochNow = async (): Promise<string> => {
    await using client = await connectRaw(node);
    return client.connected?.data.epoch ?? "";
  };
  const first = await epochNow();
  expect(await node.stop()).toBe(0);
  const copy = join(kept.path, "confab.db");
  await Bun.write(copy, Bun.file(join(node.data, "confab.db")));
  await node.restart();
  expect(await epochNow()).toBe(first);
  await node.restart();
  expect(await epochNow()).toBe(first);
  expect(await node.stop()).toBe(0);
  await Bun.write(join(node.data, "confab.db"), Bun.file(copy));
  await node.restart();
  expect(await epochNow()).not.toBe(first);
  expect(node.logs.some(({ event }) => event === "database_replaced")).toBe(true);
});
