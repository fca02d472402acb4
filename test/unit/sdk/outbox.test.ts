import { expect, test } from "bun:test";
import { ChatError } from "../../../src/protocol/errors.ts";
import { ClosedError, ConnectionError } from "../../../src/sdk/failures.ts";
import { Outbox, type OutgoingMessage, type SentMessage } from "../../../src/sdk/outbox.ts";
import { memoryStore, type ClientStore } from "../../../src/sdk/store.ts";

/** A server in small: gives each id its seq once, and fails as often as it is told to. */
class Log {
  readonly ids: string[] = [];
  readonly tries: string[] = [];
  readonly failing: Error[] = [];
  /** Stores the message and loses the answer. */
  lost = 0;

  readonly send = async ({ id }: OutgoingMessage): Promise<SentMessage> => {
    this.tries.push(id);
    await Promise.resolve();
    const error = this.failing.shift();
    if (error !== undefined) throw error;
    if (!this.ids.includes(id)) this.ids.push(id);
    if (this.lost-- > 0) throw new ConnectionError("the answer was lost");
    return { seq: this.ids.indexOf(id) + 1, id, time: 0 };
  };
}

function outboxOf(log: Log, store: ClientStore = memoryStore()) {
  const failures: unknown[] = [];
  const outbox = new Outbox({ store, send: log.send, failed: (error) => failures.push(error) });
  return { outbox, store, failures };
}

test("what is written offline is sent in order once connected, and then forgotten", async () => {
  const log = new Log();
  const { outbox, store, failures } = outboxOf(log);
  const sent = [1, 2, 3].map((n) => outbox.add("open:r", { n }));
  expect(outbox.waiting("open:r").map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(await store.keys("outbox/")).toHaveLength(3);
  await outbox.connected("guest");
  expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(outbox.waiting("open:r")).toEqual([]);
  expect(await store.keys("outbox/")).toEqual([]);
  expect(failures).toEqual([]);
});

test("a lost answer and temporary errors are tried again with the same id, and nothing overtakes", async () => {
  const log = new Log();
  log.lost = 1;
  log.failing.push(new ChatError("overloaded"));
  const { outbox } = outboxOf(log);
  await outbox.connected("guest");
  const [first, second] = await Promise.all([outbox.add("open:r", 1), outbox.add("open:r", 2)]);
  expect([first.seq, second.seq]).toEqual([1, 2]);
  expect(log.tries).toEqual([first.id, first.id, first.id, second.id]);
});

test("what the server refuses for good rejects, is forgotten and holds nothing up", async () => {
  const log = new Log();
  log.failing.push(new ChatError("muted"));
  const { outbox, store } = outboxOf(log);
  const told: string[] = [];
  outbox.changes.add(({ kind }) => told.push(kind));
  await outbox.connected("guest");
  const [first, second] = await Promise.allSettled([outbox.add("open:r", 1), outbox.add("open:r", 2)]);
  expect(first).toMatchObject({ status: "rejected", reason: { code: "muted" } });
  expect(second.status).toBe("fulfilled");
  expect(told).toEqual(["waiting", "waiting", "refused", "sent"]);
  expect(await store.keys("outbox/")).toEqual([]);
});

test("what a closed client left is sent by the next one, before what that one writes", async () => {
  const log = new Log();
  const store = memoryStore();
  const before = outboxOf(log, store).outbox;
  const unsent = [before.add("open:r", "a"), before.add("open:r", "b")];
  const results = Promise.allSettled(unsent);
  before.close();
  expect((await results).every((result) => result.status === "rejected" && result.reason instanceof ClosedError)).toBe(
    true,
  );

  const { outbox } = outboxOf(log, store);
  const data: unknown[] = [];
  outbox.changes.add((change) => change.kind === "sent" && data.push(change.message.data));
  const third = outbox.add("open:r", "c");
  await outbox.connected("guest");
  expect((await third).seq).toBe(3);
  expect(data).toEqual(["a", "b", "c"]);
});

test("another person's messages stay in the store until they come back", async () => {
  const log = new Log();
  const store = memoryStore();
  const ada = outboxOf(log, store).outbox;
  await ada.connected("ada");
  ada.disconnected();
  ada.add("open:r", "Ada's").catch(() => {});
  ada.close();

  const bob = outboxOf(log, store).outbox;
  await bob.connected("bob");
  expect((await bob.add("open:r", "Bob's")).seq).toBe(1);
  expect(await store.keys("outbox/")).toHaveLength(1);
  bob.close();

  const again = outboxOf(log, store).outbox;
  const sent = new Promise((resolve) =>
    again.changes.add((change) => change.kind === "sent" && resolve(change.message.data)),
  );
  await again.connected("ada");
  expect(await sent).toBe("Ada's");
});

test("what somebody wrote is not sent in the name of who signs in on the same connection, and waits for them", async () => {
  const log = new Log();
  const { outbox, store } = outboxOf(log);
  await outbox.connected("ada");
  outbox.disconnected();
  const hers = outbox.add("open:r", "Ada's");
  await outbox.connected("guest");
  const theirs = await outbox.add("open:r", "a guest's");
  expect(log.ids).toEqual([theirs.id]);
  expect(await store.keys("outbox/")).toHaveLength(1);
  outbox.disconnected();
  await outbox.connected("ada");
  expect((await hers).seq).toBe(2);
  expect(await store.keys("outbox/")).toEqual([]);
});

test("two clients of one store that send the same message store it once", async () => {
  const log = new Log();
  const store = memoryStore();
  const one = outboxOf(log, store).outbox;
  const two = outboxOf(log, store).outbox;
  const mine = one.add("open:r", "x");
  const theirs = new Promise((resolve) =>
    two.changes.add((change) => change.kind === "sent" && resolve(change.sent.seq)),
  );
  await Promise.all([one.connected("guest"), two.connected("guest")]);
  expect([(await mine).seq, await theirs]).toEqual([1, 1]);
  expect(log.ids).toHaveLength(1);
});

test("a store that fails is told of and keeps nothing from being sent", async () => {
  const log = new Log();
  const full = { ...memoryStore(), set: () => Promise.reject(new Error("quota")) };
  const { outbox, failures } = outboxOf(log, full);
  await outbox.connected("guest");
  expect((await outbox.add("open:r", 1)).seq).toBe(1);
  expect(failures.map(String)).toEqual(["Error: quota"]);
});
