import { expect, test } from "bun:test";
import { Batcher } from "../../../src/lib/batcher.ts";
import { ManualClock } from "./manual-clock.ts";

/** A batcher whose batches are answered by hand: each adds its inputs and how to settle it. */
function byHand() {
  const clock = new ManualClock();
  const batches: { inputs: readonly number[]; answer(): void; fail(error: Error): void }[] = [];
  const run = (inputs: readonly number[]): Promise<number[]> =>
    new Promise((resolve, reject) => {
      batches.push({ inputs, answer: () => resolve(inputs.map((input) => input * 10)), fail: reject });
    });
  return { clock, batches, batcher: new Batcher({ clock, run, inputs_max: 3 }) };
}

test("what is asked in one turn is asked together, what comes meanwhile afterwards, in the order asked", async () => {
  const { batcher, batches, clock } = byHand();
  const answers = [1, 2, 3, 4].map((input) => batcher.ask(input));
  clock.pass(0);
  answers.push(batcher.ask(5));
  batches[0]?.answer();
  expect(await Promise.all(answers.slice(0, 3))).toEqual([10, 20, 30]);
  batches[1]?.answer();
  expect(await Promise.all(answers.slice(3))).toEqual([40, 50]);
  expect(batches.map(({ inputs }) => inputs)).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test("a batch that fails fails those who wait behind it too, and the next question is asked", async () => {
  const { batcher, batches, clock } = byHand();
  const answers = [1, 2, 3, 4, 5].map((input) => batcher.ask(input));
  clock.pass(0);
  batches[0]?.fail(new Error("the database does not answer"));
  const outcomes = await Promise.allSettled(answers);
  expect(outcomes.map(({ status }) => status)).toEqual(answers.map(() => "rejected"));
  expect(batches).toHaveLength(1);
  const later = batcher.ask(6);
  clock.pass(0);
  batches[1]?.answer();
  expect(await later).toBe(60);
});
