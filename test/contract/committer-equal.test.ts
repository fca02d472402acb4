/** Whatever is asked of them, both committers say the same and leave the same rows behind. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { Draft, Outcome, Right } from "../../src/store/draft.ts";
import { memberKinds, roomKinds } from "../../src/protocol/events.ts";
import { roomRoles } from "../../src/protocol/roles.ts";
import { printedSeed } from "../seed.ts";
import { change, committers, created, deletion, marks, membership, Rig } from "./committers.ts";

const users = 5;
const hour_ms = 3_600_000;
const past = 1_000;
const future = 2 ** 45;

const emptied = ["controls", "commits", "blocks", "revisions", "changes", "messages", "members", "rooms", "users"];
const tables = {
  rooms: `id, kind, name, topic, direct_key, first_seq, last_seq, history, post, invite, slow_ms, members, created_by,
    last_at > 0, closed_at > 0, deleted_at > 0`,
  members: `room, user, role, state, visible_from, joined_seq, left_seq, read_seq, recv_seq, muted_until, banned_until, ban_reason,
    invited_by, last_sent_at > 1`,
  messages: "room, seq, id, sender, data, edited_seq, deleted_seq, sent_at > 0",
  changes: "room, seq, kind, target, actor, data, sent_at > 0",
  revisions: "room, seq, replaced_seq, data",
  commits: "room, first_seq, last_seq, at > 0",
  controls: "kind, subject, user, seq, at > 0",
};

/** Rooms of every kind; the first is as large as a room can be whose joins are all listed. */
const seeds: readonly Draft[] = [
  created(1, { id: "public", kind: "public" }),
  created(2, { id: "private", kind: "private", history: "joined" }),
  created(1, { id: "direct", kind: "direct", direct_key: "1,2" }),
  created(3, { id: "open", kind: "open" }),
  created(4, { id: "broadcast", kind: "broadcast", post: "moderators", invite: "moderators", slow_ms: hour_ms }),
];

/** Everybody is in, some stand above others, and a few words were said. */
const settled: readonly Draft[] = [
  ...[1, 2, 5].flatMap((n) => [1, 2, 3, 4, 5].map((actor) => membership("joined", n, { actor, right: "link" }))),
  membership("joined", 3, { actor: 1, target: 2 }),
  ...[1, 5].map((n) => membership("role", n, { actor: 1, target: 2, role: "moderator", right: "server" })),
  membership("role", 2, { actor: 2, target: 3, role: "moderator" }),
  ...["a", "b"].flatMap((id) =>
    [1, 2, 3, 4].map((n) => ({ kind: "message", room: n, actor: 2, by: "u2", id, data: "1" }) as const),
  ),
];

/** Ids of rooms that are made, and whom they are for: an id comes with the same people every time. */
const ids = ["public", "open", "direct", "x", "y", "z"] as const;
const peopleOf: Partial<Record<(typeof ids)[number], { direct_key: string }>> = {
  direct: { direct_key: "1,2" },
  y: { direct_key: "1,2" },
  z: { direct_key: "1,3" },
};

/** What happens to the database besides commits, between two batches. */
const meanwhile = {
  nothing: "SELECT 1",
  waited: "UPDATE members SET last_sent_at = min(last_sent_at, 1)",
  filled: "UPDATE rooms SET members = 499 WHERE n = 1",
  crowded: "UPDATE rooms SET members = 502 WHERE n IN (1, 2)",
  blocked: "INSERT INTO blocks (user, blocked, at) VALUES (1, 2, 1), (4, 2, 1) ON CONFLICT DO NOTHING",
  unblocked: "DELETE FROM blocks",
  edited: `INSERT OR IGNORE INTO revisions (room, seq, replaced_seq, data) SELECT room, seq, 99, data FROM messages
    WHERE seq % 2 = 0 AND edited_seq IS NULL AND deleted_seq IS NULL`,
  marked: `UPDATE messages SET edited_seq = 99, data = '"edited"' WHERE seq % 2 = 0 AND deleted_seq IS NULL`,
} as const;

const room = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 4, arbitrary: fc.integer({ min: 2, max: 8 }) },
);
const person = fc.integer({ min: 1, max: users });
const rights = fc.constantFrom<Right>("self", "room", "room", "room", "room", "link", "server", "server");
const until = fc.constantFrom(0, past, future);
const post = fc.constantFrom("members", "moderators");

const drafts: readonly fc.WeightedArbitrary<Draft>[] = [
  {
    weight: 12,
    arbitrary: fc
      .record({
        room,
        actor: person,
        id: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
        data: fc.constantFrom("1", "1", "1", "2"),
      })
      .map((draft) => ({ kind: "message", by: `u${draft.actor}`, ...draft })),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({
        kind: fc.constantFrom("joined", "left"),
        room,
        actor: person,
        right: fc.constantFrom("self", "self", "link"),
      })
      .map(({ kind, room: n, ...who }) => membership(kind, n, who as { actor: number; right: Right })),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({
        kind: fc.constantFrom(...memberKinds),
        room,
        who: fc.record(
          {
            actor: person,
            target: person,
            right: rights,
            role: fc.constantFrom(...roomRoles),
            until,
            reason: fc.constant("r"),
          },
          { requiredKeys: ["actor", "target", "right", "role"] },
        ),
      })
      .map(({ kind, room: n, who }) => membership(kind, n, who)),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({
        kind: fc.constantFrom(...roomKinds, "changed", "changed", "changed", "changed", "reopened", "reopened"),
        room,
        who: fc.record({
          actor: person,
          right: rights,
          set: fc.record(
            {
              name: fc.constantFrom("n", "m"),
              topic: fc.constantFrom("", "t"),
              history: fc.constantFrom("all", "joined"),
              post,
              invite: post,
              slow_ms: fc.constantFrom(0, hour_ms),
            },
            { requiredKeys: [] },
          ),
        }),
      })
      .map(({ kind, room: n, who }) => change(kind, n, who as Parameters<typeof change>[2])),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ room, who: fc.record({ actor: person, target: fc.integer({ min: 1, max: 10 }), right: rights }) })
      .map(({ room: n, who }) => deletion(n, who)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ room, actor: person, read: fc.nat(20), received: fc.nat(20) })
      .map(({ room: n, actor, ...seqs }) => marks(n, actor, seqs)),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        actor: person,
        data: fc.constantFrom("1", "2"),
        id: fc.constantFrom(...ids),
        kind: fc.constantFrom("public", "private", "direct", "broadcast", "open"),
      })
      .map(({ actor, id, kind, data }) => created(actor, { id, kind, ...peopleOf[id] }, data)),
  },
];

const batches = fc.array(
  fc.record({
    before: fc.constantFrom(...(Object.keys(meanwhile) as (keyof typeof meanwhile)[])),
    drafts: fc.array(fc.oneof(...drafts), { minLength: 4, maxLength: 24, size: "max" }),
  }),
  { minLength: 1, maxLength: 5, size: "max" },
);

function told({ code, seq, time, room: n, silent }: Outcome): string {
  return `${code} room ${n} seq ${seq} ${silent ?? false} ${time > 0}`;
}

async function rowsOf(rig: Rig): Promise<Record<string, string[]>> {
  const names = Object.keys(tables) as (keyof typeof tables)[];
  const results = await rig.storage.client.batch(
    names.map(
      (table) =>
        `SELECT json_group_array(line) FROM (SELECT json_array(${tables[table]}) AS line FROM ${table} ORDER BY 1)`,
    ),
    "read",
  );
  return Object.fromEntries(
    names.map((table, at) => [table, JSON.parse(results[at]?.rows[0]?.[0] as string) as string[]]),
  );
}

async function roomsOf(rig: Rig): Promise<number> {
  const { rows } = await rig.storage.client.execute("SELECT max(n) FROM rooms");
  return Number(rows[0]?.[0]);
}

async function begin(rig: Rig): Promise<void> {
  const { client } = rig.storage;
  const people = Array.from({ length: users }, (_, at) => `(${at + 1}, 'u${at + 1}', 'guest', '${at + 1}', 'x', 1)`);
  await client.batch([
    ...emptied.map((table) => `DELETE FROM ${table}`),
    "DELETE FROM sqlite_sequence",
    `INSERT INTO users (n, id, issuer, subject, name, created_at) VALUES ${people.join(", ")}`,
  ]);
  await rig.commit(...seeds);
  await rig.commit(...settled);
  await client.execute(meanwhile.filled);
}

let rigs: Rig[] = [];

beforeAll(async () => {
  rigs = await Promise.all(
    committers.map(async ({ at }) => {
      const place = await at();
      return new Rig(place, await place.open());
    }),
  );
});
afterAll(async () => {
  for (const rig of rigs) await rig.end();
});

test("random batches have the same outcomes and leave the same rows on a local file and on sqld", async () => {
  const [one, two] = rigs as [Rig, Rig];
  const property = fc.asyncProperty(batches, async (asked) => {
    await Promise.all(rigs.map(begin));
    for (const { before, drafts: some } of asked) {
      // A room that a batch makes has no name in it that others could use.
      const known = await roomsOf(one);
      const batch = some.filter((draft) => draft.kind === "created" || draft.room <= known);
      await Promise.all(rigs.map((rig) => rig.storage.client.execute(meanwhile[before])));
      const [here, there] = await Promise.all([one.commit(...batch), two.commit(...batch)]);
      expect(there.map(told)).toEqual(here.map(told));
      const [left, right] = await Promise.all([rowsOf(one), rowsOf(two)]);
      expect(right).toEqual(left);
    }
  });
  await fc.assert(property, { seed: printedSeed(), numRuns: Number(process.env["CONFAB_RUNS"] ?? 60) });
}, 240_000);
