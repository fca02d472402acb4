import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw } from "../client.ts";
import { startNode } from "../harness.ts";

interface Room {
  readonly id: string;
  readonly name: string;
  readonly last_seq: number;
}
interface Page {
  readonly events: { offset: number; data: unknown }[];
  readonly users: { id: string; name: string }[];
  readonly epoch: string;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly more: boolean;
}

const id = (n: number): string => `01890000-0000-7000-8000-${String(n).padStart(12, "0")}`;

test("a room's whole life by rpc with the unmodified SDK", async () => {
  await using node = await startNode({ args: ["--open"] });
  using ada = await connectSdk(node, { data: { name: "Ada" } });
  using bob = await connectSdk(node, { data: { name: "Bob" } });
  const call = async (who: typeof ada, method: string, data: unknown): Promise<unknown> =>
    (await who.client.rpc(method, data)).data as unknown;

  const room = (await call(ada, "room.create", { name: " Tea " })) as Room;
  expect(room).toMatchObject({ name: "Tea", kind: "public", role: "owner", last_seq: 1, visible_from: 1 });
  expect(room.id).toMatch(/^[a-z0-9]{20}$/);
  expect(await call(bob, "room.get", { room: room.id })).toMatchObject({ role: null, visible_from: null });
  expect(await call(bob, "room.list", { scope: "public" })).toMatchObject({ rooms: [{ id: room.id }], next: null });
  expect(await call(bob, "room.join", { room: room.id })).toMatchObject({ role: "member", last_seq: 2 });
  expect(await call(bob, "room.join", { room: room.id })).toMatchObject({ role: "member", last_seq: 2 });
  expect(await call(bob, "room.list", {})).toMatchObject({ rooms: [{ id: room.id, role: "member" }], next: null });

  const sent = await call(ada, "message.send", { room: room.id, id: id(1), data: { text: "Milk?" } });
  expect(sent).toMatchObject({ seq: 3, id: id(1) });
  const page = (await call(bob, "message.list", { room: room.id })) as Page;
  expect(page).toMatchObject({ first_seq: 1, last_seq: 3, more: false, epoch: ada.data.epoch });
  expect(page.events.map(({ data }) => data)).toEqual([
    { user: ada.data.user.id, role: "owner" },
    { user: bob.data.user.id, role: "member" },
    { text: "Milk?" },
  ]);
  expect(page.users.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([ada.data.user, bob.data.user]);
  expect(await call(ada, "user.get", { ids: [bob.data.user.id, "nobody"] })).toEqual({ users: [bob.data.user] });
  expect(await call(bob, "room.leave", { room: room.id })).toEqual({ seq: 4 });
  expect(await call(bob, "room.leave", { room: room.id })).toEqual({ seq: 4 });
  expect(await call(bob, "room.list", {})).toEqual({ rooms: [], next: null });
  expect(await call(bob, "room.join", { room: room.id })).toMatchObject({ last_seq: 5 });
});

test("pages of messages: the latest, before, after, around, and between two", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  const { id: room } = await client.rpc<Room>("room.create", { name: "Long" });
  for (let n = 2; n <= 40; n++) await client.rpc("message.send", { room, id: id(n), data: { n } });
  const page = async (asked: object): Promise<[number[], boolean]> => {
    const { events, more, last_seq } = await client.rpc<Page>("message.list", { room, ...asked });
    expect(last_seq).toBe(40);
    return [events.map(({ offset }) => offset), more];
  };
  expect(await page({ limit: 3 })).toEqual([[38, 39, 40], true]);
  expect(await page({ before: 4 })).toEqual([[1, 2, 3], false]);
  expect(await page({ before: 4, limit: 2 })).toEqual([[2, 3], true]);
  expect(await page({ after: 37 })).toEqual([[38, 39, 40], false]);
  expect(await page({ after: 10, limit: 2 })).toEqual([[11, 12], true]);
  expect((await page({ around: 20, limit: 5 }))[0]).toEqual([18, 19, 20, 21, 22]);
  expect((await page({ around: 1, limit: 4 }))[0]).toEqual([1, 2, 3]);
  expect(await page({ from: 5, to: 8 })).toEqual([[5, 6, 7, 8], false]);
  expect(await page({ from: 5, to: 8, limit: 2 })).toEqual([[5, 6], true]);
  expect(await page({ from: 39, to: 99 })).toEqual([[39, 40], false]);
  expect(await page({ after: 40 })).toEqual([[], false]);
  expect(await page({ before: 1 })).toEqual([[], false]);
});

test("lists of rooms go on behind the last one", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  const made: string[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) made.push((await client.rpc<Room>("room.create", { name })).id);
  const all = async (scope: string): Promise<string[]> => {
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const asked = { scope, limit: 2, ...(after === undefined ? {} : { after }) };
      const page = await client.rpc<{ rooms: Room[]; next: string | null }>("room.list", asked);
      found.push(...page.rooms.map((room) => room.id));
      if (page.next === null) return found;
      after = page.next;
    }
  };
  expect((await all("joined")).toSorted()).toEqual(made.toSorted());
  expect((await all("public")).toSorted()).toEqual(made.toSorted());
});

test("what an operation does not take is told with a sentence and code 107, an unknown one with 104", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using client = await connectRaw(node);
  const { id: room } = await client.rpc<Room>("room.create", { name: "Strict" });
  await client.subscribe("open:lobby");
  const wrong: [string, unknown][] = [
    ["room.create", {}],
    ["room.create", { name: "" }],
    ["room.create", { name: "x".repeat(101) }],
    ["room.create", { name: "a\u202Eb" }],
    ["room.create", { name: "a", kind: "direct" }],
    ["room.create", { name: "a", more: 1 }],
    ["room.join", { room: "short" }],
    ["room.join", { room: "open:lobby" }],
    ["room.leave", null],
    ["room.list", { limit: 0 }],
    ["room.list", { limit: 501 }],
    ["message.send", { room, data: {} }],
    ["message.send", { room, id: "1", data: {} }],
    ["message.send", { room, id: id(1), data: { text: 5 } }],
    ["message.send", { room, id: id(1), data: { text: "x".repeat(16 * 1024 + 1) } }],
    ["message.send", { room, id: id(1), data: { text: "x", reply_to: -1 } }],
    ["message.list", { room, before: 1, after: 1 }],
    ["message.list", { room, from: 1 }],
    ["message.list", { room, limit: 1_001 }],
    ["user.get", { ids: [] }],
  ];
  for (const [method, data] of wrong) {
    const error = await client.refusal("rpc", { method, data });
    expect([method, data, error.code]).toEqual([method, data, 107]);
    expect([error.message.length > 15, error.temporary]).toEqual([true, undefined]);
  }
  for (const method of ["", "room.destroy", "toString", "__proto__", "constructor"]) {
    expect(await client.refusal("rpc", { method, data: {} })).toMatchObject({ code: 104 });
  }
});
