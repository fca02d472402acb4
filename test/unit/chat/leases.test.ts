import { describe, expect, test } from "bun:test";
import type { Announcement, PresentConnection } from "../../../src/chat/elsewhere.ts";
import { Leases, whole_every_ms } from "../../../src/chat/leases.ts";
import { ManualClock } from "../lib/manual-clock.ts";

const second_ms = 1_000;

type Room = { readonly people: Map<string, number> };

/** A room with people of this node, and what is announced of them. */
function announcing(): {
  clock: ManualClock;
  leases: Leases<Room>;
  heard: Announcement[];
  room: Room;
  readonly be: (users: string[]) => void;
} {
  const clock = new ManualClock();
  const heard: Announcement[] = [];
  let here: PresentConnection[] = [];
  const room: Room = { people: new Map() };
  const leases = new Leases<Room>({ clock, own: () => here, announce: (_, announcement) => heard.push(announcement) });
  return {
    clock,
    leases,
    heard,
    room,
    be: (users) => {
      here = users.map((user) => ({ user, client: user, connInfo: undefined }));
      room.people.clear();
      for (const user of users) room.people.set(user, 1);
      leases.changed(room);
    },
  };
}

describe("what a node announces of its own people", () => {
  test("are the differences once a second, and the whole every half a minute", () => {
    const { be, clock, heard } = announcing();
    be(["u"]);
    clock.pass(second_ms);
    be(["u", "v"]);
    clock.pass(second_ms);
    expect(heard.map(({ whole, came }) => ({ whole, came: came.length }))).toEqual([
      { whole: true, came: 1 },
      { whole: false, came: 1 },
    ]);
    clock.pass(whole_every_ms);
    expect(heard.slice(2)).toMatchObject([{ whole: true, came: [{ user: "u" }, { user: "v" }] }]);
  });

  test("that nobody is left is said three times, and then the room is forgotten", () => {
    const { be, clock, heard } = announcing();
    be(["u"]);
    clock.pass(second_ms);
    be([]);
    clock.pass(5 * whole_every_ms);
    expect(heard.slice(1).map(({ whole, came, went }) => [whole, came.length, went.length])).toEqual([
      [false, 0, 1],
      [true, 0, 0],
      [true, 0, 0],
    ]);
  });

  test("after the broker was away everything is said again, of a room without people too", () => {
    const { be, clock, heard, leases } = announcing();
    be(["u"]);
    clock.pass(second_ms);
    be([]);
    clock.pass(second_ms);
    leases.unheard();
    clock.pass(second_ms);
    expect(heard.at(-1)).toMatchObject({ whole: true, came: [] });
  });

  test("numbers rise also where a room was forgotten in between", () => {
    const { be, clock, heard } = announcing();
    for (let round = 0; round < 3; round++) {
      be(["u"]);
      clock.pass(second_ms);
      be([]);
      clock.pass(4 * whole_every_ms);
    }
    const numbers = heard.map(({ k }) => k);
    expect(numbers.length).toBe(12);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });
});
