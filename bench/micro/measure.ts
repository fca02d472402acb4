/** Times a piece of work in this process. */

import { median } from "../load/recorder.ts";
import { columns } from "../load/tables.ts";

export interface Piece {
  readonly name: string;
  /** Things done by one call, such as messages. */
  readonly count: number;
  readonly run: () => unknown;
}

const round_ms = 150;
const rounds = 7;
/** Calls between two looks at the clock, for work that takes less than a microsecond. */
const quick_calls = 200;

function microseconds(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** Runs each piece in turn for some rounds and prints the median time for one thing. */
export async function measurePieces(title: string, pieces: readonly Piece[]): Promise<void> {
  const took = new Map<Piece, number[]>(pieces.map((piece) => [piece, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const piece of round % 2 === 0 ? pieces : pieces.toReversed()) {
      const one_us = await timeOf(piece);
      // The first round is for the compiler.
      if (round > 0) took.get(piece)?.push(one_us);
    }
  }
  const rows = pieces.map((piece) => {
    const one_us = median(took.get(piece) ?? []) ?? 0;
    return [piece.name, `${microseconds(one_us)} µs`, `${Math.round(1_000_000 / one_us).toLocaleString("en-US")}/s`];
  });
  console.log(`${title}\n${columns(rows)}`);
}

async function timeOf({ run, count }: Piece): Promise<number> {
  const start_ms = performance.now();
  let calls = 0;
  while (performance.now() - start_ms < round_ms) {
    const first = run();
    calls++;
    if (first instanceof Promise) await first;
    else for (let index = 1; index < quick_calls; index++, calls++) run();
  }
  return ((performance.now() - start_ms) * 1000) / (calls * count);
}
