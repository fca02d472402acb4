import { expect, test } from "bun:test";
import { Marks, type MarksOptions } from "../../../src/chat/marks.ts";
import type { Access } from "../../../src/chat/policy.ts";
import type { Waiter } from "../../../src/store/appender.ts";
import type { Draft, MarksDraft } from "../../../src/store/draft.ts";
import { ManualClock } from "../lib/manual-clock.ts";

const ada = { n: 7, id: "u7" };
const room = 3;
const access = { room: { n: room, kind: "private" }, membership: { state: "joined" } } as Access;

/** Marks at a gateway that has published so far, whose drafts are committed by hand. */
function marksAt(published: number) {
  const clock = new ManualClock();
  const written: MarksDraft[] = [];
  const told: number[] = [];
  const waiting: Waiter[] = [];
  const options = {
    clock,
    directory: { byKey: () => ({ published, kind: "private" }) },
    journal: {
      pending: 0,
      append: (draft: Draft, waiter: Waiter) => {
        written.push(draft as MarksDraft);
        waiting.push(waiter);
      },
    },
    lines: { read: (_person: object, _room: number, seq: number) => told.push(seq) },
  } as unknown as MarksOptions;
  const commit = (): void => waiting.shift()?.settle({ code: "committed", seq: 0, time: 0, room });
  return { marks: new Marks(options), clock, written, told, commit };
}

test("a mark ahead of what this gateway has published is written as it is, and told as far as is known", () => {
  const { clock, commit, marks, told, written } = marksAt(3);
  marks.read(ada, access, 4);
  clock.pass(1_000);
  expect(written).toMatchObject([{ room, actor: 7, read_seq: 4, recv_seq: 4 }]);
  commit();
  expect(told).toEqual([3]);
});

test("a mark that is stored is not written again with what is received later", () => {
  const { clock, commit, marks, written } = marksAt(3);
  marks.read(ada, access, 1_000_000);
  clock.pass(1_000);
  marks.received(ada, access, 1_000_001);
  commit();
  clock.pass(1_000);
  expect(written.map(({ read_seq, recv_seq }) => [read_seq, recv_seq])).toEqual([
    [1_000_000, 1_000_000],
    [0, 1_000_001],
  ]);
});
