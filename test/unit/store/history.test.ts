import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { publicationSeq, publicationText, type Event } from "../../../src/protocol/events.ts";
import type { Draft } from "../../../src/store/draft.ts";
import type { Range } from "../../../src/store/history.ts";
import { messageDraft, openTestStorage, type TestStorage } from "../../storage.ts";

const words = [
  '{"text":"plain"}',
  '{"text":"quotes \\" and \' and \\\\ and \\/ and \\n"}',
  '{"text":"\\u0000 \\u001f \\ud800 \\udc00"}',
  '{"text":"ü 漢字 👩‍👩‍👧 \u2028 \u2029 \u202e \ufeff \u007f"}',
  "null",
  "[]",
  '""',
  "-0.0e-10",
  "123456789012345678901234567890",
  '{"__proto__":1,"a":1,"a":2}',
  `{"text":"${"z".repeat(16_000)}"}`,
  `"${"ä".repeat(30_000)}"`,
];

/** The page that a range must give, by the contract of `Range`. */
function expectedPage(log: readonly string[], from: number, range: Range): string[] {
  const wanted = log.filter((text) => {
    const seq = publicationSeq(text);
    return seq >= Math.max(from, range.from) && seq <= range.to;
  });
  const ordered = range.take === "oldest" ? wanted : wanted.toReversed();
  const page: string[] = [];
  let bytes = 0;
  for (const text of ordered.slice(0, range.limit)) {
    bytes += Buffer.byteLength(text);
    if (page.length > 0 && bytes > (range.bytes_max ?? 256 * 1024)) break;
    page.push(text);
  }
  return range.take === "oldest" ? page : page.reverse();
}

describe("pages of a room's log", () => {
  let rig: TestStorage;
  let room = 0;
  /** Every event of the room as it went out live. */
  const live: string[] = [];

  async function write(drafts: readonly Draft[]): Promise<void> {
    const { outcomes } = await rig.storage.committer.commit(drafts);
    for (const [at, { code, seq, time, room: n }] of outcomes.entries()) {
      expect(code).toBe("committed");
      const draft = drafts[at] as Draft;
      const kind: Event["kind"] =
        draft.kind === "created" ? "joined" : (draft.kind as Exclude<Draft["kind"], "created" | "marks">);
      const id = draft.kind === "message" ? draft.id : "";
      live.push(publicationText({ seq, kind, id, sender: draft.by, time, data: draft.data }));
      room = n;
    }
  }

  beforeAll(async () => {
    rig = await openTestStorage();
    const [owner, guest] = [await rig.newUser(), await rig.newUser()];
    const made = { id: "aaaaaaaaaaaaaaaaaaaa", kind: "public", name: "room", history: "all" } as const;
    await write([{ kind: "created", actor: owner.n, by: owner.id, room: made, data: '{"user":"é"}' }]);
    const who = {
      actor: guest.n,
      by: guest.id,
      target: guest.n,
      about: guest.id,
      role: "member",
      right: "self",
    } as const;
    for (const data of words) {
      await write([
        { kind: "joined", room, ...who, data: '{"user":"g"}' },
        messageDraft(room, guest, data),
        messageDraft(room, owner, data),
        { kind: "left", room, ...who, data: '{"user":"g"}' },
      ]);
    }
    const other = await rig.newOpenRoom();
    await rig.storage.committer.commit([messageDraft(other, owner, '"of another room"')]);
    await write(Array.from({ length: 300 }, (_, at) => messageDraft(room, owner, `{"text":"${at}"}`)));
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  test("are the texts that went out live, byte for byte", async () => {
    const all: string[] = [];
    for (;;) {
      const page = await rig.storage.history.page(
        { room, from: 1 },
        { from: all.length + 1, to: Number.MAX_SAFE_INTEGER, limit: 100, take: "oldest" },
      );
      if (page.length === 0) break;
      all.push(...page);
    }
    expect(all).toEqual(live);
    for (const text of all) JSON.parse(text);
  });

  test("are what any range asks for, from either end, within their bytes, and never before the view", async () => {
    const last = live.length;
    for (const take of ["oldest", "newest"] as const) {
      for (const limit of [1, 2, 50, 100, 101, 1_000]) {
        for (const bytes_max of [1, 400, 1_000, 20_000, 70_000, undefined]) {
          for (const [from, to, view] of [
            [1, last, 1],
            [5, 40, 1],
            [1, last, 37],
            [20, 30, 25],
            [40, last + 9, 60],
            [7, 7, 7],
          ] as const) {
            const range: Range = { from, to, limit, take, ...(bytes_max === undefined ? {} : { bytes_max }) };
            const page = await rig.storage.history.page({ room, from: view }, range);
            if (!Bun.deepEquals(page, expectedPage(live, view, range))) {
              expect({ range, view, page }).toEqual({ range, view, page: expectedPage(live, view, range) });
            }
          }
        }
      }
    }
  });

  test("that are asked for together are each their own", async () => {
    const ranges = Array.from({ length: 64 }, (_, at): Range => {
      const take = at % 3 === 0 ? "oldest" : "newest";
      return { from: 1 + at, to: live.length - at, limit: at % 2 === 0 ? 50 : 150, take };
    });
    const pages = await Promise.all(ranges.map((range) => rig.storage.history.page({ room, from: 3 }, range)));
    expect(pages).toEqual(ranges.map((range) => expectedPage(live, 3, range)));
  });

  test("are whole on both sides of a hole", async () => {
    const { client, history } = rig.storage;
    const seq = 20;
    await client.batch([
      { sql: "DELETE FROM messages WHERE room = ? AND seq <= ?", args: [room, seq] },
      { sql: "DELETE FROM changes WHERE room = ? AND seq <= ?", args: [room, seq] },
      { sql: "DELETE FROM messages WHERE room = ? AND seq = 300", args: [room] },
    ]);
    const left = live.filter((text) => publicationSeq(text) > seq && publicationSeq(text) !== 300);
    for (const take of ["oldest", "newest"] as const) {
      for (const [from, to] of [
        [1, 40],
        [1, 21],
        [280, 320],
        [290, 345],
      ] as const) {
        const range: Range = { from, to, limit: 25, take };
        expect(await history.page({ room, from: 1 }, range)).toEqual(expectedPage(left, 1, range));
      }
    }
  });

  test("are empty where there is nothing to read", async () => {
    const { history } = rig.storage;
    const range: Range = { from: 1, to: 10, limit: 10, take: "oldest" };
    expect(await history.page({ room: 999_999, from: 1 }, range)).toEqual([]);
    expect(await history.page({ room, from: 11 }, range)).toEqual([]);
    expect(await history.page({ room, from: 1 }, { ...range, limit: 0 })).toEqual([]);
    expect(
      await history.page({ room, from: 1 }, { ...range, from: live.length + 1, to: live.length + 100, limit: 500 }),
    ).toEqual([]);
  });
});
