/** The SDK's list of one's rooms: what is unread moves as it happens, and is the server's own count after a reconnect. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { ChatClient, type ChatClientOptions } from "../../src/sdk/chat-client.ts";
import { MyRooms } from "../../src/sdk/my-rooms.ts";
import { memoryStore } from "../../src/sdk/store.ts";
import { eventually } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";

interface Person {
  readonly client: ChatClient;
  readonly rooms: MyRooms;
}

let node: ChatNode;
const people: Person[] = [];
beforeEach(async () => {
  node = await startNode({ args: ["--open"] });
});
afterEach(async () => {
  await Promise.all(people.splice(0).map(({ client }) => client.close()));
  await node[Symbol.asyncDispose]();
});

async function arrive(name: string, options: Partial<ChatClientOptions> = {}): Promise<Person> {
  const client = new ChatClient({ url: node.url, name, reconnect_ms: 30, ...options });
  const rooms = new MyRooms({ client });
  const person = { client, rooms };
  people.push(person);
  client.connect();
  await eventually(() => rooms.loaded, `the rooms of ${name}`);
  return person;
}

const countOf = ({ rooms }: Person, id: string): string => {
  const room = rooms.get(id);
  return room === undefined
    ? "gone"
    : `${room.unread} unread, ${room.mentions} for me, ${room.last_message?.text ?? ""}`;
};

async function shows(person: Person, id: string, counts: string): Promise<void> {
  await eventually(() => countOf(person, id) === counts, counts);
}

test("unread and mentions rise with what others write, fall by reading on any device, and outlive a crash", async () => {
  const ada = await arrive("Ada");
  const store = memoryStore();
  const bob = await arrive("Bob", { store });
  const tablet = await arrive("Bob", { store });
  expect(tablet.client.me?.id).toBe(bob.client.me?.id ?? "");
  const { id } = await ada.client.createRoom("Hall");
  const other = await ada.client.createRoom("Other");
  await bob.client.joinRoom(id);
  await bob.client.joinRoom(other.id);
  for (const device of [bob, tablet]) await shows(device, id, "0 unread, 0 for me, ");
  const hall = ada.client.room(id);
  await hall.send({ text: "one" });
  await hall.send({ text: "two", mentions: [bob.client.me?.id] });
  await hall.send({ text: "three", mentions: ["all"] });
  await ada.client.room(other.id).send({ text: "last" });
  for (const device of [bob, tablet]) {
    await shows(device, id, "3 unread, 2 for me, three");
    await shows(device, other.id, "1 unread, 0 for me, last");
    expect(device.rooms.all.map((room) => room.id)).toEqual([other.id, id]);
  }
  expect(countOf(ada, id)).toBe("0 unread, 0 for me, three");
  // Read up to the first: the rest is counted by the server.
  bob.rooms.seen(id, (bob.rooms.get(id)?.last_seq ?? 0) - 2);
  await shows(tablet, id, "2 unread, 2 for me, three");
  await node.kill();
  await node.restart();
  await hall.send({ text: "four" });
  await shows(bob, id, "3 unread, 2 for me, four");
  bob.rooms.seen(id, bob.rooms.get(id)?.last_seq ?? 0);
  expect(countOf(bob, id)).toBe("0 unread, 0 for me, four");
  await shows(tablet, id, "0 unread, 0 for me, four");
  // What is deleted is not unread.
  const { seq } = await hall.send({ text: "five" });
  await shows(tablet, id, "1 unread, 0 for me, five");
  await ada.client.call("message.delete", { room: id, seq });
  for (const device of [bob, tablet]) await shows(device, id, "0 unread, 0 for me, four");
});

test("rooms come and go: by invitation, by removal, with their names", async () => {
  const ada = await arrive("Ada");
  const bob = await arrive("Bob");
  const { id } = await ada.client.createRoom("Secret", { kind: "private" });
  const asked = { room: id, user: bob.client.me?.id ?? "" };
  await ada.client.call("member.invite", asked);
  await eventually(() => bob.rooms.invitations.some((room) => room.id === id), "the invitation");
  bob.client.disconnect();
  bob.client.connect();
  await eventually(() => bob.client.state.status === "connected", "a connection");
  await eventually(() => bob.rooms.invitations.some((room) => room.id === id), "the invitation, kept");
  await bob.client.joinRoom(id);
  await eventually(() => bob.rooms.get(id) !== undefined && bob.rooms.invitations.length === 0, "the room");
  await ada.client.call("room.update", { room: id, name: "No secret" });
  await eventually(() => bob.rooms.get(id)?.name === "No secret", "the new name");
  await ada.client.call("member.remove", asked);
  await eventually(() => bob.rooms.get(id) === undefined, "the end");
  const direct = await ada.client.call("room.direct", { users: [asked.user] });
  await eventually(() => bob.rooms.get(direct.id)?.people[0]?.name === "Ada", "the direct room with its people");
});

test("typing is heard by who is in the room, and goes by itself", async () => {
  const ada = await arrive("Ada");
  const bob = await arrive("Bob");
  const { id } = await ada.client.createRoom("Hall");
  await bob.client.joinRoom(id);
  await eventually(() => ada.rooms.get(id)?.members === 2, "two members");
  const heard = Promise.withResolvers<readonly string[]>();
  ada.client.passing.add((news) => {
    if (news.type === "typing" && news.room === id) heard.resolve(news.users);
  });
  bob.client.say({ type: "typing", room: id });
  expect(await heard.promise).toEqual([bob.client.me?.id ?? ""]);
});
