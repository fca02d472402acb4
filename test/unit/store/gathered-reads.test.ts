import { describe, expect, test } from "bun:test";
import { StorageError } from "../../../src/store/draft.ts";
import { gatherReads } from "../../../src/store/gathered-reads.ts";
import type { Answer, Request } from "../../../src/store/thread-protocol.ts";

type Reads = Extract<Request, { op: "reads" }>;

interface Message {
  readonly request: Reads;
  answer(): void;
  fail(error: Error): void;
}

/** A thread that answers when it is told to, with a row that repeats the arguments; 0 finds nothing. */
function slowThread() {
  const messages: Message[] = [];
  const ask = (request: Reads): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const rows = request.args.map((args) => (args[0] === 0 ? undefined : [request.sql, ...args]));
      messages.push({ request, answer: () => resolve({ op: "reads", rows }), fail: reject });
    });
  return { messages, read: gatherReads({ ask } as never) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("reads through a storage thread", () => {
  test("go at once while the thread has little to do, and gather while it has", async () => {
    const { messages, read } = slowThread();
    const rows = Promise.all(Array.from({ length: 40 }, (_, at) => read("a", [at])));
    expect(messages.map(({ request }) => request.args.length)).toEqual([1, 1]);
    for (let at = 0; at < messages.length; at++) {
      messages[at]?.answer();
      await turn();
    }
    expect(messages.map(({ request }) => request.args.length)).toEqual([1, 1, 16, 16, 6]);
    expect(await rows).toEqual([undefined, ...Array.from({ length: 39 }, (_, at) => ["a", at + 1])]);
  });

  test("of several statements do not mix", async () => {
    const { messages, read } = slowThread();
    const rows = Promise.all(["a", "b", "a", "b", "a"].map((sql, at) => read(sql, [at + 1])));
    for (let at = 0; at < messages.length; at++) {
      messages[at]?.answer();
      await turn();
    }
    expect(messages.map(({ request }) => [request.sql, request.args.length])).toEqual([
      ["a", 1],
      ["b", 1],
      ["a", 2],
      ["b", 1],
    ]);
    expect(await rows).toEqual([
      ["a", 1],
      ["b", 2],
      ["a", 3],
      ["b", 4],
      ["a", 5],
    ]);
  });

  test("that fail are told so, and the next ones go on", async () => {
    const { messages, read } = slowThread();
    const told = Promise.allSettled([1, 2, 3, 4].map((at) => read("a", [at])));
    const lost = new StorageError("storage_unavailable", "the thread died");
    messages[0]?.fail(lost);
    messages[1]?.fail(lost);
    await turn();
    messages[2]?.answer();
    messages[3]?.answer();
    const outcomes = (await told).map((one) => (one.status === "rejected" ? (one.reason as unknown) : one.value));
    expect(outcomes).toEqual([lost, lost, ["a", 3], ["a", 4]]);
  });

  test("are refused where too many wait", async () => {
    const { messages, read } = slowThread();
    const told = Promise.allSettled(Array.from({ length: 4_099 }, (_, at) => read("a", [at + 1])));
    for (let at = 0; at < messages.length; at++) {
      messages[at]?.answer();
      await turn();
    }
    const refused = (await told).filter((one) => one.status === "rejected");
    expect(refused.map(({ reason }) => (reason as StorageError).code)).toEqual(["storage_unavailable"]);
  });
});
