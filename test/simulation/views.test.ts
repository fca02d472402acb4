/**
 * Whatever people do, together or one after the other: nobody is ever shown an event outside their view, in any way of
 * reading, and once all is quiet everybody has exactly their view. The model of views is in `room-log.ts`.
 */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { printedSeed } from "../seed.ts";
import { CalmWorld, people } from "./calm-world.ts";
import type { Person } from "./device.ts";
import type { Reader } from "./reader.ts";
import type { RoomLog } from "./room-log.ts";

const sequences = 2_000;

/** How often each is done. */
const weights = {
  send: 3,
  join: 2,
  leave: 1,
  remove: 1,
  ban: 1,
  unban: 1,
  role: 1,
  add: 1,
  history: 1,
  invite: 1,
  erase: 1,
  close: 1,
  reopen: 1,
  subscribe: 2,
  unsubscribe: 1,
  dial: 1,
  list: 1,
};
type Act = keyof typeof weights;
const acts = Object.entries(weights).flatMap(([act, weight]) => Array.from({ length: weight }, () => act as Act));

interface Step {
  readonly act: Act;
  readonly by: number;
  readonly about: number;
  readonly room: number;
  readonly n: number;
  /** In the same moment as the next one. */
  readonly together: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom(...acts),
  // Whoever made the rooms may do more than the others.
  by: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: people - 1 })),
  about: fc.integer({ min: 0, max: people - 1 }),
  room: fc.integer({ min: 0, max: 1 }),
  n: fc.integer({ min: 0, max: 30 }),
  together: fc.boolean(),
});

function perform(world: CalmWorld, { about, act, by, n, room: which }: Step): void {
  const { page, plain } = world.readers[by] as { page: Reader; plain: Reader };
  const { id: room, top } = world.rooms[which] as RoomLog;
  const user = (world.persons[about] as Person).id;
  switch (act) {
    case "send":
      return (n % 2 === 0 ? page : plain).ask({ publish: { channel: room, data: { text: `words ${world.count()}` } } });
    case "join":
    case "leave":
    case "close":
    case "reopen":
      return page.rpc(`room.${act}`, { room });
    case "remove":
    case "ban":
    case "unban":
    case "invite":
      return plain.rpc(`member.${act}`, { room, user });
    case "add":
      return page.rpc("member.role", { room, user, role: n % 3 === 0 ? "owner" : "moderator" });
    case "role":
      return page.rpc("member.role", { room, user, role: "member" });
    case "history":
      return page.rpc("room.update", { room, history: n % 2 === 0 ? "all" : "joined" });
    case "erase":
      return page.rpc("message.delete", { room, seq: (n % (top + 1)) + 1 });
    case "subscribe":
      return plain.ask({ subscribe: { channel: room, recover: n % 3 > 0, offset: n % (top + 1) } });
    case "unsubscribe":
      return plain.ask({ unsubscribe: { channel: room } });
    case "dial":
      return page.dial(n % 2 === 0 ? "beginning" : "nothing");
    case "list":
      return list(world, plain, {
        room: world.rooms[which] as RoomLog,
        asked: n % 2 === 0 ? { around: n } : { after: n },
      });
  }
}

interface Listed {
  readonly room: RoomLog;
  readonly asked: object;
  /** Gets the seqs that were read. */
  readonly whole?: (seqs: number[]) => void;
}

/** Reads a page; each of its events must be one to be seen. */
function list(world: CalmWorld, reader: Reader, { room, asked, whole }: Listed): void {
  reader.rpc("message.list", { room: room.id, limit: 1_000, ...asked }, (reply, sent_ms) => {
    const events = (reply.rpc?.data as { events?: { offset: number }[] } | undefined)?.events ?? [];
    for (const event of events) reader.seeText(room.id, JSON.stringify(event), sent_ms);
    if (reply.error !== undefined && reply.error.code !== 102)
      world.fail(`a page: ${JSON.stringify(reply.error)}`, undefined);
    whole?.(events.map(({ offset }) => offset));
  });
}

/** Once all is quiet, everybody reads exactly their view, in every way. */
function checkViews(world: CalmWorld): void {
  for (const { plain: reader } of world.readers) {
    for (const room of world.rooms) {
      const from = room.viewOf(reader.person.id);
      const wanted = from === undefined ? [] : Array.from({ length: room.top - from + 1 }, (_, at) => from + at);
      const same = (way: string) => (seqs: number[]) => {
        if (seqs.join() !== wanted.join())
          world.fail(
            `${reader.person.id} has ${seqs.join()} of ${room.id} by ${way}, and not ${wanted.join()}`,
            undefined,
          );
      };
      for (const asked of [{}, { after: 0 }, { before: room.top + 1 }, { from: 0, to: room.top + 5 }])
        list(world, reader, { room, asked, whole: same(JSON.stringify(asked)) });
      for (const reverse of [false, true]) {
        reader.ask({ history: { channel: room.id, limit: -1, reverse } }, ({ history }, sent_ms) => {
          for (const one of history?.publications ?? []) reader.seeText(room.id, JSON.stringify(one), sent_ms);
          const seqs = (history?.publications ?? []).map((one) => (one as { offset: number }).offset);
          same(`history ${reverse}`)(reverse ? seqs.reverse() : seqs);
        });
      }
    }
    checkCounts(world, reader);
  }
  world.settle();
}

interface Counted {
  readonly id: string;
  readonly unread: number;
  readonly last_message: { readonly seq: number; readonly text: string | null } | null;
}

/** Of nothing that is not theirs to see somebody is told that it is unread. */
function checkCounts(world: CalmWorld, reader: Reader): void {
  reader.rpc("room.list", {}, ({ rpc }) => {
    const { rooms = [] } = (rpc?.data ?? {}) as { rooms?: readonly Counted[] };
    const listed = rooms.map(({ id }) => id).sort();
    const mine = world.rooms.filter((room) => room.isMember(reader.person.id)).map(({ id }) => id);
    const wrong = (what: string): void => world.fail(`${reader.person.id} has ${what}`, undefined);
    if (listed.join() !== mine.sort().join()) wrong(`the rooms ${listed.join()}`);
    for (const { id, last_message, unread } of rooms) {
      const room = world.database.byId.get(id);
      const most = room?.unreadAtMost(reader.person.id) ?? 0;
      if (unread > most) wrong(`${unread} unread in ${id}, of ${most}`);
      const { seq, text } = last_message ?? { seq: room?.top ?? 0, text: null };
      if (seq < (room?.viewOf(reader.person.id) ?? seq + 1)) wrong(`a last message ${seq} of ${id}`);
      if (text !== null && room?.texts[seq - 1]?.includes(text) !== true) wrong(`the words ${text} at ${seq} of ${id}`);
    }
  });
}

test(`${sequences} sequences of what people do in rooms show nobody what is not theirs`, () => {
  const seed = printedSeed();
  const start_ms = performance.now();
  let [shown, done] = [0, 0];
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 8, maxLength: 28 }),
      fc.constantFrom(600, 1_000_000),
      (steps, ringBytes) => {
        const world = new CalmWorld(1, { nodes: 1, ringBytes });
        for (const one of steps) {
          perform(world, one);
          if (!one.together) world.settle();
          if (world.violation !== undefined) break;
        }
        world.settle();
        if (world.violation === undefined) checkViews(world);
        for (const node of world.nodes) node.kill();
        done += steps.length;
        for (const { page, plain } of world.readers) shown += page.shown + plain.shown;
        if (world.violation !== undefined) throw new Error(world.violation);
      },
    ),
    { seed, numRuns: sequences, includeErrorInReport: true },
  );
  const seconds = ((performance.now() - start_ms) / 1000).toFixed(0);
  console.log(`figure: ${sequences} sequences of ${done} acts, ${shown} events shown, 0 outside a view, ${seconds} s`);
  expect(shown).toBeGreaterThan(sequences);
}, 240_000);
