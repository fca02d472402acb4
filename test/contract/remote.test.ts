/** What a libSQL server may do to its clients, with a real one: hang, die, start empty under several nodes at once. */

import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/lib/clock.ts";
import { shortId, uuidv7 } from "../../src/lib/ids.ts";
import { createLog } from "../../src/lib/log.ts";
import { publicationSeq, publicationText } from "../../src/protocol/events.ts";
import { page_bytes_max } from "../../src/protocol/limits.ts";
import { openStorage, type Storage } from "../../src/store/database.ts";
import { StorageError, type MessageDraft } from "../../src/store/draft.ts";
import { batch_bytes_max } from "../../src/store/journal.ts";
import { migrate } from "../../src/store/migrate.ts";
import { migrations } from "../../src/store/migrations.ts";
import { openRemote } from "../../src/store/remote.ts";
import { activeRooms } from "../../src/store/rooms.ts";
import { startSqld, type Sqld } from "../sqld.ts";

const log = createLog({ level: "error", format: "text", write: (line) => console.log(line), clock: systemClock });
/** The deadline of a call is 2 s. */
const late_ms = 2_500;

function open(sqld: Sqld): Promise<Storage> {
  return openStorage({ folder: "", remote: { url: sqld.url, token: undefined }, clock: systemClock, log });
}

async function newRoom(storage: Storage): Promise<number> {
  const { outcomes } = await storage.committer.commit([
    { kind: "created", actor: 1, by: "u", room: { id: shortId(), kind: "open", name: "", history: "all" }, data: "{}" },
  ]);
  return outcomes[0]?.room ?? 0;
}

function message(room: number): MessageDraft {
  return { kind: "message", room, actor: 1, by: "u", id: uuidv7(), data: '{"text":"x"}' };
}

async function failureOf(work: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - start };
}

async function storedSeqs(storage: Storage, room: number): Promise<number[]> {
  const { rows } = await storage.client.execute({
    sql: "SELECT seq FROM messages WHERE room = ? ORDER BY seq",
    args: [room],
  });
  return rows.map((row) => Number(row[0]));
}

describe("a libSQL server", () => {
  test("that hangs is told within its deadline, and the retry stores each message once", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const room = await newRoom(storage);
    const drafts = Array.from({ length: 20 }, () => message(room));
    sqld.signal("SIGSTOP");
    const [write, read] = await Promise.all([
      failureOf(storage.committer.commit(drafts)),
      failureOf(storage.client.execute("SELECT 1")),
    ]);
    expect(write.error).toBeInstanceOf(StorageError);
    expect(write.error).toMatchObject({ code: "outcome_unknown" });
    expect(write.ms).toBeLessThan(late_ms);
    expect(read.error).toMatchObject({ code: "STORAGE_UNAVAILABLE", cause: { code: "storage_unavailable" } });
    expect(read.ms).toBeLessThan(late_ms);
    sqld.signal("SIGCONT");
    const { outcomes } = await storage.committer.commit(drafts);
    for (const { code } of outcomes) expect(["committed", "repeated"]).toContain(code);
    expect(outcomes.map(({ seq }) => seq)).toEqual(drafts.map((_, at) => at + 1));
    expect(await storedSeqs(storage, room)).toEqual(drafts.map((_, at) => at + 1));
    await storage.close();
  });

  test("that is asked by several nodes at once, for far more than it takes, answers everybody", async () => {
    await using sqld = await startSqld();
    const nodes = await Promise.all(Array.from({ length: 8 }, () => open(sqld)));
    const asked = nodes.flatMap(({ client }) => Array.from({ length: 60 }, (_, at) => ({ client, at })));
    const answers = asked.map(async ({ at, client }) => {
      const { rows } = await client.execute({ sql: "SELECT ? AS at", args: [at] });
      return Number(rows[0]?.["at"]);
    });
    const room = await newRoom(nodes[0] as Storage);
    const commits = nodes.map(async ({ committer }) => (await committer.commit([message(room)])).outcomes[0]?.code);
    expect(await Promise.all(answers)).toEqual(asked.map(({ at }) => at));
    expect(await Promise.all(commits)).toEqual(nodes.map(() => "committed"));
    await Promise.all(nodes.map((node) => node.close()));
  });

  test("that hangs keeps nobody waiting for longer than two calls, and is asked again afterwards", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    sqld.signal("SIGSTOP");
    const failures = await Promise.all(
      Array.from({ length: 200 }, () => failureOf(storage.client.execute("SELECT 1"))),
    );
    for (const { error, ms } of failures) {
      expect(error).toMatchObject({ code: "STORAGE_UNAVAILABLE", cause: { code: "storage_unavailable" } });
      expect(ms).toBeLessThan(2 * late_ms);
    }
    sqld.signal("SIGCONT");
    const { rows } = await storage.client.execute("SELECT 1");
    expect(rows).toHaveLength(1);
    await storage.close();
  });

  test("that is not there is told at once, and works again when it is", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const room = await newRoom(storage);
    const draft = message(room);
    await sqld.kill();
    const write = await failureOf(storage.committer.commit([draft]));
    expect(write.error).toMatchObject({ name: "StorageError" });
    const second = await failureOf(storage.committer.commit([draft]));
    expect(second.error).toMatchObject({ code: "storage_unavailable" });
    expect(second.ms).toBeLessThan(1_000);
    await sqld.restart();
    expect(await storage.committer.commit([draft])).toMatchObject({ outcomes: [{ code: "committed", seq: 1 }] });
    await storage.close();
  });

  test("killed under load has every acknowledged message, once, without holes", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const room = await newRoom(storage);
    const acknowledged = new Map<string, number>();
    let unknown: MessageDraft[] = [];
    for (let round = 0; round < 3; round++) {
      const sending = (async () => {
        for (;;) {
          const drafts = unknown.length > 0 ? unknown : Array.from({ length: 10 }, () => message(room));
          unknown = drafts;
          const { outcomes } = await storage.committer.commit(drafts);
          for (const [at, { seq }] of outcomes.entries()) acknowledged.set(drafts[at]?.id ?? "", seq);
          unknown = [];
          if (acknowledged.size >= (round + 1) * 300) void sqld.kill();
        }
      })();
      await failureOf(sending);
      await sqld.restart();
    }
    for (const [at, { seq }] of (await storage.committer.commit(unknown)).outcomes.entries())
      acknowledged.set(unknown[at]?.id ?? "", seq);
    const { rows } = await storage.client.execute({
      sql: "SELECT id, seq FROM messages WHERE room = ? ORDER BY seq",
      args: [room],
    });
    const stored = new Map(rows.map((row) => [row[0] as string, Number(row[1])]));
    expect([...stored.values()]).toEqual(rows.map((_, at) => at + 1));
    expect(acknowledged.size).toBeGreaterThanOrEqual(900);
    for (const [id, seq] of acknowledged) expect(stored.get(id)).toBe(seq);
    await storage.close();
  });

  test("that is empty is brought to the schema once by nodes that start together", async () => {
    await using sqld = await startSqld();
    const nodes = await Promise.all(Array.from({ length: 4 }, () => open(sqld)));
    expect(new Set(nodes.map(({ epoch }) => epoch)).size).toBe(1);
    const { rows } = await nodes[0]!.client.execute("SELECT id FROM __drizzle_migrations");
    expect(rows.length).toBe(migrations.length);
    for (const node of nodes) await node.close();
  });

  test("runs a migration that could run twice only once", async () => {
    await using sqld = await startSqld();
    const list = [
      { tag: "0000_a", when: 1, sql: "CREATE TABLE IF NOT EXISTS t (n integer)" },
      { tag: "0001_b", when: 2, sql: "INSERT INTO t VALUES (1)" },
    ];
    const opened = Array.from({ length: 4 }, () => openRemote({ url: sqld.url, token: undefined, clock: systemClock }));
    const clients = (await Promise.all(opened)).map(({ client }) => client);
    await Promise.all(clients.map((client) => migrate({ client, log, list })));
    const { rows } = await clients[0]!.execute("SELECT count(*) FROM t");
    expect(Number(rows[0]?.[0])).toBe(1);
    for (const client of clients) client.close();
  });

  test("takes the longest batch that there is, in letters of three bytes", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const room = await newRoom(storage);
    const drafts = Array.from({ length: 64 }, () => ({
      ...message(room),
      data: `{"text":"${"字".repeat(16_384 - 11)}"}`,
    }));
    expect(drafts.reduce((sum, { data }) => sum + data.length, 0)).toBe(batch_bytes_max);
    const { outcomes } = await storage.committer.commit(drafts);
    expect(outcomes.map(({ code }) => code)).toEqual(drafts.map(() => "committed"));
    await storage.close();
  });

  test("that answers with 10 MB at most gives many people their many rooms nevertheless", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const [people, rooms] = [60, 500];
    const count = (to: number) => `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ${to})`;
    await storage.client.migrate([
      `INSERT INTO users (n, id, issuer, subject, name, created_at) ${count(people)} SELECT x, 'u' || x, 'guest', x, '', 1 FROM c`,
      `INSERT INTO rooms (n, id, kind, name, created_at) ${count(rooms)} SELECT x, 'r' || x, 'public', '${"𝕊".repeat(100)}', 1 FROM c`,
      `INSERT INTO members (room, user, role, state, visible_from, joined_seq)
        SELECT r.n, u.n, 'member', 'joined', 1, 1 FROM rooms r, users u`,
    ]);
    const users = Array.from({ length: people }, (_, at) => at + 1);
    const found = await activeRooms(storage.client, { users, limit: rooms });
    expect(found.map((list) => list.length)).toEqual(users.map(() => rooms));
    await storage.close();
  });

  test("gives pages as a local file does, short and long ones", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    await storage.client.execute(
      "INSERT INTO users (n, id, issuer, subject, name, created_at) VALUES (1, 'u', 'guest', 'u', '', 1)",
    );
    const room = await newRoom(storage);
    const drafts = Array.from({ length: 200 }, (_, at) => ({
      ...message(room),
      data: `{"text":"ü ${at} ${"x".repeat(2_000)}"}`,
    }));
    const { outcomes } = await storage.committer.commit(drafts);
    const live = drafts.map(({ id, by, data }, at) => {
      const { seq, time } = outcomes[at] ?? { seq: 0, time: 0 };
      return publicationText({ seq, kind: "message", id, sender: by, time, data });
    });
    const page = (limit: number, take: "oldest" | "newest") =>
      storage.history.page({ room, from: 1 }, { from: 1, to: 1_000, limit, take });
    expect(await page(50, "oldest")).toEqual(live.slice(0, 50));
    expect(await page(50, "newest")).toEqual(live.slice(-50));
    const long = await page(200, "oldest");
    expect(long).toEqual(live.slice(0, long.length));
    expect(Buffer.byteLength(long.join(""))).toBeLessThanOrEqual(page_bytes_max);
    expect(long.length).toBeGreaterThan(100);
    await storage.close();
  });

  test("gives pages of a room whose messages are longer together than any text that it has", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    const room = await newRoom(storage);
    const data = `{"text":"${"x".repeat(64_000)}"}`;
    for (let round = 0; round < 7; round++) {
      await storage.committer.commit(Array.from({ length: 16 }, () => ({ ...message(room), data })));
    }
    const seqsOf = async (take: "oldest" | "newest") => {
      const page = await storage.history.page({ room, from: 1 }, { from: 1, to: 112, limit: 100, take });
      return page.map(publicationSeq);
    };
    expect(await seqsOf("oldest")).toEqual([1, 2, 3, 4]);
    expect(await seqsOf("newest")).toEqual([109, 110, 111, 112]);
    await storage.close();
  });

  test("says what its acknowledgement is worth, as the server has it", async () => {
    await using sqld = await startSqld();
    const storage = await open(sqld);
    expect(storage.durability).toContain("remote database, journal_mode=wal synchronous=NORMAL");
    await storage.close();
  });

  test("has no interactive transactions, as the local file has none", async () => {
    await using sqld = await startSqld();
    const { client } = await openRemote({ url: sqld.url, token: undefined, clock: systemClock });
    expect(() => client.transaction("write")).toThrow("Expected a batch");
    expect(await failureOf(client.execute("SELECT bogus"))).toMatchObject({ error: { name: "LibsqlError" } });
    client.close();
  });
});
