import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { blob, integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { openTestStorage, type TestStorage } from "../../storage.ts";

const things = sqliteTable("things", {
  n: integer("n").primaryKey(),
  name: text("name"),
  bytes: blob("bytes", { mode: "buffer" }),
  right: integer("right", { mode: "boolean" }),
  at: integer("at", { mode: "timestamp_ms" }),
  settings: text("settings", { mode: "json" }).$type<{ a: number }>(),
  ratio: real("ratio"),
});

/** What a promise rejects with. */
async function rejection(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection.");
}

describe("libSQL's client over the storage threads", () => {
  let rig: TestStorage;

  beforeAll(async () => {
    rig = await openTestStorage();
    await rig.storage.client.executeMultiple(
      `CREATE TABLE things (n INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes BLOB, "right" INTEGER, at INTEGER, settings TEXT, ratio REAL);
       CREATE TABLE others (n INTEGER PRIMARY KEY);`,
    );
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  test("gives Drizzle back what it stored", async () => {
    const { db } = rig.storage;
    const thing = {
      n: 1,
      name: "ü '\" \\ 漢 👩‍👧",
      bytes: Buffer.from([0, 1, 255, 128]),
      right: true,
      at: new Date(1_795_258_705_041),
      settings: { a: 1 },
      ratio: 0.1,
    };
    const nothing = { n: 2, name: null, bytes: null, right: null, at: null, settings: null, ratio: null };
    await db.insert(things).values([thing, nothing]);
    const rows = await db.select().from(things).orderBy(things.n);
    expect(rows[0]).toEqual(thing);
    expect(rows[1]).toEqual(nothing);
    const [updated] = await db
      .update(things)
      .set({ right: false })
      .where(eq(things.n, 1))
      .returning({ right: things.right });
    expect(updated).toEqual({ right: false });
    const { rowsAffected } = await db.delete(things).where(eq(things.n, 2));
    expect(rowsAffected).toBe(1);
  });

  test("takes arguments by place and by name", async () => {
    const { client } = rig.storage;
    const byPlace = await client.execute({ sql: "SELECT ? AS a, ? AS b", args: [1, "x"] });
    expect({ ...byPlace.rows[0] }).toEqual({ a: 1, b: "x" });
    const byName = await client.execute({ sql: "SELECT :a AS a, $b AS b, @c AS c", args: { a: 1, b: null, c: "x" } });
    expect({ ...byName.rows[0] }).toEqual({ a: 1, b: null, c: "x" });
    expect((await client.execute("SELECT ?1 + ?1", [21])).rows[0]?.[0]).toBe(42);
  });

  test("gives rows as libSQL does: by name, by place, with their length", async () => {
    const { rows, columns } = await rig.storage.client.execute("SELECT 1 AS a, 2 AS b, 3 AS a");
    expect(columns).toEqual(["a", "b", "a"]);
    const [row] = rows;
    expect([row?.length, row?.[0], row?.[1], row?.[2], row?.["b"]]).toEqual([3, 1, 2, 3, 2]);
    expect(Object.keys(row ?? {})).toEqual(["a", "b"]);
  });

  test("gives the values by place and the length whatever the columns are called", async () => {
    const { rows } = await rig.storage.client.execute('SELECT 5 AS length, 6 AS "0", 7 AS at, 8 AS constructor');
    const [row] = rows;
    expect([row?.length, row?.[0], row?.[1], row?.["at"], row?.["constructor"]]).toEqual([4, 5, 6, 7, 8]);
    expect(Object.keys(row ?? {})).toEqual(["at", "constructor"]);
  });

  test("tells how many rows a write changed, and the key of the last", async () => {
    const { client } = rig.storage;
    const inserted = await client.execute("INSERT INTO others VALUES (7), (8)");
    expect([inserted.rowsAffected, inserted.lastInsertRowid]).toEqual([2, 8n]);
    const returned = await client.execute("INSERT INTO others VALUES (9) RETURNING n");
    expect(returned.rows[0]?.[0]).toBe(9);
  });

  test("runs a batch as a whole or not at all", async () => {
    const { client } = rig.storage;
    const count = async (): Promise<unknown> =>
      (await client.execute("SELECT count(*) FROM others WHERE n >= 100")).rows[0]?.[0];
    const failed = client.batch(["INSERT INTO others VALUES (100)", "INSERT INTO others VALUES (100)"], "write");
    expect(await rejection(failed)).toMatchObject({ name: "LibsqlError" });
    expect(await count()).toBe(0);
    const results = await client.batch([
      ["INSERT INTO others VALUES (?)", [100]],
      { sql: "SELECT count(*) FROM others WHERE n = ?", args: [100] },
    ]);
    expect(results[1]?.rows[0]?.[0]).toBe(1);
    expect(await count()).toBe(1);
  });

  test("runs Drizzle's batch", async () => {
    const { db } = rig.storage;
    const [, rows] = await db.batch([
      db.insert(things).values({ n: 50, name: "batch" }),
      db.select({ n: things.n }).from(things).where(eq(things.n, 50)),
    ]);
    expect(rows).toEqual([{ n: 50 }]);
  });

  test("does not write where it reads", async () => {
    const { client } = rig.storage;
    expect(String(await rejection(client.batch(["INSERT INTO others VALUES (500)"], "read")))).toContain("readonly");
    expect((await client.execute("SELECT count(*) FROM others WHERE n = 500")).rows[0]?.[0]).toBe(0);
  });

  test("writes what begins with WITH", async () => {
    const { client } = rig.storage;
    await client.execute("WITH x(n) AS (VALUES (600), (601)) INSERT INTO others SELECT n FROM x");
    expect((await client.execute("SELECT count(*) FROM others WHERE n >= 600")).rows[0]?.[0]).toBe(2);
  });

  test("rejects with libSQL's error, and goes on", async () => {
    const { client, db } = rig.storage;
    expect(await rejection(client.execute("SELECT bogus"))).toMatchObject({ name: "LibsqlError" });
    expect(String(await rejection(client.execute({ sql: "SELECT ?", args: [Number.POSITIVE_INFINITY] })))).toContain(
      "finite",
    );
    expect(
      String(await rejection(client.execute({ sql: "SELECT ?", args: [undefined as unknown as null] }))),
    ).toContain("undefined");
    await db.insert(things).values({ n: 70, name: "once" });
    const twice = db.insert(things).values({ n: 71, name: "once" });
    expect(await rejection(twice)).toMatchObject({ cause: { name: "LibsqlError" } });
    expect(await db.all(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  test("has no interactive transactions", () => {
    expect(() => rig.storage.client.transaction("write")).toThrow("Expected a batch");
    expect(() => rig.storage.client.sync()).toThrow("nothing to sync");
  });

  test("answers many at once, each its own", async () => {
    const { client } = rig.storage;
    const asked = Array.from({ length: 500 }, (_, at) => at);
    const answers = await Promise.all(asked.map((at) => client.execute({ sql: "SELECT ?", args: [at] })));
    expect(answers.map(({ rows }) => rows[0]?.[0])).toEqual(asked);
  });

  test("keeps the file as promised", async () => {
    expect(rig.storage.durability).toContain("journal_mode=wal synchronous=FULL");
  });
});
