import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../src/lib/clock.ts";
import { ThreadedClient } from "../../../src/store/client.ts";
import { openStorage } from "../../../src/store/database.ts";
import { migrate, SchemaError } from "../../../src/store/migrate.ts";
import { migrations, type Migration } from "../../../src/store/migrations.ts";
import { StorageThread } from "../../../src/store/storage-thread.ts";
import { keptLog } from "../../storage.ts";
import { temporaryFolder, type TemporaryFolder } from "../../temporary.ts";

interface OpenFile extends AsyncDisposable {
  readonly client: ThreadedClient;
  /** The first value of each row. */
  all(sql: string): Promise<unknown[]>;
}

async function openFile(path: string): Promise<OpenFile> {
  const writer = new StorageThread({ role: "writer", path, log: keptLog().log });
  await writer.start();
  const client = new ThreadedClient({ writer, reader: writer });
  return {
    client,
    async all(sql) {
      const { rows } = await client.execute(sql);
      return rows.map((row) => row[0]);
    },
    [Symbol.asyncDispose]: () => writer.stop(),
  };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

const list: readonly Migration[] = [
  { tag: "0000_a", when: 100, sql: "CREATE TABLE a (n INTEGER);--> statement-breakpoint\nINSERT INTO a VALUES (1);" },
  { tag: "0001_b", when: 200, sql: "ALTER TABLE a ADD COLUMN b TEXT;" },
  {
    tag: "0002_c",
    when: 300,
    sql: "CREATE TABLE c (n INTEGER);--> statement-breakpoint\nINSERT INTO a VALUES (2, 'x');",
  },
];

/** A database with its newest migration faked to be from the future. */
async function makeNewer(folder: TemporaryFolder): Promise<void> {
  const storage = await openStorage({ folder: folder.path, clock: systemClock, log: keptLog().log });
  await storage.client.execute("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 9000000000000)");
  await storage.close();
}

describe("migrations", () => {
  test("in the program are those of the folder, byte for byte, in rising time", () => {
    const folder = join(import.meta.dir, "../../../drizzle");
    const journal = JSON.parse(readFileSync(join(folder, "meta/_journal.json"), "utf8")) as {
      entries: { tag: string; when: number }[];
    };
    expect(migrations.map(({ tag, when }) => ({ tag, when }))).toEqual(
      journal.entries.map(({ tag, when }) => ({ tag, when })),
    );
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith(".sql"))
        .sort(),
    ).toEqual(migrations.map(({ tag }) => `${tag}.sql`));
    for (const { tag, sql } of migrations) expect(sql).toBe(readFileSync(join(folder, `${tag}.sql`), "utf8"));
    const times = migrations.map(({ when }) => when);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  });

  test("are applied once, in order, and a new database is not copied", async () => {
    using folder = temporaryFolder();
    await using file = await openFile(`${folder.path}/x.db`);
    const copies: string[] = [];
    const copy = (tag: string): Promise<string> => Promise.resolve(copies.push(tag).toString());
    const { log } = keptLog();
    expect(await migrate({ client: file.client, log, list, copy })).toBe(3);
    expect(await migrate({ client: file.client, log, list, copy })).toBe(0);
    expect(await file.all("SELECT n FROM a ORDER BY n")).toEqual([1, 2]);
    expect(await file.all("SELECT created_at FROM __drizzle_migrations ORDER BY id")).toEqual([100, 200, 300]);
    expect(copies).toEqual([]);
  });

  test("that are missing are applied to an older database, after one copy of it", async () => {
    using folder = temporaryFolder();
    await using file = await openFile(`${folder.path}/x.db`);
    const { log, lines } = keptLog();
    await migrate({ client: file.client, log, list: list.slice(0, 1) });
    const target = `${folder.path}/copy.db`;
    const copies: string[] = [];
    const copy = async (tag: string): Promise<string> => {
      copies.push(tag);
      await file.client.execute({ sql: "VACUUM INTO ?", args: [target] });
      return target;
    };
    expect(await migrate({ client: file.client, log, list, copy })).toBe(2);
    expect(copies).toEqual(["0001_b"]);
    expect(await file.all("SELECT n FROM a ORDER BY n")).toEqual([1, 2]);
    await using before = await openFile(target);
    expect(await before.all("SELECT n FROM a")).toEqual([1]);
    expect(await before.all("SELECT name FROM sqlite_schema WHERE name = 'c'")).toEqual([]);
    expect(lines.filter((line) => line.includes('"migrating"')).length).toBe(2);
    expect(lines.some((line) => line.includes("database_copied"))).toBe(true);
  });

  test("that fail leave the database as the one before left it, and go on from there", async () => {
    using folder = temporaryFolder();
    await using file = await openFile(`${folder.path}/x.db`);
    const { log } = keptLog();
    const broken = [
      ...list.slice(0, 2),
      { tag: "0002_c", when: 300, sql: "CREATE TABLE c (n INTEGER);--> statement-breakpoint\nbogus" },
    ];
    expect(await failureOf(migrate({ client: file.client, log, list: broken }))).toMatchObject({ name: "LibsqlError" });
    expect(await file.all("SELECT name FROM sqlite_schema WHERE name = 'c'")).toEqual([]);
    expect(await file.all("SELECT created_at FROM __drizzle_migrations ORDER BY id")).toEqual([100, 200]);
    expect(await migrate({ client: file.client, log, list })).toBe(1);
    expect(await file.all("SELECT n FROM a ORDER BY n")).toEqual([1, 2]);
  });

  test("of a newer program are refused with a sentence, and nothing is changed or kept open", async () => {
    using folder = temporaryFolder();
    await makeNewer(folder);
    for (let round = 0; round < 2; round++) {
      const error = await failureOf(openStorage({ folder: folder.path, clock: systemClock, log: keptLog().log }));
      expect(error).toBeInstanceOf(SchemaError);
      expect(String(error)).toContain("made by a newer confab");
    }
  });

  test("of this program are in a database that it made", async () => {
    using folder = temporaryFolder();
    const storage = await openStorage({ folder: folder.path, clock: systemClock, log: keptLog().log });
    const { rows } = await storage.client.execute("SELECT created_at FROM __drizzle_migrations ORDER BY id");
    expect(rows.map((row) => Number(row[0]))).toEqual(migrations.map(({ when }) => when));
    await storage.close();
  });

  test("commits keep their numbers, and an empty queue keeps its place", async () => {
    const before = migrations.filter(({ tag }) => tag < "0004");
    const insert =
      "INSERT INTO commits (room, first_seq, last_seq, at) VALUES (1, 1, 1, 1), (1, 2, 2, 2), (2, 1, 1, 3)";
    for (const [emptied, expected] of [
      [false, [1, 2, 3, 4, 5, 6]],
      [true, [3, 4, 5, 6]],
    ] as const) {
      using folder = temporaryFolder();
      await using file = await openFile(join(folder.path, "confab.db"));
      const { client } = file;
      await migrate({ client, log: keptLog().log, list: before });
      await client.execute(insert);
      if (emptied) await client.execute("DELETE FROM commits");
      await migrate({ client, log: keptLog().log });
      await client.execute(insert);
      expect(await file.all("SELECT n FROM commits")).toEqual([...expected]);
    }
  });
});
