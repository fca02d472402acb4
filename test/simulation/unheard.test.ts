/** What was committed and nobody heard of counts all the same. */

import { expect, test } from "bun:test";
import { joinedData } from "../../src/chat/noted-changes.ts";
import { shortId } from "../../src/lib/ids.ts";
import { CalmWorld } from "./calm-world.ts";
import type { RoomLog } from "./room-log.ts";

type Readers = CalmWorld["readers"][number];

const lives = 100;
const outage_ms = 1_500;
const calm_ms = 1_500;
const stored = { stored: 1, stalled: 0, refused: 0, full: 0, failed: 0, unknown: 0, unheard: 0 };
const unheard = { ...stored, stored: 0, unheard: 1 };

/** Who joins while the server still looks for what became of a setting. */
function joinAfterUnheard(seed: number): string | undefined {
  const world = new CalmWorld(seed, { nodes: 1, ringBytes: 1_000_000 });
  const [owner, joiner] = world.readers;
  const [room] = world.rooms as [RoomLog];
  owner?.page.rpc("room.update", { room: room.id, history: "all" });
  world.settle();
  for (const text of ["one", "two"]) owner?.page.ask({ publish: { channel: room.id, data: { text } } });
  world.settle();
  const before = room.top;
  Object.assign(world.weather, { commits: unheard });
  world.stormy = true;
  owner?.page.rpc("room.update", { room: room.id, history: "joined" });
  world.until(() => room.top > before);
  world.stormy = false;
  joiner?.page.rpc("room.join", { room: room.id });
  world.settle();
  joiner?.page.rpc("message.list", { room: room.id, limit: 100 }, ({ rpc }, sent_ms) => {
    const { events = [] } = (rpc?.data ?? {}) as { events?: object[] };
    for (const event of events) joiner.page.seeText(room.id, JSON.stringify(event), sent_ms);
  });
  world.settle();
  for (const node of world.nodes) node.kill();
  return world.violation;
}

/** Who leaves a crowd, where that has no event, while the database answers now and then. */
function staysAfterUnheard(seed: number): number {
  const world = new CalmWorld(seed, { nodes: 1, ringBytes: 1_000_000 });
  const [, leaver] = world.readers;
  const [room] = world.rooms as [RoomLog];
  leaver?.page.rpc("room.join", { room: room.id });
  world.settle();
  world.database.crowd(room.n);
  Object.assign(world.weather, { commits: unheard, readFailures: 0.5 });
  world.stormy = true;
  leaver?.page.rpc("room.leave", { room: room.id });
  const user = world.persons[1]?.id ?? "";
  world.until(() => !room.isMember(user));
  world.pass(outage_ms);
  world.stormy = false;
  world.pass(calm_ms);
  const connections = world.nodes.flatMap(({ sockets }) => [...sockets.all()]);
  const inside = connections.filter(({ person, subscriptions }) => person.id === user && subscriptions.size > 0);
  for (const node of world.nodes) node.kill();
  return inside.length;
}

/** A room of which the server knows nothing yet. */
function roomOfTwo(world: CalmWorld, owner: Readers, guest: Readers): { id: string } {
  const room = { id: shortId(), kind: "private", name: "a room", history: "all" } as const;
  const [by, about] = [owner.plain.person, guest.plain.person];
  const [made] = world.database.seed([
    { kind: "created", actor: by.n, by: by.id, room, data: joinedData(by.id, "owner") },
  ]);
  const who = { actor: by.n, by: by.id, target: about.n, about: about.id, role: "member", right: "server" } as const;
  world.database.seed([{ kind: "joined", room: made?.room ?? 0, ...who, data: joinedData(about.id, "member") }]);
  return room;
}

/** Somebody connects while they are banned from a room that is opened for them just then. */
function seesAfterBan(seed: number): string | undefined {
  const world = new CalmWorld(seed, { nodes: 1, ringBytes: 1_000_000 });
  const [owner, guest] = world.readers as [Readers, Readers];
  const room = roomOfTwo(world, owner, guest);
  owner.plain.rpc("member.ban", { room: room.id, user: guest.plain.person.id });
  world.timeline.after(world.random.between(0, 20), () => guest.page.dial("nothing"));
  world.pass(50);
  owner.plain.ask({ publish: { channel: room.id, data: { text: "not for them" } } });
  world.settle();
  for (const node of world.nodes) node.kill();
  return world.violation;
}

test("who is banned while the room is opened for them is not in it", () => {
  const seeds = Array.from({ length: 4 * lives }, (_, seed) => seed);
  expect(seeds.map(seesAfterBan).filter((violation) => violation !== undefined)).toEqual([]);
}, 120_000);

/** Somebody is banned from a room that nobody has open, or the room is deleted, after they have written into it. */
function readsAfterUnheard(method: "member.ban" | "room.delete", seed: number): string | undefined {
  const world = new CalmWorld(seed, { nodes: 1, ringBytes: 1_000_000 });
  const [owner, guest] = world.readers as [Readers, Readers];
  const room = roomOfTwo(world, owner, guest);
  const about = guest.plain.person;
  const answers: (number | undefined)[] = [];
  const look = (): void =>
    guest.plain.rpc("message.list", { room: room.id }, ({ error }) => void answers.push(error?.code));
  guest.plain.ask({ publish: { channel: room.id, data: { text: "words" } } });
  world.settle();
  Object.assign(world.weather, { commits: unheard });
  world.stormy = true;
  owner.plain.rpc(method, { room: room.id, ...(method === "member.ban" ? { user: about.id } : {}) });
  world.settle();
  world.stormy = false;
  look();
  world.settle();
  for (const node of world.nodes) node.kill();
  return answers.join() === "102" ? world.violation : `${method} ${seed}: ${answers.join()}`;
}

test("a ban and a deletion of which nobody has heard keep people out of a room that nobody has open", () => {
  const seeds = Array.from({ length: lives / 10 }, (_, seed) => seed);
  const methods = ["member.ban", "room.delete"] as const;
  const wrong = methods.flatMap((method) => seeds.map((seed) => readsAfterUnheard(method, seed)));
  expect(wrong.filter((one) => one !== undefined)).toEqual([]);
}, 120_000);

/** Who joins a crowd, where that has no event, behind an event that the server has not heard of and cannot read at once. */
function missesAfterUnheard(seed: number): string | undefined {
  const world = new CalmWorld(seed, { nodes: 1, ringBytes: 1_000_000 });
  const [owner, joiner] = world.readers;
  const [room] = world.rooms as [RoomLog];
  world.database.crowd(room.n);
  const user = world.persons[1]?.id ?? "";
  const before = room.top;
  Object.assign(world.weather, { commits: unheard });
  world.stormy = true;
  owner?.plain.rpc("member.invite", { room: room.id, user });
  world.until(() => room.top > before);
  Object.assign(world.weather, { commits: stored, readFailures: 0.5 });
  joiner?.page.rpc("room.join", { room: room.id });
  world.pass(outage_ms);
  world.stormy = false;
  world.pass(calm_ms);
  let refusal: string | undefined;
  joiner?.page.rpc("message.list", { room: room.id }, ({ error }) => {
    if (error !== undefined && room.isMember(user)) refusal = `${seed}: ${error.code}`;
  });
  world.settle();
  for (const node of world.nodes) node.kill();
  return refusal ?? world.violation;
}

test("who joins a crowd behind what nobody has heard of is a member, and stays one when that is read", () => {
  const seeds = Array.from({ length: lives }, (_, seed) => seed);
  expect(seeds.map(missesAfterUnheard).filter((missed) => missed !== undefined)).toEqual([]);
}, 120_000);

test("who leaves a crowd is out of it once the database answers, though nobody has heard of the leave", () => {
  const seeds = Array.from({ length: lives }, (_, seed) => seed);
  expect(seeds.map(staysAfterUnheard).filter((stays) => stays > 0)).toEqual([]);
}, 120_000);

test("who joins behind a setting that nobody has heard of reads what it lets them read", () => {
  const seeds = Array.from({ length: lives }, (_, seed) => seed);
  expect(seeds.map(joinAfterUnheard).filter((violation) => violation !== undefined)).toEqual([]);
}, 120_000);
