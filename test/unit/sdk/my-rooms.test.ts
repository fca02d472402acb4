/** The list of one's rooms, against a server of which the test says when and what it answers. */

import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { ChatError } from "../../../src/protocol/errors.ts";
import type { LineNews } from "../../../src/protocol/passing.ts";
import type { ListedRoom } from "../../../src/protocol/room-operations.ts";
import type { Call } from "../../../src/sdk/call.ts";
import type { ConnectionState } from "../../../src/sdk/chat-client.ts";
import { ConnectionError } from "../../../src/sdk/failures.ts";
import { Listeners } from "../../../src/sdk/listeners.ts";
import { MyRooms } from "../../../src/sdk/my-rooms.ts";
import { PeopleNames } from "../../../src/sdk/people.ts";
import type { RoomEvent } from "../../../src/sdk/room-event.ts";

interface Question {
  readonly name: string;
  readonly input: unknown;
  readonly answer: (output: unknown) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

const listed = (changed: Partial<ListedRoom> = {}): ListedRoom => ({
  id: "hall",
  kind: "public",
  name: "Hall",
  topic: "",
  first_seq: 1,
  last_seq: 10,
  created_at: 0,
  closed: false,
  history: "all",
  post: "members",
  invite: "members",
  slow_ms: 0,
  members: 2,
  role: "member",
  visible_from: 1,
  last_at: 0,
  read_seq: 10,
  unread: 0,
  mentions: 0,
  last_message: null,
  people: [],
  ...changed,
});

const message = (seq: number): RoomEvent => ({
  room: "hall",
  seq,
  kind: "message",
  id: `id-${seq}`,
  user: "ada",
  time: new Date(seq),
  data: { text: `message ${seq}` },
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  await settled();
}

function listOf() {
  const questions: Question[] = [];
  const call = (name: string, input: unknown): Promise<unknown> => {
    const { promise, reject, resolve } = Promise.withResolvers<unknown>();
    const answer = (output: unknown): Promise<void> => (resolve(output), settled());
    const fail = (error: Error): Promise<void> => (reject(error), settled());
    questions.push({ name, input, answer, fail });
    return promise;
  };
  const failures = new Listeners<unknown>();
  const people = new PeopleNames({ call: call as Call, failed: (error) => failures.tell(error) });
  people.learn([{ id: "ada", name: "Ada" }]);
  const client = {
    call: call as Call,
    events: new Listeners<RoomEvent>(),
    failures,
    lines: new Listeners<LineNews>(),
    me: { id: "me", name: "Me" },
    people,
    states: new Listeners<ConnectionState>(),
  };
  const rooms = new MyRooms({ client });
  /** The next question that nobody has looked at; it has to be there. */
  const next = (name: string): Question => {
    const question = questions.shift();
    if (question?.name !== name) throw new Error(`Expected to be asked ${name}, not ${question?.name}.`);
    return question;
  };
  const connect = (): void => client.states.tell({ status: "connected", code: 0, reason: "" });
  const lose = (): void => client.states.tell({ status: "connecting", code: 1, reason: "lost" });
  const load = async (all: ListedRoom[]): Promise<void> => {
    const joined = next("room.list");
    await next("room.list").answer({ rooms: [] });
    await joined.answer({ rooms: all });
  };
  return { client, rooms, questions, next, connect, lose, load };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test("a message that comes while a room is asked for again is not forgotten with the older answer", async () => {
  const { client, rooms, next, connect, load } = listOf();
  connect();
  await load([listed()]);
  rooms.refresh("hall");
  await pass(80);
  client.events.tell(message(11));
  expect(rooms.get("hall")).toMatchObject({ last_seq: 11, unread: 1 });
  await next("room.list").answer({ rooms: [listed()] });
  expect(rooms.get("hall")).toMatchObject({ last_seq: 11, unread: 1, last_message: { text: "message 11" } });
  client.events.tell(message(11));
  expect(rooms.get("hall")?.unread).toBe(1);
});

test("a room that is left while it is asked for again, or with all others, does not come back with the older answer", async () => {
  const { client, rooms, next, connect, load } = listOf();
  connect();
  client.lines.tell({ type: "left", room: "hall" });
  await load([listed()]);
  expect(rooms.get("hall")).toBeUndefined();

  connect();
  await load([listed()]);
  rooms.refresh("hall");
  await pass(80);
  client.lines.tell({ type: "left", room: "hall" });
  await next("room.list").answer({ rooms: [listed()] });
  expect(rooms.get("hall")).toBeUndefined();
});

test("a room that is joined while the list is on its way stays in it", async () => {
  const { client, rooms, questions, next, connect, load } = listOf();
  connect();
  client.lines.tell({ type: "joined", room: "hall" });
  await pass(80);
  await load([]);
  await pass(80);
  const asked = next("room.list");
  expect(asked.input).toEqual({ rooms: ["hall"] });
  await asked.answer({ rooms: [listed()] });
  expect(rooms.get("hall")).toBeDefined();
  await pass(5_000);
  expect(questions).toEqual([]);
});

test("a room that could not be asked for again for the moment is asked for once more", async () => {
  const { client, rooms, next, connect, load } = listOf();
  connect();
  await load([]);
  client.lines.tell({ type: "joined", room: "hall" });
  await pass(80);
  await next("room.list").fail(new ChatError("overloaded"));
  await pass(2_000);
  await pass(80);
  await next("room.list").answer({ rooms: [listed()] });
  expect(rooms.get("hall")).toBeDefined();
});

test("what was seen and did not reach the server is said again after the next connect, and what is offline asks nothing", async () => {
  const { rooms, questions, next, connect, lose, load } = listOf();
  connect();
  await load([listed({ last_seq: 12, read_seq: 8, unread: 4 })]);
  rooms.seen("hall", 11);
  rooms.seen("hall", 9);
  await pass(400);
  const mark = next("read.mark");
  expect(mark.input).toEqual({ room: "hall", seq: 11 });
  lose();
  await mark.fail(new ConnectionError("lost"));
  await pass(10_000);
  expect(questions).toEqual([]);
  connect();
  await load([listed({ last_seq: 12, read_seq: 8, unread: 4 })]);
  await pass(400);
  expect(next("read.mark").input).toEqual({ room: "hall", seq: 11 });
});

test("what another device has read is not unread when it comes here later", async () => {
  const { client, rooms, connect, load } = listOf();
  connect();
  await load([listed()]);
  client.lines.tell({ type: "read", room: "hall", seq: 11 });
  client.events.tell(message(11));
  expect(rooms.get("hall")?.unread).toBe(0);
  client.events.tell(message(12));
  expect(rooms.get("hall")?.unread).toBe(1);
});

test("a list that could not be had is not asked for again without a connection", async () => {
  const { questions, next, connect, lose } = listOf();
  connect();
  const joined = next("room.list");
  lose();
  await joined.fail(new ConnectionError("lost"));
  next("room.list");
  await pass(10_000);
  expect(questions).toEqual([]);
});
