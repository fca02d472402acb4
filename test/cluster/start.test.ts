/** Nodes that start at once on a database without tables: one makes them, the others wait and find them. */

import { join } from "node:path";
import { createClient } from "@libsql/client";
import { expect, test } from "bun:test";
import { migrations } from "../../src/store/migrations.ts";
import { connectRaw, eventually } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { startSqld, type Sqld } from "../sqld.ts";

const lease_ms = 8_000;

async function startThree(sqld: Sqld): Promise<ChatNode[]> {
  return await Promise.all([0, 1, 2].map(() => startNode({ args: ["--open", "--database", sqld.url], binary: true })));
}

async function cells(url: string, sql: string): Promise<unknown[]> {
  const client = createClient({ url });
  const { rows } = await client.execute(sql).finally(() => client.close());
  return rows.map((row) => row[0]);
}

/** All of them work on the same whole schema, every migration is noted once, and nobody keeps the lease. */
async function expectOneSchema(nodes: readonly ChatNode[], sqld: Sqld): Promise<void> {
  const epochs = new Set<string | undefined>();
  for (const node of nodes) {
    await using client = await connectRaw(node);
    await client.subscribe("open:started");
    epochs.add(client.connected?.data.epoch);
  }
  expect(epochs.size).toBe(1);
  const noted = await cells(sqld.url, "SELECT created_at FROM __drizzle_migrations ORDER BY id");
  expect(noted).toEqual(migrations.map(({ when }) => when));
  expect(await cells(sqld.url, "SELECT count(*) FROM __confab_lease")).toEqual([0]);
}

test("three nodes at once on an empty database: the tables are made once, and each node works", async () => {
  await using sqld = await startSqld();
  await using all = new AsyncDisposableStack();
  const nodes = await startThree(sqld);
  for (const node of nodes) all.use(node);
  await expectOneSchema(nodes, sqld);
});

test("three nodes at once behind one that died while it migrated: they wait for its lease to run out, and go on", async () => {
  await using sqld = await startSqld();
  const dying = Bun.spawn([process.execPath, join(import.meta.dir, "dying-migration.ts"), sqld.url, `${lease_ms}`]);
  const notes = "SELECT count(*) FROM sqlite_schema WHERE name = '__drizzle_migrations'";
  const first = "SELECT count(*) FROM __drizzle_migrations";
  await eventually(async () => {
    const [hasNotes] = await cells(sqld.url, notes);
    return hasNotes === 1 && (await cells(sqld.url, first))[0] === 1;
  }, "the first migration of the one that dies");
  const taken_ms = performance.now();
  dying.kill("SIGKILL");
  await dying.exited;
  expect(await cells(sqld.url, "SELECT holder FROM __confab_lease")).toEqual(["the dead one"]);
  await using all = new AsyncDisposableStack();
  const nodes = await startThree(sqld);
  for (const node of nodes) all.use(node);
  const started_ms = performance.now() - taken_ms;
  console.log(
    `figure: three nodes behind a dead one with a lease of ${lease_ms} ms: all started after ${started_ms.toFixed(0)} ms`,
  );
  for (const { logs } of nodes) {
    const awaited = logs.filter(({ event }) => event === "migration_awaited");
    expect(awaited[0]).toMatchObject({ holder: "the dead one" });
  }
  expect(started_ms).toBeGreaterThan(lease_ms / 2);
  await expectOneSchema(nodes, sqld);
});
