import { describe, expect, test } from "bun:test";
import { ChatError } from "../../../src/protocol/errors.ts";
import { ConnectionError } from "../../../src/sdk/failures.ts";
import { Pause } from "../../../src/sdk/pause.ts";
import type { Position } from "../../../src/sdk/positions.ts";
import type { RoomEvent, RoomPage } from "../../../src/sdk/room-event.ts";
import { RoomStream, type Gap } from "../../../src/sdk/room-stream.ts";

const epoch = "aaaaaaaa";
const event = (seq: number): RoomEvent => ({
  room: "open:r",
  seq,
  kind: "message",
  id: "",
  user: "u",
  time: new Date(0),
  data: seq,
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

interface Log {
  epoch: string;
  first: number;
  last: number;
  page_max: number;
}

/** A stream over a log that answers pages as the server does. */
function streamOver(log: Log, options: { position?: Position; event?: (seq: number) => void | Promise<void> } = {}) {
  const seqs: number[] = [];
  const gaps: Gap[] = [];
  const failures: unknown[] = [];
  const asked: number[] = [];
  let fail: Error | undefined;
  const stream = new RoomStream({
    position: options.position,
    page: async (after): Promise<RoomPage> => {
      asked.push(after);
      const failing = fail;
      fail = undefined;
      if (failing !== undefined) throw failing;
      const from = Math.max(after + 1, log.first);
      const to = Math.min(log.last, from + log.page_max - 1);
      const events = from > to ? [] : range(from, to).map(event);
      return { events, epoch: log.epoch, first_seq: log.first, last_seq: log.last, more: to < log.last };
    },
    event: (one) => {
      seqs.push(one.seq);
      return options.event?.(one.seq);
    },
    gap: (gap) => gaps.push(gap),
    moved: () => {},
    failed: (error) => failures.push(error),
    pause: new Pause({ floor_ms: 1, ceiling_ms: 2 }),
  });
  const live = (offset: number, how: { wasRecovering?: boolean; recovered?: boolean; epoch?: string } = {}): void =>
    stream.subscribed({ epoch, offset, wasRecovering: false, recovered: false, ...how });
  const settled = async (): Promise<void> => {
    while (!stream.caughtUp) await new Promise((resolve) => setImmediate(resolve));
  };
  const failNext = (error: Error): void => void (fail = error);
  return { stream, seqs, gaps, failures, asked, live, settled, failNext };
}

describe("a stream hands over", () => {
  test("what comes next at once, and nothing twice", () => {
    const { stream, seqs, live, asked } = streamOver({ epoch, first: 1, last: 7, page_max: 10 });
    live(4);
    for (const seq of [5, 5, 4, 6, 1, 6, 7]) stream.received(event(seq));
    expect(seqs).toEqual([5, 6, 7]);
    expect(asked).toEqual([]);
    expect(stream.position).toEqual({ epoch, seq: 7 });
  });

  test("the missing before what came after it", async () => {
    const { stream, seqs, live, settled } = streamOver({ epoch, first: 1, last: 9, page_max: 2 });
    live(2);
    stream.received(event(9));
    stream.received(event(10));
    await settled();
    expect(seqs).toEqual(range(3, 10));
  });

  test("what was missed since a kept position, in pages, while new events go on coming", async () => {
    const log = { epoch, first: 1, last: 2_500, page_max: 100 };
    const over = streamOver(log, {
      position: { epoch, seq: 10 },
      event: (seq) => {
        if (seq % 500 === 0 && seq <= 2_500) over.stream.received(event(++log.last));
      },
    });
    over.live(2_500, { wasRecovering: true });
    await over.settled();
    expect(over.seqs).toEqual(range(11, 2_505));
    expect(over.gaps).toEqual([{ reason: "far_behind", missed: 2_490 }]);
  });

  test("one event after the other to a slow application, and pages in place of what piles up", async () => {
    let inside = 0;
    const over = streamOver(
      { epoch, first: 1, last: 1_500, page_max: 1_000 },
      {
        position: { epoch, seq: 0 },
        event: async () => {
          expect(++inside).toBe(1);
          await Promise.resolve();
          inside--;
        },
      },
    );
    over.live(0, { recovered: true, wasRecovering: true });
    for (const seq of range(1, 1_500)) over.stream.received(event(seq));
    await over.settled();
    expect(over.seqs).toEqual(range(1, 1_500));
    expect(over.asked.length).toBeGreaterThan(0);
  });
});

describe("a stream goes on", () => {
  test("after pages that fail for a while", async () => {
    const { live, failNext, settled, seqs, stream, asked } = streamOver(
      { epoch, first: 1, last: 5, page_max: 2 },
      { position: { epoch, seq: 1 } },
    );
    failNext(new ConnectionError("broken"));
    live(5);
    await settled();
    expect(seqs).toEqual([2, 3, 4, 5]);
    expect(asked).toEqual([1, 1, 3]);
    expect(stream.caughtUp).toBe(true);
  });

  test("where it was when the connection broke in the middle of its pages", async () => {
    const over = streamOver({ epoch, first: 1, last: 6, page_max: 2 }, { position: { epoch, seq: 0 } });
    const { stream, live, failNext, settled } = over;
    failNext(new ConnectionError("broken"));
    live(6, { wasRecovering: true });
    stream.disconnected();
    // The Centrifuge client's own position is the top: for the server there is nothing to recover.
    live(6, { wasRecovering: true, recovered: true });
    await settled();
    expect(over.seqs).toEqual(range(1, 6));
  });

  test("although the application throws", async () => {
    const over = streamOver(
      { epoch, first: 1, last: 3, page_max: 9 },
      {
        position: { epoch, seq: 0 },
        event: (seq) => {
          if (seq === 2) throw new Error("the application's");
        },
      },
    );
    over.live(3);
    await over.settled();
    expect(over.seqs).toEqual([1, 2, 3]);
    expect(over.failures.map(String)).toEqual(["Error: the application's"]);
  });
});

describe("a stream tells", () => {
  test("another log, and goes on from its top", () => {
    const over = streamOver({ epoch: "bbbbbbbb", first: 1, last: 3, page_max: 9 }, { position: { epoch, seq: 50 } });
    over.live(3, { epoch: "bbbbbbbb", wasRecovering: true });
    over.stream.received(event(4));
    expect(over.gaps).toEqual([{ reason: "another_log", position: { epoch: "bbbbbbbb", seq: 3 } }]);
    expect(over.seqs).toEqual([4]);
  });

  test("a log that is shorter than what the application has", () => {
    const over = streamOver({ epoch, first: 1, last: 3, page_max: 9 }, { position: { epoch, seq: 50 } });
    over.live(3, { wasRecovering: true });
    expect(over.gaps).toEqual([{ reason: "another_log", position: { epoch, seq: 3 } }]);
  });

  test("another log that turns up while it reads pages", async () => {
    const log = { epoch: "bbbbbbbb", first: 1, last: 2, page_max: 9 };
    const over = streamOver(log, { position: { epoch, seq: 5 } });
    over.live(9);
    await over.settled();
    expect(over.gaps).toEqual([{ reason: "another_log", position: { epoch: "bbbbbbbb", seq: 2 } }]);
    expect(over.seqs).toEqual([]);
  });

  test("what the server has not kept", async () => {
    const over = streamOver({ epoch, first: 8, last: 10, page_max: 9 }, { position: { epoch, seq: 2 } });
    over.live(10, { wasRecovering: true });
    await over.settled();
    expect(over.gaps).toEqual([
      { reason: "far_behind", missed: 8 },
      { reason: "trimmed", missed: 5 },
    ]);
    expect(over.seqs).toEqual([8, 9, 10]);
  });

  test("nothing any more after its end", async () => {
    const over = streamOver({ epoch, first: 1, last: 10, page_max: 2 }, { position: { epoch, seq: 0 } });
    over.live(10);
    over.stream.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(over.seqs).toEqual([]);
  });

  test("a page that is refused for good", async () => {
    const over = streamOver({ epoch, first: 1, last: 5, page_max: 2 }, { position: { epoch, seq: 1 } });
    over.failNext(new ChatError("bad_request"));
    over.live(5);
    await new Promise((resolve) => setImmediate(resolve));
    expect(over.failures).toHaveLength(1);
    expect(over.asked).toEqual([1]);
  });
});

/** A small generator, so that a run that fails can be repeated from its seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("whatever is dropped, doubled or cut off, each event comes once and in order", async () => {
  const first_seed = Date.now() % 1_000_000;
  for (let seed = first_seed; seed < first_seed + 300; seed++) {
    const random = randomOf(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    const log = { epoch, first: 1, last: pick(20), page_max: 1 + pick(7) };
    const start = pick(log.last + 1);
    const slow = random() < 0.3;
    const over = streamOver(log, {
      position: { epoch, seq: start },
      event: () => (slow ? Promise.resolve() : undefined),
    });
    for (let step = 0; step < 60; step++) {
      const what = random();
      if (what < 0.5) {
        log.last++;
        if (over.stream.online && random() < 0.8) over.stream.received(event(log.last));
      } else if (what < 0.6 && log.last > 0) over.stream.received(event(1 + pick(log.last)));
      else if (what < 0.7) over.stream.disconnected();
      else if (what < 0.85) {
        const recovered = random() < 0.5;
        over.live(recovered ? pick(log.last + 1) : log.last, { wasRecovering: true, recovered });
      } else if (what < 0.9) over.failNext(new ConnectionError("broken"));
      else await new Promise((resolve) => setImmediate(resolve));
    }
    over.live(log.last);
    await over.settled();
    const seen = { seed, seqs: over.seqs, gaps: over.gaps.filter(({ reason }) => reason !== "far_behind") };
    expect(seen).toEqual({ seed, seqs: range(start + 1, log.last), gaps: [] });
  }
});
